#pragma once

#include <string>

#include "base/tensor.h"
#include "data/found_array.h"

namespace pare::data {

/// Every dataset of an HDF5 file under its path without the leading slash ("group/X"), ordered by
/// name in each group. Integers, floats of at most 64 bits (half ones as float32) and enumerations
/// of false and true come with their values if asked for; strings, records and the like with their
/// type alone. Shapes are row-major, as the format has them (those that a column-major program such
/// as MATLAB wrote are the reverse of what it calls them).
///
/// Nothing outside the file is followed: soft and external links, external storage, virtual
/// datasets, filter plugins.
///
/// Throws InputError naming the file and dataset: no HDF5 file, damaged, a dataset that claims more
/// than the file can hold or needs a filter that this HDF5 lacks; and without PARE_WITH_HDF5, with
/// the package to install.
void find_hdf5_arrays(const std::string& path, Values values, const TakeArray& take);

/// The dataset of this name. Throws InputError as find_hdf5_arrays does, and if there is no such
/// dataset (names those there are), or it holds no numbers.
Tensor read_hdf5(const std::string& path, const std::string& name);

}  // namespace pare::data
