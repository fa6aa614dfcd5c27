// Windows over what the engine stores.

#include "engine/axis_order.h"

#include <gtest/gtest.h>

namespace pare::engine {
namespace {

using Axis = graph::Window::Axis;

/// Three inputs of `input`, with padding.
Axis three(std::int64_t input) {
  return {.input = input, .kernel = 3, .before = 1, .output = input};
}
Axis whole(std::int64_t input) { return {.input = input, .kernel = input}; }
Axis single(std::int64_t input) { return {.input = input, .output = input}; }

StoredWindow stored(Axis z, Axis y, Axis x, const AxisOrder& order = {0, 1, 2}) {
  graph::Window window;
  window.axes = {z, y, x};
  return stored_window(window, 5, order);
}

TEST(StoredWindow, HasWhatAllWindowsCoverAsChannels) {
  const StoredWindow made = stored(three(9), whole(3), whole(2));
  EXPECT_EQ(made.num_channels, 5 * 3 * 2);
  EXPECT_EQ(made.window.axes, (std::array{Axis{}, Axis{}, three(9)}));
  EXPECT_EQ(made.num_runs(), 9);
  EXPECT_EQ(made.num_inputs(), 3 * 30);
}

TEST(StoredWindow, HasNeighboursWithSingleElementsAsOneAxis) {
  const StoredWindow made = stored(three(9), single(3), single(2));
  EXPECT_EQ(made.num_channels, 5);
  EXPECT_EQ(made.window.axes, (std::array{Axis{}, three(9), single(6)}));
  EXPECT_EQ(made.num_runs(), 9 * 6 * 3);
  EXPECT_EQ(stored(single(9), single(3), single(2)).window.axes,
            (std::array{Axis{}, Axis{}, single(54)}));
}

TEST(StoredWindow, KeepsOtherAxesAsTheyAreStored) {
  Axis every_other = single(4);
  every_other.stride = 2;
  every_other.output = 2;
  EXPECT_EQ(stored(single(3), every_other, three(9)).window.axes,
            (std::array{single(3), every_other, three(9)}));
  EXPECT_EQ(stored(three(9), single(3), every_other, {2, 0, 1}).window.axes,
            (std::array{every_other, three(9), single(3)}));
}

}  // namespace
}  // namespace pare::engine
