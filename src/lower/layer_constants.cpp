#include "lower/layer_constants.h"

#include <algorithm>
#include <cmath>
#include <variant>

#include <fmt/format.h>

#include "base/error.h"
#include "graph/infer.h"
#include "graph/quantize.h"

namespace pare::lower {
namespace {

using graph::Graph;
using graph::Node;
using graph::Parameter;

[[noreturn]] void refuse(const Graph& graph, const Node& node, const std::string& what) {
  throw InputError(fmt::format("{} cannot be frozen: {}", describe(graph, node), what));
}

void check_weight(const Graph& graph, const Node& node, const Parameter& weight) {
  if (!weight.quantizer) {
    refuse(graph, node,
           fmt::format("weight '{}' is float; quantize it ([quantize] weight_bits = 1 to 16)",
                       weight.name));
  }
  const auto* levels = std::get_if<graph::Levels>(&weight.quantizer->format);
  if (levels == nullptr) return;
  for (const double level : levels->levels) {
    if (level == std::nearbyint(level)) continue;
    refuse(graph, node,
           fmt::format("weight '{}' has the level {}, which is no multiple of its step",
                       weight.name, level));
  }
}

/// Codes less their zero points, row-major in the stored shape.
std::vector<std::int64_t> centred_codes(const Graph& graph, const Parameter& weight,
                                        const graph::Codec& codec) {
  const Tensor codes = codes_of(graph, weight);
  const std::size_t run = std::max<std::size_t>(1, codes.size() / codec.num_groups());
  std::vector<std::int64_t> centred;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto& zeros = codec.zero_points;
    const float zero = zeros.size() == 1 ? zeros.front() : zeros.at(i / run);
    centred.push_back(codes.as<std::int32_t>()[i] - static_cast<std::int64_t>(zero));
  }
  return centred;
}

/// Ternary where nothing else occurs, binary and signed digits where the format promises them.
program::Encoding encoding_of(const graph::Format& format, const std::vector<std::int64_t>& codes) {
  const bool is_ternary = std::all_of(codes.begin(), codes.end(),
                                      [](std::int64_t code) { return code >= -1 && code <= 1; });
  const bool has_zero = std::find(codes.begin(), codes.end(), 0) != codes.end();
  if (is_ternary && !has_zero && std::holds_alternative<graph::Binary>(format)) {
    return program::Binary{};
  }
  if (is_ternary) return program::Ternary{};
  if (const auto* digits = std::get_if<graph::SignedDigits>(&format)) {
    const bool are_digits = std::all_of(codes.begin(), codes.end(), [&](std::int64_t code) {
      return program::num_signed_digits(code) <= digits->terms;
    });
    if (are_digits) return program::SignedDigits{digits->terms};
  }
  return program::Uniform{};
}

program::Width width_of_codes(const std::vector<std::int64_t>& codes) {
  const auto [lowest, highest] = std::minmax_element(codes.begin(), codes.end());
  return program::narrowest({*lowest, *highest});
}

}  // namespace

WeightCodes weight_codes(const Graph& graph, const Node& node, graph::ParameterId id) {
  const Parameter& weight = graph.parameter(id);
  check_weight(graph, node, weight);
  const graph::Codec codec = make_codec(graph, *weight.quantizer, masked(weight));
  const auto num_rows = static_cast<std::size_t>(weight.stored.dim(0));
  if (codec.num_groups() != 1 && codec.num_groups() != num_rows) {
    refuse(graph, node,
           fmt::format("weight '{}' has {} steps, expected one or one a row ({})", weight.name,
                       codec.num_groups(), num_rows));
  }
  WeightCodes result;
  result.constant.name = weight.name;
  result.constant.values = centred_codes(graph, weight, codec);
  result.constant.width = width_of_codes(result.constant.values);
  result.constant.encoding = encoding_of(weight.quantizer->format, result.constant.values);
  result.constant.shape = weight.stored.shape();
  std::size_t rows_per_stored = 1;
  if (const auto* circulant = std::get_if<graph::BlockCirculant>(&weight.structure)) {
    const Shape& stored = weight.stored.shape();
    result.constant.circulant = circulant->block_size;
    result.constant.shape = {stored[0] * stored[2], stored[1] * stored[2]};
    rows_per_stored = static_cast<std::size_t>(circulant->block_size);
  }
  for (const graph::Scale& scale : codec.scales) {
    const std::size_t copies = codec.scales.size() == 1 ? 1 : rows_per_stored;
    result.steps.insert(result.steps.end(), copies,
                        static_cast<double>(scale.divide) / static_cast<double>(scale.multiply));
    result.float_steps.insert(result.float_steps.end(), copies, scale.step());
  }
  return result;
}

BiasCodes bias_codes(const Graph& graph, const Node& node, graph::ParameterId bias,
                     const std::vector<float>& accumulator_steps) {
  const Parameter& parameter = graph.parameter(bias);
  BiasCodes result;
  if (parameter.quantizer && parameter.quantizer->range_rule == graph::RangeRule::kAccumulator) {
    const Tensor codes = codes_of(graph, parameter, accumulator_steps);
    result.codes.assign(codes.as<std::int32_t>().begin(), codes.as<std::int32_t>().end());
    return result;
  }
  const auto values = value_of(graph, parameter).to_doubles();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double step =
        accumulator_steps.size() == 1 ? accumulator_steps.front() : accumulator_steps.at(i);
    const double code = std::nearbyint(values[i] / step);
    if (std::abs(code) > 0x1p38) {
      refuse(
          graph, node,
          fmt::format("bias '{}' of {} needs more than 39 bits on the grid of its sums (step {})",
                      parameter.name, values[i], step));
    }
    result.codes.push_back(static_cast<std::int64_t>(code));
    result.was_rounded = result.was_rounded || code * step != values[i];
  }
  return result;
}

}  // namespace pare::lower
