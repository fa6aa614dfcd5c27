#pragma once

#include <string>
#include <vector>

#include "base/tensor.h"

namespace pare::data {

/// Samples with class labels.
struct Samples {
  Tensor inputs;  ///< float32 [N, …], raw values in the data's own units
  Tensor labels;  ///< int64 [N], 0 … classes-1

  std::int64_t size() const { return inputs.rank() == 0 ? 0 : inputs.dim(0); }
  friend bool operator==(const Samples&, const Samples&) = default;
};

/// Per-channel affine map of raw inputs: x = (raw - mean) / scale, in double, rounded once to
/// float32. One element a feature (axis 1 of [N, F, …]).
struct Standardisation {
  std::vector<double> mean;
  std::vector<double> scale;
};

/// A data set as a recipe asks for it: split, labels noised if asked, not yet standardised.
struct Dataset {
  std::string name;
  std::string description;  ///< "simulated jets (PYTHIA 8 + FastJet)"; synthetic data say so here
  std::vector<std::string> features;  ///< may be empty
  std::vector<std::string> classes;
  Samples train;
  Samples validation;
  Samples test;
  Standardisation standardisation;  ///< empty vectors: none asked for
};

/// The inputs under a standardisation (empty: unchanged).
Tensor standardise(const Tensor& inputs, const Standardisation& by);

}  // namespace pare::data
