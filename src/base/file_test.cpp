#include "base/file.h"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace pare {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class File : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::size_t files_in_folder() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  template <class Call>
  static std::string error_of(Call call) {
    try {
      call();
    } catch (const InputError& error) {
      return error.what();
    }
    return "(no error)";
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
};

TEST_F(File, ReadsBackWhatWasWritten) {
  const std::string text("bytes \0 with a zero\n", 20);
  write_file_atomic(path("a"), text);
  EXPECT_EQ(read_text(path("a")), text);
  EXPECT_EQ(read_file(path("a")).size(), 20u);

  write_file_atomic(path("a"), std::string_view("shorter"));
  EXPECT_EQ(read_text(path("a")), "shorter");
  write_file_atomic(path("a"), std::string_view());
  EXPECT_EQ(read_text(path("a")), "");
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(File, ReadsFilesThatReportNoSize) {
  EXPECT_THAT(read_text("/proc/self/status"), HasSubstr("VmRSS"));
}

TEST_F(File, NewFilesHaveTheUsualPermissions) {
  const mode_t mask = ::umask(0022);
  write_file_atomic(path("a"), std::string_view("x"));
  ::umask(mask);
  EXPECT_EQ(fs::status(path("a")).permissions(), static_cast<fs::perms>(0644));
}

TEST_F(File, ErrorsNameTheFileAndTheReason) {
  EXPECT_THAT(error_of([&] { read_file(path("none")); }),
              HasSubstr("none: cannot read it: No such file"));
  EXPECT_THAT(error_of([&] { read_file(folder_.string()); }), HasSubstr("is a folder"));
  EXPECT_THAT(error_of([&] { write_file_atomic(path("no/such"), std::string_view("x")); }),
              HasSubstr("no/such: cannot write it: No such file"));
  fs::create_directory(path("folder"));
  EXPECT_THAT(error_of([&] { write_file_atomic(path("folder"), std::string_view("x")); }),
              HasSubstr("folder: cannot write it"));
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(File, NeverWaitsForAPipeOrReadsADevice) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { read_file(path("pipe")); }), HasSubstr("a device or a pipe"));
  EXPECT_THAT(error_of([] { read_file("/dev/zero"); }), HasSubstr("a device or a pipe"));
}

TEST_F(File, ASparseFileThatClaimsMoreThanTheMemoryIsRefused) {
  std::ofstream(path("sparse")) << "x";
  fs::resize_file(path("sparse"), std::uintmax_t{1} << 42);
  EXPECT_THAT(error_of([&] { read_file(path("sparse")); }), HasSubstr("this machine's memory"));
}

TEST_F(File, ADeviceIsWrittenToAndNotReplaced) {
  write_file_atomic("/dev/null", std::string_view("x"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  if (fs::exists("/dev/full")) {
    EXPECT_THAT(error_of([] { write_file_atomic("/dev/full", std::string_view("x")); }),
                HasSubstr("No space left on device; free some space"));
  }
}

TEST_F(File, AFailedWriteKeepsTheOldFileAndLeavesNothingElse) {
  write_file_atomic(path("a"), std::string_view("old"));
  // A limit on the size of files fails in the middle of a write, as a full disk does.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string error =
      error_of([&] { write_file_atomic(path("a"), std::string(10000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);

  EXPECT_THAT(error, HasSubstr("cannot write it: File too large"));
  EXPECT_EQ(read_text(path("a")), "old");
  EXPECT_EQ(files_in_folder(), 1u);
}

}  // namespace
}  // namespace pare
