#include "graph/window.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace pare::graph {
namespace {

std::size_t product(const std::array<Window::Axis, 3>& axes, std::int64_t Window::Axis::*field) {
  std::size_t count = 1;
  for (const Window::Axis& axis : axes) count *= static_cast<std::size_t>(axis.*field);
  return count;
}

class Maker {
 public:
  Maker(const Shape& input, const Sliding& sliding, const std::string& who)
      : input_(input), sliding_(sliding), who_(who) {}

  Window make() const {
    if (input_.size() < 2 || input_.size() > 4) {
      fail(fmt::format("its input is {}, expected [channels, 1 to 3 spatial axes]",
                       to_string(input_)));
    }
    const std::size_t rank = input_.size() - 1;
    expect(sliding_.kernel, "size", rank, 1);
    expect(sliding_.stride, "stride", rank, 1);
    expect(sliding_.padding, "padding", 2 * rank, 0);
    expect(sliding_.dilation, "dilation", rank, 1);
    Window window;
    for (std::size_t i = 0; i < rank; ++i) window.axes[3 - rank + i] = axis(i, rank);
    return window;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}: {}", who_, what));
  }

  void expect(std::span<const std::int64_t> list, std::string_view name, std::size_t count,
              std::int64_t lowest) const {
    if (list.size() != count) {
      fail(fmt::format("{} [{}] has {} numbers, expected {} for an input {}", name,
                       fmt::join(list, ", "), list.size(), count, to_string(input_)));
    }
    for (const std::int64_t number : list) {
      if (number >= lowest && number <= kMaxWindow) continue;
      fail(fmt::format("{} {}; allowed: {} to {}", name, number, lowest, kMaxWindow));
    }
  }

  Window::Axis axis(std::size_t i, std::size_t rank) const {
    Window::Axis axis{.input = input_[i + 1],
                      .kernel = sliding_.kernel[i],
                      .stride = sliding_.stride[i],
                      .before = sliding_.padding[i],
                      .dilation = sliding_.dilation[i]};
    const std::int64_t padded = axis.input + axis.before + sliding_.padding[rank + i];
    const std::int64_t extent = (axis.kernel - 1) * axis.dilation + 1;
    if (extent > padded) {
      fail(fmt::format("a window of {} does not fit into an axis of {} (padding included)", extent,
                       padded));
    }
    axis.output = (padded - extent) / axis.stride + 1;
    return axis;
  }

  const Shape& input_;
  const Sliding& sliding_;
  const std::string& who_;
};

}  // namespace

std::size_t Window::num_inputs() const { return product(axes, &Axis::input); }
std::size_t Window::num_outputs() const { return product(axes, &Axis::output); }
std::size_t Window::num_taps() const { return product(axes, &Axis::kernel); }

bool Window::has_padding() const {
  return std::any_of(axes.begin(), axes.end(), [](const Axis& axis) {
    return !axis.holds(axis.at(0, 0)) || !axis.holds(axis.at(axis.output - 1, axis.kernel - 1));
  });
}

bool Window::is_covered() const {
  return std::all_of(axes.begin(), axes.end(), [](const Axis& axis) {
    for (std::int64_t o = 0; o < axis.output; ++o) {
      bool has_element = false;
      for (std::int64_t k = 0; k < axis.kernel && !has_element; ++k) {
        has_element = axis.holds(axis.at(o, k));
      }
      if (!has_element) return false;
    }
    return true;
  });
}

Window make_window(const Shape& input, const Sliding& sliding, const std::string& who) {
  return Maker(input, sliding, who).make();
}

Window make_window(const Shape& input, const PoolWindow& pool, const std::string& who) {
  if (!pool.is_global()) {
    return make_window(input, Sliding{pool.size, pool.stride, pool.padding, pool.dilation}, who);
  }
  if (!pool.stride.empty() || !pool.padding.empty() || !pool.dilation.empty()) {
    throw InputError(
        fmt::format("{}: a window without a size is global pooling; it has no stride, "
                    "padding or dilation",
                    who));
  }
  Window window;
  if (input.size() < 2 || input.size() > 4) return make_window(input, Sliding{}, who);
  for (std::size_t i = 1; i < input.size(); ++i) {
    Window::Axis& axis = window.axes[3 - input.size() + i];
    axis.input = axis.kernel = input[i];
  }
  return window;
}

Window make_window(const Shape& input, const Conv& conv, const Shape& weight,
                   const std::string& who) {
  const auto kernel = std::span(weight).subspan(std::min<std::size_t>(2, weight.size()));
  return make_window(input, Sliding{kernel, conv.stride, conv.padding, conv.dilation}, who);
}

Shape output_shape(const Window& window, std::int64_t channels, const Shape& input) {
  Shape shape = {channels};
  for (std::size_t i = 4 - input.size(); i < 3; ++i) shape.push_back(window.axes[i].output);
  return shape;
}

}  // namespace pare::graph
