// Grids, wire by wire. A layer's hull is the sum over its terms of the hull of 0 and
// weight x input, with the weights as they are, so that it bounds the partial sums of any order.

#include <algorithm>

#include <fmt/format.h>

#include "graph/infer.h"
#include "graph/quantize.h"
#include "graph/window.h"

namespace pare::graph {
namespace {

struct Interval {
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
};

/// Codes of a quantized weight, less its zero point, and the steps of its rows.
struct WeightCodes {
  std::vector<double> steps;  ///< one, or one a row of the stored tensor
  std::vector<std::int64_t> codes;
  std::size_t num_rows = 0;         ///< of the stored tensor
  std::size_t rows_per_stored = 1;  ///< output channels that a stored row makes
};

std::vector<double> steps_of(const std::vector<Scale>& scales) {
  std::vector<double> steps;
  for (const Scale& scale : scales) {
    steps.push_back(static_cast<double>(scale.divide) / static_cast<double>(scale.multiply));
  }
  return steps;
}

std::optional<WeightCodes> weight_codes(const Graph& graph, const Parameter& weight) {
  if (!weight.quantizer || weight.quantizer->range_rule == RangeRule::kAccumulator) {
    return std::nullopt;
  }
  WeightCodes result;
  const Codec codec = make_codec(graph, *weight.quantizer, masked(weight));
  result.num_rows = static_cast<std::size_t>(weight.stored.dim(0));
  // A step for each element leaves no grid for their sum.
  if (codec.num_groups() != 1 && codec.num_groups() != result.num_rows) return std::nullopt;
  result.steps = steps_of(codec.scales);
  const Tensor codes = codes_of(graph, weight);
  const std::size_t run = std::max<std::size_t>(1, codes.size() / codec.num_groups());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto& zeros = codec.zero_points;
    const float zero = zeros.size() == 1 ? zeros.front() : zeros.at(i / run);
    result.codes.push_back(codes.as<std::int32_t>()[i] - static_cast<std::int64_t>(zero));
  }
  if (const auto* circulant = std::get_if<BlockCirculant>(&weight.structure)) {
    result.rows_per_stored = static_cast<std::size_t>(circulant->block_size);
  }
  return result;
}

/// The rules of grids for one node.
class GridRule {
 public:
  GridRule(const Graph& graph, const Node& node, std::span<const WireInfo> wires)
      : graph_(graph), node_(node), wires_(wires) {}

  std::optional<Grid> operator()(const Quantize& op) const {
    const Codec codec = make_codec(graph_, op.quantizer, Tensor());
    if (codec.zero_points.size() != 1) return std::nullopt;
    Grid grid{.step = steps_of(codec.scales),
              .zero_point = static_cast<std::int64_t>(codec.zero_points.front())};
    grid.lowest = codec.codes.front().lowest;
    grid.highest = codec.codes.front().highest;
    for (const CodeRange& codes : codec.codes) {
      grid.lowest = std::min(grid.lowest, codes.lowest);
      grid.highest = std::max(grid.highest, codes.highest);
    }
    return grid;
  }

  std::optional<Grid> operator()(const Linear& op) const {
    auto grid = layer(op.weight, op.bias);
    // Output channels lie on the last axis; steps of channels only say so where that is axis 0.
    if (grid && grid->step.size() > 1 && wire(0).shape.size() > 1) return std::nullopt;
    return grid;
  }

  std::optional<Grid> operator()(const Conv& op) const { return layer(op.weight, op.bias); }

  std::optional<Grid> operator()(const MaxPool&) const { return wire(0).grid; }

  std::optional<Grid> operator()(const SumPool& op) const { return sums_of_windows(op.window); }

  std::optional<Grid> operator()(const AveragePool& op) const {
    const Window window = make_window(wire(0).shape, op.window, describe(graph_, node_));
    if (window.has_padding() && !op.counts_padding) return std::nullopt;
    auto grid = sums_of_windows(op.window);
    if (grid) {
      for (double& step : grid->step) step /= static_cast<double>(window.num_taps());
    }
    return grid;
  }

  std::optional<Grid> operator()(const Relu&) const {
    auto grid = wire(0).grid;
    if (!grid) return grid;
    grid->lowest = std::max(grid->lowest, grid->zero_point);
    grid->highest = std::max(grid->highest, grid->zero_point);
    return grid;
  }

  std::optional<Grid> operator()(const Dropout&) const { return wire(0).grid; }

  std::optional<Grid> operator()(const Flatten&) const { return reshaped(); }
  std::optional<Grid> operator()(const Reshape&) const { return reshaped(); }

  std::optional<Grid> operator()(const Transpose& op) const {
    const auto& grid = wire(0).grid;
    if (!grid || grid->step.size() == 1) return grid;
    // Steps of elements are lost as well: they say which one they are of by their order alone.
    const bool are_channels =
        static_cast<std::int64_t>(grid->step.size()) == wire(0).shape.front() && op.order[0] == 0;
    return are_channels ? grid : std::nullopt;
  }

  std::optional<Grid> operator()(const Repeat&) const { return wire(0).grid; }

  std::optional<Grid> operator()(const SumOverTime&) const {
    auto grid = wire(0).grid;
    if (!grid) return grid;
    const std::int64_t repeated = repeated_steps(graph_);
    const std::int64_t steps = repeated == 0 ? kMaxSteps : repeated;
    grid->lowest = std::min<std::int64_t>(0, multiply(grid->lowest - grid->zero_point, steps));
    grid->highest = std::max<std::int64_t>(0, multiply(grid->highest - grid->zero_point, steps));
    grid->zero_point = 0;
    return grid;
  }

  std::optional<Grid> operator()(const Spike&) const {
    return Grid{.step = {1}, .zero_point = 0, .lowest = 0, .highest = 1};
  }

  std::optional<Grid> operator()(const Add&) const {
    const auto& a = wire(0).grid;
    const auto& b = wire(1).grid;
    if (!a || !b || a->step != b->step) return std::nullopt;
    return Grid{a->step, add(a->zero_point, b->zero_point), add(a->lowest, b->lowest),
                add(a->highest, b->highest)};
  }

  std::optional<Grid> operator()(const Concat&) const {
    auto joined = wire(0).grid;
    for (std::size_t i = 1; i < node_.inputs.size() && joined; ++i) {
      const auto& next = wire(i).grid;
      const bool is_equal = next && next->zero_point == joined->zero_point &&
                            (next->step == joined->step || has_channels(joined, next, i));
      if (!is_equal) return std::nullopt;
      if (joined->step.size() > 1) {
        joined->step.insert(joined->step.end(), next->step.begin(), next->step.end());
      }
      joined->lowest = std::min(joined->lowest, next->lowest);
      joined->highest = std::max(joined->highest, next->highest);
    }
    const bool is_whole = joined && (joined->step.size() == 1 ||
                                     static_cast<std::int64_t>(joined->step.size()) == channels());
    return is_whole ? joined : std::nullopt;
  }

  std::optional<Grid> operator()(const LeakyRelu&) const { return std::nullopt; }
  std::optional<Grid> operator()(const Sigmoid&) const { return std::nullopt; }
  std::optional<Grid> operator()(const Tanh&) const { return std::nullopt; }
  std::optional<Grid> operator()(const Table&) const { return std::nullopt; }
  std::optional<Grid> operator()(const BatchNorm&) const { return std::nullopt; }
  std::optional<Grid> operator()(const Softmax&) const { return std::nullopt; }

 private:
  const WireInfo& wire(std::size_t input) const { return wires_[node_.inputs.at(input).value]; }

  /// Steps of channels only say so while the channels stay.
  std::optional<Grid> reshaped() const {
    const auto& grid = wire(0).grid;
    const Shape& shape = wires_[node_.outputs.front().value].shape;
    const bool is_lost =
        grid && grid->step.size() > 1 && (shape.empty() || shape.front() != wire(0).shape.front());
    return is_lost ? std::nullopt : grid;
  }

  /// The accumulator of a layer.
  std::optional<Grid> layer(ParameterId weight_id, std::optional<ParameterId> bias) const {
    const auto& input = wire(0).grid;
    if (!input || input->step.size() != 1) return std::nullopt;
    const auto weight = weight_codes(graph_, graph_.parameter(weight_id));
    if (!weight) return std::nullopt;
    Grid grid;
    for (const double step : weight->steps) {
      const std::size_t copies = weight->steps.size() == 1 ? 1 : weight->rows_per_stored;
      grid.step.insert(grid.step.end(), copies, input->step.front() * step);
    }
    const Interval inputs{input->lowest - input->zero_point, input->highest - input->zero_point};
    std::vector<Interval> sums;
    for (std::size_t row = 0; row < weight->num_rows; ++row) {
      sums.insert(sums.end(), weight->rows_per_stored, sum_of_row(*weight, row, inputs));
    }
    if (bias && !add_biases(graph_.parameter(*bias), sums)) return std::nullopt;
    for (const Interval& sum : sums) {
      grid.lowest = std::min(grid.lowest, sum.lowest);
      grid.highest = std::max(grid.highest, sum.highest);
    }
    return grid;
  }

  /// Sums of windows, counted from the code of 0, so that padding adds nothing.
  std::optional<Grid> sums_of_windows(const PoolWindow& pool) const {
    auto grid = wire(0).grid;
    if (!grid) return grid;
    const Window window = make_window(wire(0).shape, pool, describe(graph_, node_));
    const auto taps = static_cast<std::int64_t>(window.num_taps());
    const bool is_padded = window.has_padding();
    const auto sum_of = [&](std::int64_t code, std::int64_t limit) {
      const std::int64_t sum = multiply(code - grid->zero_point, taps);
      return is_padded && (limit < 0 ? sum > 0 : sum < 0) ? 0 : sum;
    };
    grid->lowest = sum_of(grid->lowest, -1);
    grid->highest = sum_of(grid->highest, 1);
    grid->zero_point = 0;
    return grid;
  }

  std::int64_t channels() const { return wires_[node_.outputs.front().value].shape.front(); }

  /// Whether both have one step a channel, so that their lists can be joined.
  bool has_channels(const std::optional<Grid>& joined, const std::optional<Grid>& next,
                    std::size_t input) const {
    return joined->step.size() > 1 && next->step.size() > 1 &&
           static_cast<std::int64_t>(next->step.size()) == wire(input).shape.front();
  }

  [[noreturn]] void fail_width() const {
    throw InputError(fmt::format("{}: its sums may need more than 63 bits; use fewer bits",
                                 describe(graph_, node_)));
  }

  std::int64_t add(std::int64_t a, std::int64_t b) const {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) fail_width();
    return sum;
  }

  std::int64_t multiply(std::int64_t a, std::int64_t b) const {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) fail_width();
    return product;
  }

  Interval sum_of_row(const WeightCodes& weight, std::size_t row, Interval inputs) const {
    Interval sum;
    const std::size_t length = weight.codes.size() / weight.num_rows;
    for (std::size_t i = row * length; i < (row + 1) * length; ++i) {
      const std::int64_t a = multiply(weight.codes[i], inputs.lowest);
      const std::int64_t b = multiply(weight.codes[i], inputs.highest);
      sum.lowest = add(sum.lowest, std::min({std::int64_t{0}, a, b}));
      sum.highest = add(sum.highest, std::max({std::int64_t{0}, a, b}));
    }
    return sum;
  }

  /// False if the bias is not on the accumulator's grid.
  bool add_biases(const Parameter& bias, std::vector<Interval>& sums) const {
    if (!bias.quantizer || bias.quantizer->range_rule != RangeRule::kAccumulator) return false;
    const Tensor codes = codes_of(graph_, bias, accumulator_steps(graph_, node_, wires_));
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const std::int64_t code = codes.as<std::int32_t>()[i];
      sums[i].lowest = add(sums[i].lowest, std::min<std::int64_t>(0, code));
      sums[i].highest = add(sums[i].highest, std::max<std::int64_t>(0, code));
    }
    return true;
  }

  const Graph& graph_;
  const Node& node_;
  std::span<const WireInfo> wires_;
};

}  // namespace

std::vector<WireInfo> infer(const Graph& graph) {
  std::vector<WireInfo> wires = infer_shapes(graph);
  for (const Node& node : graph.nodes) {
    const auto grid = std::visit(GridRule(graph, node, wires), node.op);
    for (const WireId output : node.outputs) wires.at(output.value).grid = grid;
  }
  return wires;
}

std::vector<float> accumulator_steps(const Graph& graph, const Node& node,
                                     std::span<const WireInfo> wires) {
  const auto layer = layer_parameters(node.op);
  check(layer.has_value(), "accumulator_steps of a node that has no weights");
  const auto& input = wires[node.inputs.at(0).value].grid;
  const Parameter& weight = graph.parameter(layer->weight);
  if (!input || input->step.size() != 1 || !weight.quantizer) return {};
  const auto* circulant = std::get_if<BlockCirculant>(&weight.structure);
  std::vector<float> steps;
  const auto scales = scales_of(graph, *weight.quantizer, masked(weight));
  for (const Scale& scale : scales) {
    const auto copies = circulant != nullptr && scales.size() > 1
                            ? static_cast<std::size_t>(circulant->block_size)
                            : 1;
    steps.insert(steps.end(), copies, static_cast<float>(input->step.front()) * scale.step());
  }
  return steps;
}

}  // namespace pare::graph
