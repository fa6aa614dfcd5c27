// Reading windows from copies of an image that are moved, so that vectors begin where memory does.
#include "engine/window_reads.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "engine/kernels.h"
#include "program/random_inputs.h"

namespace pare::engine {
namespace {

struct Case {
  ImageLayout layout;
  WindowReads direct;
  std::size_t num_lanes;  ///< of y
};

/// An image with a border of one, and windows of three by three.
Case random_case(std::uint64_t seed) {
  program::RandomNumbers random(seed);
  const auto any = [&](std::int64_t lowest, std::int64_t highest) {
    return static_cast<std::size_t>(random.in(lowest, highest));
  };
  Case made;
  ImageLayout& layout = made.layout;
  layout.num_channels = any(1, 16);
  layout.size = {1, any(1, 14), any(1, 14)};
  layout.before = layout.after = {0, 1, 1};
  layout.interleave = random.one_in(2) ? 4 : 2;
  const std::size_t row = layout.size[2] + 1 + any(0, 2);
  layout.pitch = {row * (layout.size[1] + 1), row, 1};
  set_stride(layout);
  for (std::size_t plane = 0; plane < layout.num_planes(); ++plane) {
    for (std::size_t y = 0; y < 3; ++y) {
      for (std::size_t x = 0; x < 3; ++x) {
        made.direct.lanes.push_back(
            static_cast<std::uint16_t>(plane * layout.stride + y * row + x));
      }
    }
  }
  made.direct.first = any(0, 1);
  made.num_lanes = layout.num_lanes();
  return made;
}

TEST(WindowReads, OfMovedCopiesAreThoseOfTheImageAndAligned) {
  for (const auto& [set, bytes] : {std::pair{InstructionSet::kAvx512Vnni, std::size_t{64}},
                                   std::pair{InstructionSet::kAvx2, std::size_t{32}}}) {
    std::size_t num_aligned = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
      const Case one = random_case(seed);
      const ImageLayout& layout = one.layout;
      const auto aligned = aligned_reads(one.direct, layout, set, 1000);
      if (!aligned) continue;
      ++num_aligned;
      std::vector<std::byte> image(layout.bytes());
      for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<std::byte>(i * 7 % 251);
      std::vector<std::byte> copies(aligned->shifts.size() * layout.copy_bytes());
      shift_image(layout, aligned->shifts, image.data(), copies.data());
      ASSERT_EQ(aligned->first, 0U);
      for (std::size_t g = 0; g < one.direct.lanes.size(); ++g) {
        const std::size_t from = (one.direct.first + one.direct.lanes[g]) * layout.lane_bytes();
        const std::size_t to = aligned->lanes[g] * layout.lane_bytes();
        ASSERT_EQ(to % bytes, 0U);
        ASSERT_EQ(std::memcmp(image.data() + from, copies.data() + to,
                              one.num_lanes * layout.lane_bytes()),
                  0)
            << "seed " << seed << " group " << g;
      }
    }
    EXPECT_GE(num_aligned, 100U);
  }
}

TEST(WindowReads, AreTheImagesOwnWhereCopyingTakesLonger) {
  const Case one = random_case(1);
  EXPECT_FALSE(aligned_reads(one.direct, one.layout, InstructionSet::kAvx512Vnni, 1));
  EXPECT_FALSE(aligned_reads(one.direct, one.layout, InstructionSet::kPortable, 1000));
  EXPECT_FALSE(aligned_reads(one.direct, one.layout, InstructionSet::kNeon, 1000));
}

TEST(WindowReads, AreTheImagesOwnWhereTheyAreAlignedAlready) {
  ImageLayout layout{.num_channels = 4, .size = {1, 3, 14}, .interleave = 4};
  layout.pitch = {48, 16, 1};
  set_stride(layout);
  const WindowReads direct{.lanes = {0, 16, 32}};
  EXPECT_FALSE(aligned_reads(direct, layout, InstructionSet::kAvx512Vnni, 1000));
}

}  // namespace
}  // namespace pare::engine
