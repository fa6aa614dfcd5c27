#include "nn/exact_forward.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
#include "nn/exact_kernels.h"
#include "nn/windows.h"
#include "program/reference_ops.h"

namespace pare::nn {
namespace {

using program::BufferId;
using torch::Tensor;

/// Integers of at most so many bits, and their sums, are exact in the mantissa.
constexpr int kFloat32Bits = 24;
constexpr int kFloat64Bits = 53;

/// A layer's constants as torch wants them.
struct LayerPlan {
  Tensor weight;  ///< [n, m], transposed; of a convolution as it is
  Tensor bias;    ///< [m] or undefined
};

std::span<const std::int64_t> codes(const Tensor& x) {
  return {x.data_ptr<std::int64_t>(), static_cast<std::size_t>(x.numel())};
}
std::span<std::int64_t> mutable_codes(const Tensor& x) {
  return {x.data_ptr<std::int64_t>(), static_cast<std::size_t>(x.numel())};
}

Tensor to_tensor(const std::vector<std::int64_t>& values) {
  return torch::tensor(values, torch::kInt64);
}

/// Magnitudes below 2^bits: of a width, two's complement loses one to its sign.
int magnitude_bits(program::Width width) { return width.is_signed ? width.bits - 1 : width.bits; }

}  // namespace

struct ExactForward::Plan {
  lower::Lowered lowered;
  std::vector<std::optional<LayerPlan>> layers;            ///< by node of all sections
  std::vector<std::optional<RequantizeRows>> requantizes;  ///< likewise
  std::vector<const program::Node*> nodes;

  explicit Plan(lower::Lowered from) : lowered(std::move(from)) {
    const program::Program& program = lowered.program;
    const bool is_known =
        program.trip_counts.size() == trip_counts_of(lowered.interface).size() &&
        std::none_of(program.inputs.begin(), program.inputs.end(),
                     [&](BufferId id) { return program.buffer(id).each.has_value(); });
    check(is_known, "ExactForward of a program whose steps are the data's");
    for (const program::Section& section : program.sections) {
      check(section.kind != program::SectionKind::kBackward, "ExactForward backward in time");
      for (const program::Node& node : section.nodes) add(node);
    }
  }

  void add(const program::Node& node) {
    nodes.push_back(&node);
    layers.push_back(plan_layer(node));
    auto& requantize = requantizes.emplace_back();
    if (std::holds_alternative<program::Requantize>(node.op)) {
      requantize.emplace(lowered.program, node);
    }
  }

  /// Throws InputError if sums are not exact in float64.
  torch::Dtype dtype_of(const program::Node& node, program::Width accumulator,
                        program::Width weight) const {
    const program::Width input = lowered.program.buffer(node.inputs.front()).width;
    const int bits =
        std::max({magnitude_bits(accumulator), magnitude_bits(input), magnitude_bits(weight)});
    if (bits <= kFloat32Bits) return torch::kFloat32;
    if (bits <= kFloat64Bits) return torch::kFloat64;
    throw InputError(
        fmt::format("{}: its sums need {} bits, at most {} are exact in float64; use "
                    "fewer bits for its weights or its input",
                    describe(lowered.program, node), bits, kFloat64Bits));
  }

  std::optional<LayerPlan> plan_layer(const program::Node& node) const {
    const auto constants = program::layer_constants(node.op);
    const auto* linear = std::get_if<program::Linear>(&node.op);
    if (!constants || (linear != nullptr && linear->predicate_block)) return std::nullopt;
    const program::Constant& weight = lowered.program.constant(constants->weight);
    // A float32 convolution may be computed by transforms that round; float64 ones are sums.
    const auto exact = dtype_of(node, *accumulator_of(node.op), weight.width);
    const auto dtype = linear != nullptr ? exact : torch::kFloat64;
    LayerPlan plan;
    plan.weight = to_tensor(expand(weight)).view(weight.shape).to(dtype);
    if (linear != nullptr) plan.weight = plan.weight.t().contiguous();
    if (constants->bias) {
      plan.bias = to_tensor(lowered.program.constant(*constants->bias).values).to(dtype);
    }
    return plan;
  }

  /// Rows of samples in the shape of a buffer, in float64.
  Tensor shaped(BufferId id, const Tensor& rows) const {
    Shape shape = lowered.program.buffer(id).shape;
    shape.insert(shape.begin(), rows.size(0));
    return rows.view(shape).to(torch::kFloat64);
  }

  /// Ops with windows, as torch computes them; undefined for others.
  Tensor run_window(const program::Node& node, std::size_t index, const Tensor& rows) const {
    const BufferId x = node.inputs.front();
    if (const auto* conv = std::get_if<program::Conv>(&node.op)) {
      return convolve(shaped(x, rows), layers[index]->weight, layers[index]->bias,
                      {conv->stride, conv->padding, conv->dilation, conv->groups});
    }
    if (const auto* pool = std::get_if<program::MaxPool>(&node.op)) {
      return max_pool(shaped(x, rows), pool->window);
    }
    if (const auto* pool = std::get_if<program::SumPool>(&node.op)) {
      return sum_pool(shaped(x, rows), pool->window);
    }
    return {};
  }

  Tensor run(std::size_t index, const std::vector<Tensor>& buffers) const {
    const program::Node& node = *nodes[index];
    const Tensor& x = buffers[node.inputs.front().value];
    if (const Tensor y = run_window(node, index, x); y.defined()) {
      return y.to(torch::kInt64).reshape({x.size(0), -1});
    }
    if (layers[index]) {
      const LayerPlan& plan = *layers[index];
      Tensor sum = x.view({-1, plan.weight.size(0)}).to(plan.weight.dtype()).matmul(plan.weight);
      if (plan.bias.defined()) sum += plan.bias;
      return sum.to(torch::kInt64).view({x.size(0), -1});
    }
    if (requantizes[index]) {
      Tensor y = torch::empty_like(x);
      (*requantizes[index])(codes(x), mutable_codes(y));
      return y;
    }
    return run_rows(node, buffers);
  }

  /// What buffers with an origin hold at each step of a loop, by BufferId.
  using History = std::vector<std::vector<Tensor>>;

  /// The nodes of a section from `first` on, once.
  void run_nodes(const program::Section& section, std::size_t first,
                 std::vector<Tensor>& buffers) const {
    for (std::size_t i = 0; i < section.nodes.size(); ++i) {
      buffers[section.nodes[i].outputs.front().value] = run(first + i, buffers);
    }
  }

  Tensor initial_value(const program::State& state, std::int64_t samples) const {
    const program::Constant& initial = lowered.program.constant(state.initial);
    const auto size = static_cast<std::int64_t>(size_of(lowered.program, state.buffer));
    return to_tensor(expand(initial)).view({1, -1}).expand({samples, size}).contiguous();
  }

  void run_loop(const program::Section& section, std::size_t first, std::int64_t samples,
                std::vector<Tensor>& buffers, History& history) const {
    for (const program::State& state : section.states) {
      buffers[state.buffer.value] = initial_value(state, samples);
    }
    for (std::int64_t t = 0; t < lowered.interface.steps; ++t) {
      run_nodes(section, first, buffers);
      for (const program::Node& node : section.nodes) {
        const BufferId id = node.outputs.front();
        if (lowered.program.buffer(id).origin) history[id.value].push_back(buffers[id.value]);
      }
      // All states change at once.
      std::vector<Tensor> next;
      for (const program::State& state : section.states) next.push_back(buffers[state.next.value]);
      for (std::size_t i = 0; i < next.size(); ++i) {
        buffers[section.states[i].buffer.value] = next[i];
      }
    }
  }

  /// All sections, on rows of input codes. A buffer that has a value at each step ends up with the
  /// last; those with an origin with all of them, [N, steps of elements].
  void run_sections(std::int64_t samples, std::vector<Tensor>& buffers) const {
    History history(buffers.size());
    std::size_t first = 0;
    for (const program::Section& section : lowered.program.sections) {
      if (section.kind == program::SectionKind::kOnce) {
        run_nodes(section, first, buffers);
      } else {
        run_loop(section, first, samples, buffers, history);
      }
      first += section.nodes.size();
    }
    for (std::size_t i = 0; i < history.size(); ++i) {
      if (!history[i].empty()) buffers[i] = torch::stack(history[i], 1).flatten(1);
    }
  }

  /// Any op, one sample after the other.
  Tensor run_rows(const program::Node& node, const std::vector<Tensor>& buffers) const {
    const std::int64_t samples = buffers[node.inputs.front().value].size(0);
    const std::size_t size = size_of(lowered.program, node.outputs.front());
    Tensor y = torch::empty({samples, static_cast<std::int64_t>(size)}, torch::kInt64);
    for (std::int64_t n = 0; n < samples; ++n) {
      std::vector<std::span<const std::int64_t>> inputs;
      for (const BufferId id : node.inputs) inputs.push_back(codes(buffers[id.value][n]));
      run_op(lowered.program, node, inputs, mutable_codes(y[n]), false);
    }
    return y;
  }
};

ExactForward::ExactForward(const lower::Lowered& lowered)
    : plan_(std::make_unique<Plan>(lowered)) {}
ExactForward::~ExactForward() = default;

ExactForward::Result ExactForward::operator()(const Tensor& inputs) const {
  const torch::NoGradGuard no_grad;
  const program::Program& program = plan_->lowered.program;
  const lower::Interface& interface = plan_->lowered.interface;
  const Tensor x = inputs.contiguous();
  const std::int64_t samples = x.size(0);
  std::vector<Tensor> buffers(program.buffers.size());
  Tensor& input = buffers[program.inputs.front().value];
  input = torch::empty({samples, x.numel() / std::max<std::int64_t>(samples, 1)}, torch::kInt64);
  lower::quantize_input(interface, {x.data_ptr<float>(), static_cast<std::size_t>(x.numel())},
                        mutable_codes(input));
  plan_->run_sections(samples, buffers);
  Result result;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const auto& origin = program.buffers[i].origin;
    if (!origin || !buffers[i].defined()) continue;
    result.codes[origin->wire] = buffers[i];
    result.kept[origin->wire] = origin->kept;
  }
  const Tensor& output = buffers[program.outputs.front().value];
  result.values = torch::empty(output.sizes(), torch::kFloat64);
  map_output(interface, codes(output),
             {result.values.data_ptr<double>(), static_cast<std::size_t>(output.numel())});
  return result;
}

}  // namespace pare::nn
