#include "base/temporary_folder.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/file.h"

namespace pare {
namespace {

TEST(TemporaryFolder, IsNewAndGoesWithAllThatIsInIt) {
  std::string path;
  {
    const TemporaryFolder folder;
    const TemporaryFolder other;
    path = folder.path();
    EXPECT_NE(path, other.path());
    EXPECT_TRUE(std::filesystem::is_empty(path));
    write_file_atomic(folder / "file", std::string_view("x"));
    EXPECT_EQ(folder / "file", path + "/file");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace pare
