#include "graph/window.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"

namespace pare::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::size_t> inputs_of(const Window& window, std::size_t output) {
  std::vector<std::size_t> inputs;
  window.for_each_tap(output, [&](std::size_t input, std::size_t) { inputs.push_back(input); });
  return inputs;
}

TEST(Window, OneAxis) {
  const Window window = make_window({1, 5}, PoolWindow{{2}, {2}, {0, 0}, {1}}, "pool");
  EXPECT_EQ(window.num_outputs(), 2U);
  EXPECT_THAT(inputs_of(window, 0), ElementsAre(0, 1));
  EXPECT_THAT(inputs_of(window, 1), ElementsAre(2, 3));
  EXPECT_FALSE(window.has_padding());
  EXPECT_EQ(output_shape(window, 7, {1, 5}), (Shape{7, 2}));
}

TEST(Window, PaddingIsLeftOutAndTapsKeepTheirPlace) {
  // 3 x 3 over 2 x 3 with a border of one.
  const Window window =
      make_window({4, 2, 3}, PoolWindow{{3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}}, "pool");
  EXPECT_EQ(output_shape(window, 4, {4, 2, 3}), (Shape{4, 2, 3}));
  std::vector<std::size_t> taps;
  window.for_each_tap(0, [&](std::size_t, std::size_t tap) { taps.push_back(tap); });
  EXPECT_THAT(taps, ElementsAre(4, 5, 7, 8));
  EXPECT_THAT(inputs_of(window, 0), ElementsAre(0, 1, 3, 4));
  EXPECT_TRUE(window.has_padding());
}

TEST(Window, StrideThatNeverReachesThePaddingHasNone) {
  // One of padding behind; windows begin at 0 and 2 and end at 3.
  const Window window = make_window({1, 4}, PoolWindow{{2}, {2}, {0, 1}, {1}}, "pool");
  EXPECT_EQ(window.num_outputs(), 2U);
  EXPECT_FALSE(window.has_padding());
}

TEST(Window, ThreeAxesAndDilation) {
  const Window window = make_window(
      {1, 2, 2, 5}, PoolWindow{{2, 1, 2}, {1, 1, 1}, {0, 0, 0, 0, 0, 0}, {1, 1, 3}}, "pool");
  EXPECT_EQ(output_shape(window, 1, {1, 2, 2, 5}), (Shape{1, 1, 2, 2}));
  EXPECT_THAT(inputs_of(window, 3), ElementsAre(6, 9, 16, 19));
}

TEST(Window, GlobalIsTheWholeInput) {
  const Window window = make_window({3, 2, 2}, PoolWindow{}, "pool");
  EXPECT_EQ(window.num_outputs(), 1U);
  EXPECT_THAT(inputs_of(window, 0), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(output_shape(window, 3, {3, 2, 2}), (Shape{3, 1, 1}));
}

TEST(Window, WhollyPaddedWindowsAreSeen) {
  EXPECT_TRUE(make_window({1, 3}, PoolWindow{{2}, {1}, {1, 1}, {1}}, "p").is_covered());
  EXPECT_FALSE(make_window({1, 3}, PoolWindow{{2}, {1}, {2, 0}, {1}}, "p").is_covered());
}

TEST(Window, ErrorsNameTheNode) {
  const auto message = [](const Shape& input, const PoolWindow& pool) -> std::string {
    try {
      make_window(input, pool, "node 'p'");
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message({3}, {{2}, {2}, {0, 0}, {1}}), HasSubstr("node 'p': its input is [3]"));
  EXPECT_THAT(message({1, 3}, {{2, 2}, {2}, {0, 0}, {1}}), HasSubstr("size [2, 2] has 2 numbers"));
  EXPECT_THAT(message({1, 3}, {{2}, {0}, {0, 0}, {1}}), HasSubstr("stride 0; allowed: 1"));
  EXPECT_THAT(message({1, 3}, {{2}, {1}, {0, -1}, {1}}), HasSubstr("padding -1"));
  EXPECT_THAT(message({1, 3}, {{2}, {1}, {0, 0}, {3}}), HasSubstr("a window of 4 does not fit"));
  EXPECT_THAT(message({1, 3}, {{}, {1}, {}, {}}), HasSubstr("global pooling"));
  EXPECT_THAT(message({1, 3}, {{1}, {1}, {0, 0}, {std::int64_t{1} << 40}}), HasSubstr("dilation"));
}

/// Every tap that for_each_tap leaves out lies outside of the input, and the others inside.
RC_GTEST_PROP(WindowProperty, TapsAreThoseInside, ()) {
  const auto size = *rc::gen::inRange<std::int64_t>(1, 9);
  const auto kernel = *rc::gen::inRange<std::int64_t>(1, size + 1);
  const auto before = *rc::gen::inRange<std::int64_t>(0, 4);
  const auto behind = *rc::gen::inRange<std::int64_t>(0, 4);
  const auto stride = *rc::gen::inRange<std::int64_t>(1, 4);
  const Window window =
      make_window({1, size}, PoolWindow{{kernel}, {stride}, {before, behind}, {1}}, "p");
  RC_ASSERT(static_cast<std::int64_t>(window.num_outputs()) ==
            (size + before + behind - kernel) / stride + 1);
  bool has_padding = false;
  for (std::size_t o = 0; o < window.num_outputs(); ++o) {
    std::vector<std::int64_t> expected;
    for (std::int64_t k = 0; k < kernel; ++k) {
      const std::int64_t at = static_cast<std::int64_t>(o) * stride - before + k;
      if (at >= 0 && at < size) expected.push_back(at);
    }
    has_padding = has_padding || static_cast<std::int64_t>(expected.size()) < kernel;
    std::vector<std::int64_t> found;
    for (const std::size_t at : inputs_of(window, o))
      found.push_back(static_cast<std::int64_t>(at));
    RC_ASSERT(found == expected);
  }
  RC_ASSERT(window.has_padding() == has_padding);
}

}  // namespace
}  // namespace pare::graph
