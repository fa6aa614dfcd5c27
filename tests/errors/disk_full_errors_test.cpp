// A full disk while a checkpoint-sized file is written: the former file stays whole, nothing
// half-written is left. (tests/e2e/run_test.cpp does the same with a whole run.)

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/error.h"
#include "base/safetensors.h"

namespace pare {
namespace {

namespace fs = std::filesystem;

Safetensors of_size(std::int64_t elements, float value) {
  Tensor tensor(DType::kF32, {elements});
  for (float& element : tensor.as<float>()) element = value;
  Safetensors file;
  file.tensors["values"] = tensor;
  return file;
}

class SmallDisk : public testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::temp_directory_path() / ("pare-disk-" + std::to_string(getpid()));
    fs::create_directories(path_);
    if (mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=64k") != 0) {
      fs::remove(path_);
      GTEST_SKIP() << "mounting a small tmpfs needs root";
    }
    is_mounted_ = true;
  }
  void TearDown() override {
    if (!is_mounted_) return;
    EXPECT_EQ(umount(path_.c_str()), 0);
    fs::remove(path_);
  }

  fs::path path_;
  bool is_mounted_ = false;
};

using DiskFull = SmallDisk;

TEST_F(DiskFull, TheFormerFileStaysAndNoOtherIsLeft) {
  const std::string path = path_ / "latest.safetensors";
  const Safetensors former = of_size(1000, 1);
  write_safetensors(path, former);
  try {
    write_safetensors(path, of_size(100000, 2));
    FAIL() << "400 kB fitted on a disk of 64 kB";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("No space left"), std::string::npos) << error.what();
  }
  EXPECT_EQ(read_safetensors(path), former);
  EXPECT_EQ(std::distance(fs::directory_iterator(path_), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace pare
