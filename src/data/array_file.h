#pragma once

#include <string>

#include "base/tensor.h"

namespace pare::data {

/// The ending of a file name with its dot, in lower case: ".npz". Empty where there is none.
std::string extension(const std::string& path);

/// The array of a .npy file or an IDX file (any other ending), or the named one of a .npz file.
/// Throws InputError as their readers do.
Tensor read_array(const std::string& path, const std::string& array);

/// What messages call an array: "jets.npz: array 'X_train'", or the file alone.
std::string origin_of_array(const std::string& path, const std::string& array);

}  // namespace pare::data
