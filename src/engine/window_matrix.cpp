#include "engine/window_matrix.h"

#include <limits>

namespace pare::engine {
namespace {

/// Sets the weight of a tap and an input channel for all outputs of the channel's group.
class Filler {
 public:
  Filler(const program::Program& program, const program::Conv& conv, const graph::Window& window,
         WindowMatrix& to)
      : values_(program.constant(conv.weight).values),
        taps_(window.num_taps()),
        group_inputs_(static_cast<std::size_t>(program.constant(conv.weight).shape[1])),
        group_outputs_(to.num_outputs / static_cast<std::size_t>(conv.groups)),
        to_(to) {}

  std::size_t num_channels() const { return to_.num_outputs / group_outputs_ * group_inputs_; }

  void set(std::size_t tap, std::size_t channel, std::size_t group, std::size_t place) const {
    const std::size_t first = channel / group_inputs_ * group_outputs_;
    const std::size_t row = to_.groups.size() * to_.interleave;
    for (std::size_t o = first; o < first + group_outputs_; ++o) {
      to_.weight[o * row + group * to_.interleave + place] =
          values_[(o * group_inputs_ + channel % group_inputs_) * taps_ + tap];
    }
  }

 private:
  const std::vector<std::int64_t>& values_;
  std::size_t taps_;
  std::size_t group_inputs_;
  std::size_t group_outputs_;
  WindowMatrix& to_;
};

}  // namespace

WindowMatrix window_matrix(const program::Program& program, const program::Conv& conv,
                           const graph::Window& window, std::size_t interleave, bool is_spread) {
  WindowMatrix made{.weight = {},
                    .num_outputs = static_cast<std::size_t>(program.constant(conv.weight).shape[0]),
                    .groups = {},
                    .interleave = interleave};
  const Filler filler(program, conv, window, made);
  const auto count = [&](std::size_t axis) {
    return static_cast<std::size_t>(window.axes[axis].kernel);
  };
  const auto apart = [&](std::size_t axis) {
    return static_cast<std::size_t>(window.axes[axis].dilation);
  };
  // A spread lane has neighbours of a row, any other one neighbouring channels.
  const std::size_t step = is_spread ? interleave : 1;
  const std::size_t num_planes =
      is_spread ? 1 : (filler.num_channels() + interleave - 1) / interleave;
  std::vector<std::size_t> first_taps;
  for (std::size_t z = 0; z < count(0); ++z) {
    for (std::size_t y = 0; y < count(1); ++y) {
      for (std::size_t x = 0; x < count(2); x += step) {
        for (std::size_t plane = 0; plane < num_planes; ++plane) {
          made.groups.push_back({{z * apart(0), y * apart(1), x * apart(2)}, plane});
          first_taps.push_back((z * count(1) + y) * count(2) + x);
        }
      }
    }
  }
  made.weight.resize(made.num_outputs * made.groups.size() * interleave);
  for (std::size_t g = 0; g < made.groups.size(); ++g) {
    for (std::size_t k = 0; k < interleave; ++k) {
      if (is_spread) {
        if (made.groups[g].offset[2] + k < count(2)) filler.set(first_taps[g] + k, 0, g, k);
      } else if (made.groups[g].plane * interleave + k < filler.num_channels()) {
        filler.set(first_taps[g], made.groups[g].plane * interleave + k, g, k);
      }
    }
  }
  return made;
}

Matrix WindowMatrix::matrix(program::Interval x) const {
  return {.weight = weight,
          .num_outputs = num_outputs,
          .num_inputs = groups.size() * interleave,
          .interleave = interleave,
          .x = x};
}

std::optional<std::vector<std::uint16_t>> lanes_of(const WindowMatrix& matrix,
                                                   const ImageLayout& layout) {
  std::vector<std::uint16_t> lanes;
  for (const WindowMatrix::Group& group : matrix.groups) {
    std::size_t lane = group.plane * layout.stride;
    for (std::size_t axis = 0; axis < 3; ++axis) lane += group.offset[axis] * layout.pitch[axis];
    if (lane > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
    lanes.push_back(static_cast<std::uint16_t>(lane));
  }
  return lanes;
}

std::vector<std::int64_t> weights_on_image(std::span<const std::int64_t> weight,
                                           const ImageLayout& image) {
  const std::size_t row = image.num_planes() * image.stride * image.interleave;
  const std::size_t num_inputs = image.num_channels * image.num_positions();
  std::vector<std::int64_t> spread(weight.size() / num_inputs * row);
  const auto place = [&](std::size_t channel, std::size_t lane) {
    const std::size_t plane = channel / image.interleave;
    return (plane * image.stride + lane) * image.interleave + channel % image.interleave;
  };
  for (std::size_t i = 0; i < weight.size() / num_inputs; ++i) {
    for (std::size_t channel = 0; channel < image.num_channels; ++channel) {
      const auto from = weight.subspan(i * num_inputs + channel * image.num_positions());
      for_each_row(image, [&](std::size_t lane, std::size_t position) {
        for (std::size_t x = 0; x < image.size[2]; ++x) {
          spread[i * row + place(channel, lane + x * image.pitch[2])] = from[position + x];
        }
      });
    }
  }
  return spread;
}

}  // namespace pare::engine
