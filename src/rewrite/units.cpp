// Walks the graph with a list of unit numbers for each wire, one a channel (axis 0). Layers make
// new numbers; ops that act on channels alone hand them on; adds join them (a union-find). A
// parameter's rows and columns are claimed for the units of the wires that they write and read;
// claimed twice, the units are one.

#include "rewrite/units.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "graph/edit.h"
#include "graph/infer.h"
#include "graph/quantize.h"

namespace pare::rewrite {
namespace {

using graph::Graph;
using graph::Node;
using graph::Parameter;
using graph::ParameterId;
using graph::Role;

using UnitIds = std::vector<std::size_t>;

class Walk {
 public:
  explicit Walk(const Graph& graph)
      : graph_(graph), infos_(graph::infer_shapes(graph)), wires_(graph.wires.size()) {}

  std::vector<Unit> run() {
    for (const graph::Input& input : graph_.inputs) {
      wires_[input.wire.value] = fixed(channels(input.wire));
    }
    for (const Node& node : graph_.nodes) {
      node_ = &node;
      wires_[node.outputs.front().value] = std::visit(*this, node.op);
    }
    fix(wires_[graph_.output.value]);
    return collect();
  }

  UnitIds operator()(const graph::Linear& op) {
    const Parameter& weight = graph_.parameter(op.weight);
    const bool is_dense = std::holds_alternative<graph::Dense>(weight.structure);
    if (!is_dense || infos_[node_->inputs.front().value].shape.size() != 1) {
      // Of more than one axis the layer's outputs are no channels.
      fix_layer(op.weight, op.bias);
      if (!is_dense) fix(input());
      return is_dense ? input() : fixed(channels(node_->outputs.front()));
    }
    claim(op.weight, 1, input(), false);
    return made(op.weight, op.bias, fresh(weight.stored.dim(0)));
  }

  UnitIds operator()(const graph::Conv& op) {
    const std::int64_t outputs = graph_.parameter(op.weight).stored.dim(0);
    if (op.groups == 1) {
      claim(op.weight, 1, input(), false);
      return made(op.weight, op.bias, fresh(outputs));
    }
    const auto inputs = static_cast<std::int64_t>(input().size());
    if (op.groups != inputs) {
      fix(input());
      return made(op.weight, op.bias, fixed(outputs));
    }
    UnitIds tied;
    for (std::int64_t m = 0; m < outputs; ++m) {
      tied.push_back(input()[static_cast<std::size_t>(m / (outputs / inputs))]);
    }
    return made(op.weight, op.bias, std::move(tied));
  }

  UnitIds operator()(const graph::BatchNorm& op) {
    if (!op.gain || !op.shift) fix(input());
    for (const auto& id : {op.gain, op.shift, op.mean, op.variance}) {
      if (id) claim(*id, 0, input(), true);
    }
    return input();
  }

  UnitIds operator()(const graph::Quantize& op) {
    claim_quantizer(op.quantizer, input());
    return input();
  }

  UnitIds operator()(const graph::Add&) {
    const UnitIds& a = input(0);
    const UnitIds& b = input(1);
    for (std::size_t i = 0; i < a.size(); ++i) join(a[i], b[i]);
    return a;
  }

  UnitIds operator()(const graph::Concat&) {
    UnitIds joined;
    for (std::size_t i = 0; i < node_->inputs.size(); ++i) {
      joined.insert(joined.end(), input(i).begin(), input(i).end());
    }
    return joined;
  }

  UnitIds operator()(const graph::Flatten&) {
    const auto size =
        static_cast<std::size_t>(num_elements(infos_[node_->inputs.front().value].shape));
    UnitIds elements;
    for (std::size_t i = 0; i < size; ++i) {
      elements.push_back(input()[i / (size / input().size())]);
    }
    return elements;
  }

  UnitIds operator()(const graph::Reshape&) { return other_channels(); }

  UnitIds operator()(const graph::Transpose& op) {
    const bool keeps_channels = op.order.empty() || op.order.front() == 0;
    return keeps_channels ? input() : other_channels();
  }

  UnitIds operator()(const graph::Spike& op) {
    // Without a current nothing spikes: a threshold is above 0.
    claim_neuron(op.threshold);
    if (op.leak) claim_neuron(*op.leak);
    return input();
  }

  // Not 0 where their input is.
  UnitIds operator()(const graph::Softmax&) { return pinned(); }
  UnitIds operator()(const graph::Sigmoid&) { return pinned(); }
  UnitIds operator()(const graph::Table&) { return pinned(); }

  UnitIds operator()(const graph::Repeat&) { return input(); }
  UnitIds operator()(const graph::SumOverTime&) { return input(); }
  UnitIds operator()(const graph::MaxPool&) { return input(); }
  UnitIds operator()(const graph::AveragePool&) { return input(); }
  UnitIds operator()(const graph::SumPool&) { return input(); }
  UnitIds operator()(const graph::Relu&) { return input(); }
  UnitIds operator()(const graph::LeakyRelu&) { return input(); }
  UnitIds operator()(const graph::Tanh&) { return input(); }
  UnitIds operator()(const graph::Dropout&) { return input(); }

 private:
  struct Claim {
    UnitIds units;
    bool is_maker = false;
  };

  std::int64_t channels(graph::WireId wire) const {
    const Shape& shape = infos_[wire.value].shape;
    return shape.empty() ? 1 : shape.front();
  }

  const UnitIds& input(std::size_t i = 0) const { return wires_[node_->inputs.at(i).value]; }

  UnitIds fresh(std::int64_t count) {
    UnitIds units(static_cast<std::size_t>(count));
    std::iota(units.begin(), units.end(), parents_.size());
    for (const std::size_t unit : units) {
      parents_.push_back(unit);
      is_fixed_.push_back(false);
    }
    return units;
  }

  UnitIds fixed(std::int64_t count) {
    UnitIds units = fresh(count);
    fix(units);
    return units;
  }

  UnitIds pinned() {
    fix(input());
    return input();
  }

  /// The output's channels are no longer the input's.
  UnitIds other_channels() {
    fix(input());
    return fixed(channels(node_->outputs.front()));
  }

  std::size_t root(std::size_t unit) {
    while (parents_[unit] != unit) unit = parents_[unit] = parents_[parents_[unit]];
    return unit;
  }

  void join(std::size_t a, std::size_t b) {
    a = root(a);
    b = root(b);
    if (a == b) return;
    // The earlier one stands for both.
    if (b < a) std::swap(a, b);
    parents_[b] = a;
    is_fixed_[a] = is_fixed_[a] || is_fixed_[b];
  }

  void fix(const UnitIds& units) {
    for (const std::size_t unit : units) is_fixed_[root(unit)] = true;
  }

  /// The slices of a parameter along an axis belong to these units.
  void claim(ParameterId id, std::size_t axis, const UnitIds& units, bool is_maker) {
    const auto [found, is_new] = claims_.try_emplace({id, axis}, Claim{units, is_maker});
    if (is_new) return;
    for (std::size_t i = 0; i < units.size(); ++i) join(found->second.units[i], units[i]);
  }

  void claim_quantizer(const graph::Quantizer& quantizer, const UnitIds& units) {
    for_each_parameter_id(quantizer, [&](const ParameterId& id) {
      const std::size_t size = graph_.parameter(id).stored.size();
      if (size == 1) return;
      if (size == units.size() && graph_.parameter(id).stored.rank() == 1) {
        claim(id, 0, units, true);
      } else {
        fix(units);
      }
    });
  }

  void claim_neuron(ParameterId id) {
    if (graph_.parameter(id).stored.size() > 1) claim(id, 0, input(), true);
  }

  UnitIds made(ParameterId weight, const std::optional<ParameterId>& bias, UnitIds units) {
    claim(weight, 0, units, true);
    claim_parameter_quantizer(weight, units);
    if (bias) {
      claim(*bias, 0, units, true);
      claim_parameter_quantizer(*bias, units);
    }
    return units;
  }

  void claim_parameter_quantizer(ParameterId id, const UnitIds& units) {
    const auto& quantizer = graph_.parameter(id).quantizer;
    if (quantizer) claim_quantizer(*quantizer, units);
  }

  /// A layer whose rows and columns stay.
  void fix_layer(ParameterId weight, const std::optional<ParameterId>& bias) {
    const Shape& shape = graph_.parameter(weight).stored.shape();
    made(weight, bias, fixed(shape.front()));
    claim(weight, 1, fixed(shape.at(1)), false);
  }

  std::vector<Unit> collect() {
    std::map<std::size_t, Unit> units;
    for (const auto& [where, claim] : claims_) {
      for (std::size_t i = 0; i < claim.units.size(); ++i) {
        const std::size_t unit = root(claim.units[i]);
        if (is_fixed_[unit]) continue;
        const UnitSlice slice{where.first, where.second, static_cast<std::int64_t>(i)};
        (claim.is_maker ? units[unit].made_by : units[unit].read_by).push_back(slice);
      }
    }
    std::vector<Unit> result;
    for (auto& [number, unit] : units) result.push_back(std::move(unit));
    return result;
  }

  const Graph& graph_;
  std::vector<graph::WireInfo> infos_;
  std::vector<UnitIds> wires_;  ///< by WireId: the units of the channels
  const Node* node_ = nullptr;
  std::vector<std::size_t> parents_;
  std::vector<bool> is_fixed_;  ///< of roots
  std::map<std::pair<ParameterId, std::size_t>, Claim> claims_;
};

/// Whether a unit is 0 only if such a parameter's slice is.
bool decides(Role role) {
  return role == Role::kWeight || role == Role::kBias || role == Role::kGain ||
         role == Role::kShift;
}

bool is_column_zero(const Parameter& parameter, const UnitSlice& slice) {
  const Tensor values = graph::masked(parameter);
  const auto elements = values.as<float>();
  bool is_zero = true;
  for_each_of_slice(values.shape(), slice,
                    [&](std::size_t i) { is_zero = is_zero && elements[i] == 0; });
  return is_zero;
}

/// Whether a quantizer takes its range from elements of the slice, so that it would change.
bool has_range_of(const Graph& graph, const UnitSlice& slice, bool is_row) {
  const Parameter& parameter = graph.parameter(slice.parameter);
  if (!parameter.quantizer) return false;
  using enum graph::RangeRule;
  switch (parameter.quantizer->range_rule) {
    case kLearned:
    case kFixed:
    case kStep:
    case kAccumulator:
      return false;
    case kMaxAbs:
    case kMinMax:
      // Rows of a unit that goes are 0.
      return !is_row && !is_column_zero(parameter, slice);
    case kMeanAbs:
    case kTwiceMeanAbs:
    case kSawb:
    case kThresholdMean:
      break;
  }
  // A mean changes with the number of weights.
  return true;
}

bool has_ranges(const Graph& graph, const Unit& unit) {
  const auto any = [&](const std::vector<UnitSlice>& slices, bool is_row) {
    return std::any_of(slices.begin(), slices.end(),
                       [&](const UnitSlice& slice) { return has_range_of(graph, slice, is_row); });
  };
  return any(unit.made_by, true) || any(unit.read_by, false);
}

/// Which indices along the axes of a parameter stay.
using Kept = std::map<std::size_t, std::vector<bool>>;

Tensor cut_axis(const Tensor& tensor, std::size_t axis, const std::vector<bool>& stays) {
  Shape shape = tensor.shape();
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  const auto run = static_cast<std::size_t>(inner) * size_of(tensor.dtype());
  shape[axis] = std::count(stays.begin(), stays.end(), true);
  Tensor cut(tensor.dtype(), shape);
  const auto from = tensor.bytes();
  const auto to = cut.bytes();
  std::size_t written = 0;
  for (std::size_t i = 0; i * run < from.size(); ++i) {
    if (!stays[i % stays.size()]) continue;
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(i * run), run,
                to.begin() + static_cast<std::ptrdiff_t>(written * run));
    ++written;
  }
  return cut;
}

Tensor cut(Tensor tensor, const Kept& kept) {
  for (const auto& [axis, stays] : kept) tensor = cut_axis(tensor, axis, stays);
  return tensor;
}

}  // namespace

std::vector<Unit> units_of(const Graph& graph) { return Walk(graph).run(); }

bool is_zero(const Graph& graph, const Unit& unit) {
  return std::all_of(unit.made_by.begin(), unit.made_by.end(), [&](const UnitSlice& slice) {
    const Parameter& parameter = graph.parameter(slice.parameter);
    if (!decides(parameter.role)) return true;
    const Tensor values = graph::masked(parameter);
    const auto elements = values.as<float>();
    const std::size_t run = elements.size() / static_cast<std::size_t>(parameter.stored.dim(0));
    const auto row = elements.subspan(static_cast<std::size_t>(slice.index) * run, run);
    return std::all_of(row.begin(), row.end(), [](float x) { return x == 0; });
  });
}

Graph compact_units(const Graph& graph) {
  std::map<ParameterId, Kept> kept;
  const auto stays = [&](const UnitSlice& slice) -> std::vector<bool>& {
    auto& list = kept[slice.parameter][slice.axis];
    if (list.empty()) {
      list.assign(
          static_cast<std::size_t>(graph.parameter(slice.parameter).stored.shape()[slice.axis]),
          true);
    }
    return list;
  };
  std::vector<Unit> zeros;
  for (Unit& unit : units_of(graph)) {
    if (is_zero(graph, unit) && !has_ranges(graph, unit)) zeros.push_back(std::move(unit));
  }
  for (const Unit& unit : zeros) {
    for (const UnitSlice& slice : unit.made_by) {
      stays(slice)[static_cast<std::size_t>(slice.index)] = false;
    }
  }
  // A unit stays with all of its slices: where a layer would lose its last one, that unit does.
  std::erase_if(zeros, [&](const Unit& unit) {
    const bool is_last =
        std::any_of(unit.made_by.begin(), unit.made_by.end(), [&](const UnitSlice& slice) {
          const auto& list = stays(slice);
          return std::find(list.begin(), list.end(), true) == list.end();
        });
    if (!is_last) return false;
    for (const UnitSlice& slice : unit.made_by) {
      stays(slice)[static_cast<std::size_t>(slice.index)] = true;
    }
    return true;
  });
  for (const Unit& unit : zeros) {
    for (const UnitSlice& slice : unit.read_by) {
      stays(slice)[static_cast<std::size_t>(slice.index)] = false;
    }
  }
  Graph result = graph;
  for (const auto& [id, lists] : kept) {
    Parameter& parameter = result.parameter(id);
    const Shape before = parameter.stored.shape();
    parameter.stored = cut(parameter.stored, lists);
    if (parameter.mask) parameter.mask = cut(*parameter.mask, lists);
    const auto copy = find_parameter(result, parameter.name + ".rewind");
    if (copy && result.parameter(*copy).stored.shape() == before) {
      result.parameter(*copy).stored = cut(result.parameter(*copy).stored, lists);
    }
  }
  for (Node& node : result.nodes) {
    auto* conv = std::get_if<graph::Conv>(&node.op);
    if (conv == nullptr || conv->groups == 1) continue;
    const auto found = kept.find(conv->weight);
    if (found == kept.end() || !found->second.contains(0)) continue;
    // A depthwise convolution: as many groups as inputs are left.
    const std::int64_t rows = graph.parameter(conv->weight).stored.dim(0);
    conv->groups = result.parameter(conv->weight).stored.dim(0) / (rows / conv->groups);
  }
  return result;
}

}  // namespace pare::rewrite
