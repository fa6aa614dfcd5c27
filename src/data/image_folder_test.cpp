#include "data/image_folder.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "data/test_folder.h"
#include "data/test_png.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class ImageFolder : public FolderTest {
 protected:
  void grey(const std::string& file, std::uint8_t value, std::uint32_t width = 2) const {
    const std::string at = path(file);
    std::filesystem::create_directories(std::filesystem::path(at).parent_path());
    TestPng{.width = width, .height = 1, .bytes = std::vector<std::uint8_t>(width, value)}.write(
        at);
  }

  void expect_refused(const std::string& file, const std::string& message) const {
    EXPECT_THAT([&] { read_image_folder(folder_.string()); },
                ThrowsMessage<InputError>(AllOf(HasSubstr(file), HasSubstr(message))));
  }
};

TEST_F(ImageFolder, FoldersAreClassesInTheOrderOfTheirNames) {
  grey("zebra/1.png", 30);
  grey("ant/b.PNG", 20);
  grey("ant/a.png", 10);
  write_file_atomic(path(".hidden"), "x");
  write_file_atomic(path("ant/.hidden"), "x");
  const LabelledImages images = read_image_folder(folder_.string());
  EXPECT_THAT(images.classes, ElementsAre("ant", "zebra"));
  EXPECT_EQ(images.images, Tensor::from<std::uint8_t>({3, 1, 1, 2}, {10, 10, 20, 20, 30, 30}));
  EXPECT_EQ(images.labels, Tensor::from<std::int64_t>({3}, {0, 0, 1}));
}

TEST_F(ImageFolder, WhatIsNoFolderOfImagesIsNamed) {
  expect_refused(folder_.string(), "an empty folder");
  grey("a/1.png", 1);
  std::filesystem::create_directories(path("b"));
  expect_refused(path("b"), "no PNG images");
  grey("b/2.png", 1, 3);
  expect_refused(path("b/2.png"), "1 x 3 grey pixels of 8 bits (rows x columns), but");
  TestPng{.width = 2, .height = 1, .colour = PNG_COLOR_TYPE_RGB, .bytes = {1, 2, 3, 4, 5, 6}}.write(
      path("b/2.png"));
  expect_refused(path("b/2.png"), "1 x 2 colour pixels");
  write_file_atomic(path("b/2.png"), "x");
  expect_refused(path("b/2.png"), "not a PNG image");
  std::filesystem::remove(path("b/2.png"));
  write_file_atomic(path("b/3.jpg"), "x");
  expect_refused(path("b/3.jpg"), "PNG images (.png) alone");
  std::filesystem::remove_all(path("b"));
  grey("c.png", 1);
  expect_refused(path("c.png"), "a file among the folders of classes");
  EXPECT_THAT([&] { read_image_folder(path("absent")); },
              ThrowsMessage<InputError>(HasSubstr("cannot be read as a folder")));
}

}  // namespace
}  // namespace pare::data
