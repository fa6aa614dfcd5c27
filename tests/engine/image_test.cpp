// How images are stored: there and back, zeros around, neighbours of a row in a lane.
#include "engine/image.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "engine/kernels.h"
#include "engine/window_matrix.h"
#include "program/random_inputs.h"

namespace pare::engine {
namespace {

/// A layout of random sizes, borders and pitches.
ImageLayout random_layout(program::RandomNumbers& random) {
  ImageLayout layout;
  const auto small = [&](std::int64_t lowest, std::int64_t highest) {
    return static_cast<std::size_t>(random.in(lowest, highest));
  };
  layout.num_channels = small(1, 9);
  layout.size = {small(1, 3), small(1, 6), small(1, 20)};
  layout.before = {small(0, 1), small(0, 2), small(0, 2)};
  layout.after = {small(0, 1), small(0, 2), small(0, 2)};
  const auto room = [&](std::size_t axis) {
    return layout.size[axis] + std::max(layout.before[axis], layout.after[axis]) + small(0, 2);
  };
  const std::size_t row = room(2);
  layout.pitch = {room(1) * row, row, 1};
  constexpr std::uint32_t kInterleaves[] = {1, 2, 4};
  layout.interleave = kInterleaves[small(0, 2)];
  set_stride(layout);
  return layout;
}

std::vector<std::uint8_t> random_bytes(program::RandomNumbers& random, std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.in(1, 255));
  return bytes;
}

/// The image of bytes, with something where it has neither elements nor a border.
std::vector<std::byte> packed(const ImageLayout& layout, std::span<const std::uint8_t> x) {
  std::vector<std::byte> image(layout.bytes(), std::byte{0xAA});
  pack_image(layout, Element::kU8, reinterpret_cast<const std::byte*>(x.data()), image.data());
  return image;
}

TEST(Image, PackingThereAndBackIsTheIdentity) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    program::RandomNumbers random(seed);
    const ImageLayout layout = random_layout(random);
    const auto x = random_bytes(random, layout.num_channels * layout.num_positions());
    const std::vector<std::byte> image = packed(layout, x);
    std::vector<std::uint8_t> y(x.size());
    unpack_image(layout, Element::kU8, image.data(), reinterpret_cast<std::byte*>(y.data()));
    ASSERT_EQ(y, x) << seed;
  }
}

TEST(Image, WidensWhatIsUnpacked) {
  program::RandomNumbers random(1);
  const ImageLayout layout = random_layout(random);
  const auto x = random_bytes(random, layout.num_channels * layout.num_positions());
  std::vector<std::byte> image(layout.bytes());
  std::vector<std::int16_t> y(x.size());
  pack_image(layout, Element::kU8, reinterpret_cast<const std::byte*>(x.data()), image.data());
  unpack_image(layout, Element::kI16, image.data(), reinterpret_cast<std::byte*>(y.data()));
  EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin(), y.end()));
}

TEST(Image, WeightsOnAnImageMeetItsElements) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    program::RandomNumbers random(seed);
    const ImageLayout layout = random_layout(random);
    const auto x = random_bytes(random, layout.num_channels * layout.num_positions());
    const std::vector<std::byte> image = packed(layout, x);
    std::vector<std::int64_t> weight(3 * x.size());
    for (std::int64_t& w : weight) w = random.in(-9, 9);
    const std::vector<std::int64_t> spread = weights_on_image(weight, layout);
    const std::size_t row = spread.size() / 3;
    ASSERT_LE(row, image.size());
    for (std::size_t i = 0; i < 3; ++i) {
      std::int64_t expected = 0;
      for (std::size_t j = 0; j < x.size(); ++j) expected += weight[i * x.size() + j] * x[j];
      std::int64_t sum = 0;
      for (std::size_t j = 0; j < row; ++j) {
        sum += spread[i * row + j] * static_cast<std::uint8_t>(image[j]);
      }
      ASSERT_EQ(sum, expected) << "seed " << seed << ", output " << i;
    }
  }
}

TEST(Image, ClearingTheBorderLeavesPositionsAndZerosTheRest) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    program::RandomNumbers random(seed);
    const ImageLayout layout = random_layout(random);
    const auto x = random_bytes(random, layout.num_channels * layout.num_positions());
    std::vector<std::byte> cleared(layout.bytes(), std::byte{0xAA});
    std::vector<std::byte> packed(layout.bytes());
    pack_image(layout, Element::kU8, reinterpret_cast<const std::byte*>(x.data()), packed.data());
    pack_image(layout, Element::kU8, reinterpret_cast<const std::byte*>(x.data()), cleared.data());
    clear_border(layout, cleared.data());
    const std::size_t planes = layout.num_planes() * layout.stride * layout.lane_bytes();
    ASSERT_EQ(std::memcmp(cleared.data(), packed.data(), planes), 0) << seed;
  }
}

TEST(Image, ASpreadLaneHoldsNeighboursOfItsRow) {
  ImageLayout layout{.size = {1, 2, 6}, .before = {0, 1, 1}, .after = {0, 1, 1}};
  layout.pitch = {18, 7, 1};
  layout.interleave = 4;
  layout.is_spread = true;
  set_stride(layout);
  const std::vector<std::uint8_t> x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  std::vector<std::byte> image(layout.bytes(), std::byte{0xAA});
  pack_image(layout, Element::kU8, reinterpret_cast<const std::byte*>(x.data()), image.data());
  const auto lane = [&](std::size_t number) {
    const auto* at = reinterpret_cast<const std::uint8_t*>(image.data()) + 4 * number;
    return std::vector<int>(at, at + 4);
  };
  const std::size_t first = layout.lane_of(0, 0, 0);
  EXPECT_EQ(lane(first - 1), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(lane(first), (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(lane(first + 3), (std::vector<int>{4, 5, 6, 0}));
  EXPECT_EQ(lane(first + 5), (std::vector<int>{6, 0, 0, 0}));
  EXPECT_EQ(lane(layout.lane_of(0, 1, 0) - 1), (std::vector<int>{0, 7, 8, 9}));
  EXPECT_EQ(lane(first - 7), (std::vector<int>{0, 0, 0, 0}));  // a row above the first
}

/// An image op by an instruction set's kernel, and by what runs everywhere, on memory that is not
/// zero.
void expect_kernels_agree(const ImageOp& op, std::span<const std::byte> x, std::size_t y_bytes) {
  std::vector<std::byte> expected(y_bytes, std::byte{0xAA});
  run_image(op, x.data(), expected.data());
  for (const InstructionSet set : instruction_sets()) {
    std::vector<std::byte> made(y_bytes, std::byte{0xAA});
    kernels_of(set).image(op, x.data(), made.data());
    ASSERT_EQ(made, expected) << name_of(set);
  }
}

TEST(Image, KernelsPackAndUnpackAsWhatRunsEverywhere) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    program::RandomNumbers random(seed);
    ImageLayout layout = random_layout(random);
    auto x = random_bytes(random, layout.bytes());
    const auto bytes = std::as_bytes(std::span(x));
    expect_kernels_agree({.kind = ImageKind::kUnpack, .x = layout}, bytes,
                         layout.num_channels * layout.num_positions());
    layout.num_channels = 1;
    layout.interleave = 4;
    layout.is_spread = true;
    set_stride(layout);
    // Vectors read beyond what there is.
    x = random_bytes(random, layout.num_positions() + kBlock);
    expect_kernels_agree({.kind = ImageKind::kPack, .y = layout}, std::as_bytes(std::span(x)),
                         layout.bytes());
  }
}

}  // namespace
}  // namespace pare::engine
