#include "search/figure.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/names.h"
#include "search/results.h"

namespace pare::search {
namespace {

using Json = nlohmann::json;

const Json& stage_of(const Json& stages, const Figure& figure) {
  if (!stages.is_array() || stages.empty()) {
    throw InputError(fmt::format("figure '{}': the results of the run are no stages", figure.name));
  }
  if (figure.stage.empty()) return stages.back();
  std::vector<std::string> names;
  for (const Json& stage : stages) {
    names.push_back(stage.is_object() ? stage.value("stage", "") : "");
    if (names.back() == figure.stage) return stage;
  }
  throw InputError(fmt::format("figure '{}': the run has no stage '{}'; its stages are: {}",
                               figure.name, figure.stage, fmt::join(names, ", ")));
}

}  // namespace

std::optional<double> find_figure(const Json& stages, const Figure& figure) {
  std::vector<std::string> numbers;
  for (const auto& [name, value] : flatten(stage_of(stages, figure))) {
    if (name == figure.name) {
      // What is not finite was written as null.
      const bool is_finite = value.is_number() && std::isfinite(value.get<double>());
      return is_finite ? std::optional(value.get<double>()) : std::nullopt;
    }
    if (value.is_number()) numbers.push_back(name);
  }
  std::string advice = did_you_mean(figure.name, numbers);
  if (advice.empty()) advice = fmt::format("; there are: {}", fmt::join(numbers, ", "));
  throw InputError(fmt::format("the runs have no figure '{}' (names are those of results.csv){}",
                               figure.name, advice));
}

double to_cost(const Figure& figure, double value) {
  return figure.goal == Goal::kMinimise ? value : -value;
}

}  // namespace pare::search
