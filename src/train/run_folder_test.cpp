#include "train/run_folder.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "train/folder_lock.h"

namespace pare::train {
namespace {

class RunFolderTest : public testing::Test {
 protected:
  RunFolderTest()
      : folder_{(std::filesystem::temp_directory_path() /
                 ("pare-run-folder-" + std::to_string(getpid())))
                    .string()} {
    std::filesystem::remove_all(folder_.path);
  }
  ~RunFolderTest() override { std::filesystem::remove_all(folder_.path); }

  void pretend_to_have_trained() {
    prepare(folder_, recipe_, false);
    write_file_atomic(folder_.checkpoint(), std::string_view("something"));
  }

  RunFolder folder_;
  recipe::Recipe recipe_ = recipe::parse("name = \"r\"\n[data]\nset = \"x\"\n[[stage]]\n", "test");
};

TEST_F(RunFolderTest, AFreshFolderGetsTheResolvedRecipe) {
  prepare(folder_, recipe_, false);
  EXPECT_EQ(read_text(folder_.recipe()), recipe::to_toml(recipe_));
  EXPECT_FALSE(has_checkpoint(folder_));
}

TEST_F(RunFolderTest, AUsedFolderNeedsResume) {
  pretend_to_have_trained();
  EXPECT_THROW(prepare(folder_, recipe_, false), InputError);
  EXPECT_NO_THROW(prepare(folder_, recipe_, true));
}

TEST_F(RunFolderTest, AStartThatFailedIsNoUse) {
  prepare(folder_, recipe_, false);
  recipe::Recipe other = recipe_;
  other.seed = 99;
  EXPECT_NO_THROW(prepare(folder_, other, false));
}

TEST_F(RunFolderTest, AnotherRecipeIsRefusedByTheLineThatDiffers) {
  pretend_to_have_trained();
  recipe::Recipe other = recipe_;
  other.seed = 99;
  try {
    prepare(folder_, other, true);
    FAIL() << "accepted another recipe";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("seed = 99"), std::string::npos) << error.what();
  }
}

TEST_F(RunFolderTest, AFileInTheWayIsNamed) {
  write_file_atomic(folder_.path, std::string_view("in the way"));
  EXPECT_THROW(prepare(folder_, recipe_, false), InputError);
}

TEST_F(RunFolderTest, OneRunAtATime) {
  prepare(folder_, recipe_, false);
  {
    const FolderLock first(folder_.path);
    EXPECT_THROW(FolderLock second(folder_.path), InputError);
  }
  EXPECT_NO_THROW(FolderLock again(folder_.path));
}

}  // namespace
}  // namespace pare::train
