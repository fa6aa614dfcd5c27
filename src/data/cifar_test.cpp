#include "data/cifar.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "data/test_folder.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

/// A record of these labels whose pixel at (c, h, w) is (100 c + 32 h + w) mod 256.
std::string record(std::string_view labels) {
  std::string bytes(labels);
  for (int c = 0; c < 3; ++c) {
    for (int place = 0; place < 32 * 32; ++place) bytes += static_cast<char>(100 * c + place);
  }
  return bytes;
}

LabelledImages parse(std::string_view bytes, CifarLabels labels = CifarLabels::kFine) {
  return parse_cifar(std::as_bytes(std::span(bytes)), labels, "a.bin");
}

std::vector<double> labels_of(const LabelledImages& images) { return images.labels.to_doubles(); }

TEST(Cifar, TenClasses) {
  const LabelledImages images = parse(record("\x03") + record("\x09"));
  ASSERT_EQ(images.images.shape(), (Shape{2, 3, 32, 32}));
  EXPECT_EQ(images.images.dtype(), DType::kU8);
  EXPECT_THAT(labels_of(images), ElementsAre(3, 9));
  // Sample 1, blue, row 5, column 7: 200 + 160 + 7 = 367, modulo 256 111.
  EXPECT_EQ(images.images.as<std::uint8_t>()[((1 * 3 + 2) * 32 + 5) * 32 + 7], 111);
}

TEST(Cifar, AHundredClassesInTwentyGroups) {
  const std::string bytes = record({"\x13\x63", 2}) + record({"\x00\x07", 2});
  EXPECT_THAT(labels_of(parse(bytes)), ElementsAre(99, 7));
  const LabelledImages coarse = parse(bytes, CifarLabels::kCoarse);
  EXPECT_THAT(labels_of(coarse), ElementsAre(19, 0));
  EXPECT_EQ(coarse.images.as<std::uint8_t>()[3072 + 1024], 100);
}

TEST(Cifar, WhereBothLayoutsFitTheLabelsDecide) {
  std::string ten;
  for (int i = 0; i < 3074; ++i) ten += record(std::string(1, static_cast<char>(i % 10)));
  EXPECT_EQ(parse(ten).images.dim(0), 3074);
  std::string hundred;
  for (int i = 0; i < 3073; ++i) hundred += record({"\x0b\x0c", 2});
  EXPECT_EQ(hundred.size(), ten.size());
  EXPECT_EQ(parse(hundred).images.dim(0), 3073);
}

TEST(Cifar, CutFilesAndForeignLabelsAreRefused) {
  const std::string whole = record("\x03");
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, whole.size() - 1}) {
    EXPECT_THAT([&] { parse(whole.substr(0, length)); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("a.bin"), HasSubstr("3073 bytes"))));
  }
  EXPECT_THAT([] { parse(record("\x01") + record("\x0a")); },
              ThrowsMessage<InputError>(HasSubstr("image 1: label 10, expected 0 to 9")));
  EXPECT_THAT(
      [] {
        parse(record({"\x00\x64", 2}));
      },
      ThrowsMessage<InputError>(HasSubstr("label 100, expected 0 to 99")));
}

using CifarFile = FolderTest;

TEST_F(CifarFile, NamesOfClassesLieBeside) {
  write_file_atomic(path("a.bin"), record({"\x00\x01", 2}));
  EXPECT_THAT(read_cifar(path("a.bin"), CifarLabels::kCoarse).classes, IsEmpty());
  std::string names;
  for (int i = 0; i < 20; ++i) names += "group " + std::to_string(i) + "\n";
  write_file_atomic(path("coarse_label_names.txt"), names + "\n");
  const auto classes = read_cifar(path("a.bin"), CifarLabels::kCoarse).classes;
  ASSERT_EQ(classes.size(), 20u);
  EXPECT_EQ(classes[19], "group 19");
  write_file_atomic(path("coarse_label_names.txt"), "one\ntwo\n");
  EXPECT_THAT(read_cifar(path("a.bin"), CifarLabels::kCoarse).classes, IsEmpty());
}

}  // namespace
}  // namespace pare::data
