#include "graph/affine_map.h"

#include <algorithm>

#include "base/error.h"
#include "graph/graph.h"

namespace pare::graph {
namespace {

AffineMap affine_map(const CodeRange& codes, StepRule step, std::span<const float> values) {
  float lowest = 0;
  float highest = 0;
  for (const float x : values) {
    lowest = std::min(lowest, x);
    highest = std::max(highest, x);
  }
  AffineMap map{.codes = codes};
  map.scale =
      make_scale(highest - lowest, codes.highest - codes.lowest, step, Pow2Choice::kNeverClip);
  const float code = round_to(lowest * map.scale.multiply / map.scale.divide, kAffineRounding);
  map.zero_point = end_code(codes.lowest) - code;
  return map;
}

}  // namespace

std::vector<AffineMap> affine_maps(std::span<const CodeRange> codes, StepRule step,
                                   std::span<const float> values, std::size_t num_groups) {
  check(num_groups > 0 && values.size() % num_groups == 0, "affine_maps: groups do not fit");
  check(codes.size() == 1 || codes.size() == num_groups, "affine_maps: codes do not fit");
  const std::size_t run = values.size() / num_groups;
  std::vector<AffineMap> maps;
  for (std::size_t group = 0; group < num_groups; ++group) {
    const CodeRange& of = codes.size() == 1 ? codes.front() : codes[group];
    maps.push_back(affine_map(of, step, values.subspan(group * run, run)));
  }
  return maps;
}

bool has_training_maps(const Graph& graph) {
  return std::any_of(graph.parameters.begin(), graph.parameters.end(), [](const Parameter& of) {
    return of.quantizer && of.quantizer->training_map;
  });
}

}  // namespace pare::graph
