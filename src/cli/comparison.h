#pragma once

#include <string>

#include "cost/estimate.h"

namespace pare::cli {

/// A model's name and costs.
struct NamedCost {
  std::string name;
  cost::Report report;
};

/// Costs of two models side by side, for people: totals with their ratio, then the layers by name.
std::string render_comparison(const NamedCost& a, const NamedCost& b);

}  // namespace pare::cli
