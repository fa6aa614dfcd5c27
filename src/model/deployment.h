#pragma once

#include <string>
#include <vector>

#include "lower/interface.h"
#include "model/golden.h"
#include "program/program.h"

namespace pare::model {

/// What of a model runs elsewhere: integers, their two ends, and proof of what they compute.
struct Deployment {
  program::Program program = {};  ///< one input, one output
  lower::Interface interface = {};
  Golden golden = {};
  /// What freezing changed or put in, a sentence each, for people.
  std::vector<std::string> notes = {};

  friend bool operator==(const Deployment&, const Deployment&) = default;
};

/// Throws InputError unless the parts are right and fit each other: program::check; one input and
/// one output of the interface's shapes; finite numbers, as many as there are channels or elements;
/// input codes within the input's width; check_golden.
void check_deployment(const Deployment& deployment);

}  // namespace pare::model
