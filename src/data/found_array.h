#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/tensor.h"

namespace pare::data {

/// An array that a library found in a file.
struct FoundArray {
  std::string name;  ///< with the names of what it lies in: "group/X", "cells/0/trace"
  std::string type;  ///< a dtype's name; else what it is, as "text"
  Shape shape;
  std::optional<Tensor> values = std::nullopt;  ///< of numbers and booleans, where asked for
};
using TakeArray = std::function<void(FoundArray)>;

/// Whether arrays are wanted with their values.
enum class Values { kSkip, kRead };

/// The values of the array `name` of a file. `find` gives that array with its values if it is there
/// (and may give others), `list` gives all arrays. Throws InputError if there is no such array
/// (naming those there are), or it holds no numbers.
Tensor values_of_one(const std::string& path, const std::string& name,
                     const std::function<void(const TakeArray&)>& find,
                     const std::function<void(const TakeArray&)>& list);

}  // namespace pare::data
