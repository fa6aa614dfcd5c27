#pragma once

#include <span>
#include <string>

#include "recipe/recipe.h"

namespace pare::recipe {

// How enumerators are spelled in TOML: position i spells the enumerator of value i. One overload an
// enumeration; the argument only picks it.

std::span<const std::string> spellings(Split);
std::span<const std::string> spellings(Standardise);
std::span<const std::string> spellings(ModelKind);
std::span<const std::string> spellings(Activation);
std::span<const std::string> spellings(Padding);
std::span<const std::string> spellings(Pool);
std::span<const std::string> spellings(BatchNormKind);
std::span<const std::string> spellings(Step);
std::span<const std::string> spellings(Granularity);
std::span<const std::string> spellings(WeightFormat);
std::span<const std::string> spellings(WeightRange);
std::span<const std::string> spellings(Calibration);
std::span<const std::string> spellings(Reset);
std::span<const std::string> spellings(Surrogate);
std::span<const std::string> spellings(PruneScope);
std::span<const std::string> spellings(PruneStructure);
std::span<const std::string> spellings(UnitNorm);
std::span<const std::string> spellings(Optimizer);
std::span<const std::string> spellings(Schedule);
std::span<const std::string> spellings(Loss);

}  // namespace pare::recipe
