#include "data/png.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/philox.h"
#include "data/test_folder.h"
#include "data/test_png.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Png : public FolderTest {
 protected:
  Tensor written(const TestPng& image) const {
    image.write(path("a.png"));
    return parse_png(read_file(path("a.png")), "a.png");
  }
};

TEST_F(Png, Grey) {
  const TestPng image{.width = 3, .height = 2, .bytes = {0, 1, 2, 253, 254, 255}};
  EXPECT_EQ(written(image), Tensor::from<std::uint8_t>({1, 2, 3}, {0, 1, 2, 253, 254, 255}));
}

TEST_F(Png, ColourComesChannelByChannel) {
  const TestPng image{
      .width = 2, .height = 1, .colour = PNG_COLOR_TYPE_RGB, .bytes = {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(written(image), Tensor::from<std::uint8_t>({3, 1, 2}, {1, 4, 2, 5, 3, 6}));
}

TEST_F(Png, InterlacedOnesAreTheSame) {
  TestPng image{.width = 13, .height = 11, .colour = PNG_COLOR_TYPE_RGB};
  for (int i = 0; i < 13 * 11 * 3; ++i) image.bytes.push_back(static_cast<std::uint8_t>(i));
  const Tensor plain = written(image);
  image.is_interlaced = true;
  EXPECT_EQ(written(image), plain);
}

TEST_F(Png, FewBitsAreStretchedPalettesLookedUpManyBitsKept) {
  // 0, 1, 2, 3 of two bits each.
  EXPECT_EQ(written({.width = 4, .height = 1, .bit_depth = 2, .bytes = {0b00'01'10'11}}),
            Tensor::from<std::uint8_t>({1, 1, 4}, {0, 85, 170, 255}));
  EXPECT_EQ(written({.width = 2, .height = 1, .colour = PNG_COLOR_TYPE_PALETTE, .bytes = {3, 1}}),
            Tensor::from<std::uint8_t>({3, 1, 2}, {3, 1, 6, 2, 9, 3}));
  EXPECT_EQ(written({.width = 2, .height = 1, .bit_depth = 16, .bytes = {1, 2, 0xff, 0xfe}}),
            Tensor::from<std::uint16_t>({1, 1, 2}, {0x0102, 0xfffe}));
}

TEST_F(Png, TransparencyIsRefused) {
  EXPECT_THAT(
      [&] {
        written({.width = 1, .height = 1, .colour = PNG_COLOR_TYPE_GRAY_ALPHA, .bytes = {1, 2}});
      },
      ThrowsMessage<InputError>(AllOf(HasSubstr("a.png"), HasSubstr("transparency"))));
}

TEST_F(Png, EveryCutAndEveryChangedByteIsRefusedOrHarmless) {
  TestPng image{.width = 16, .height = 4};
  for (int i = 0; i < 64; ++i) image.bytes.push_back(static_cast<std::uint8_t>(i * i));
  const Tensor whole = written(image);
  const std::vector<std::byte> bytes = read_file(path("a.png"));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_THROW(parse_png(std::span(bytes).first(i), "a.png"), InputError) << i;
    std::vector<std::byte> changed = bytes;
    changed[i] ^= std::byte{0x10};
    try {
      EXPECT_EQ(parse_png(changed, "a.png"), whole) << i;
    } catch (const InputError&) {
    }
  }
}

TEST_F(Png, ForeignFilesAndClaimsAreRefused) {
  const std::string text = "not a PNG file";
  EXPECT_THAT([&] { parse_png(std::as_bytes(std::span(text)), "a.png"); },
              ThrowsMessage<InputError>(HasSubstr("a.png: not a PNG image")));
  // A header of 60000 x 60000 pixels with its right CRC-32 (computed by zlib), and nothing more.
  const std::string huge(
      "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xea\x60\0\0\xea\x60\x08\0\0\0\0\xa5\xb9\x2a\x9e\0\0\0\0I"
      "DAT",
      41);
  EXPECT_THAT([&] { parse_png(std::as_bytes(std::span(huge)), "a.png"); },
              ThrowsMessage<InputError>(HasSubstr("can hold")));
}

/// An image of random bytes.
Tensor random_image(std::int64_t channels, std::int64_t height, std::int64_t width,
                    std::uint64_t seed) {
  Tensor image(DType::kU8, {channels, height, width});
  const Philox random(seed, RandomStream::kSynthetic);
  for (std::size_t i = 0; i < image.size(); ++i) {
    image.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(random.bits(i));
  }
  return image;
}

RC_GTEST_PROP(FormatPng, WhatIsWrittenIsReadBack, ()) {
  const Tensor image =
      random_image(*rc::gen::element<std::int64_t>(1, 3), *rc::gen::inRange<std::int64_t>(1, 40),
                   *rc::gen::inRange<std::int64_t>(1, 40), *rc::gen::arbitrary<std::uint64_t>());
  const std::vector<std::byte> bytes = format_png(image);
  RC_ASSERT(parse_png(bytes, "written") == image);
  RC_ASSERT(format_png(image) == bytes);
}

TEST(FormatPng, HasTheSignatureAndHeaderOfTheStandard) {
  // ISO/IEC 15948: signature; IHDR of 13 bytes: width 2, height 1, 8 bits, colour 2 (RGB).
  const std::vector<std::byte> bytes = format_png(random_image(3, 1, 2, 1));
  const std::string start("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x01\x08\x02\0\0\0", 29);
  ASSERT_GT(bytes.size(), start.size());
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), start.size()), start);
}

TEST(FormatPng, RefusesWhatIsTooLargeOrNoImage) {
  EXPECT_THROW(format_png(Tensor(DType::kU8, {1, 1, 65537})), InputError);
  EXPECT_THROW(format_png(Tensor(DType::kU8, {2, 4, 4})), InternalError);
  EXPECT_THROW(format_png(Tensor(DType::kF32, {3, 4, 4})), InternalError);
}

}  // namespace
}  // namespace pare::data
