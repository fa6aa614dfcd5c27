#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "data/labelled_images.h"

namespace pare::data {

/// Which of its two labels an image of CIFAR-100 gets.
enum class CifarLabels {
  kFine,    ///< one of 100 classes
  kCoarse,  ///< one of 20 groups of classes
};

/// The images of a CIFAR binary file: records of labels (one byte in CIFAR-10, a coarse and a fine
/// one in CIFAR-100) and 3 x 32 x 32 bytes, all reds before the greens and blues, row by row:
/// images are u8 [N, 3, 32, 32]. The file's size says which of the two it is (where both would fit,
/// CIFAR-10 if all its labels are below 10). `classes` is empty.
/// Throws InputError naming `origin`: a size that is no whole number of records, labels out of
/// range. Ref: Krizhevsky, "Learning multiple layers of features from tiny images", 2009, and the
/// data's own page for the layout.
LabelledImages parse_cifar(std::span<const std::byte> bytes, CifarLabels labels,
                           const std::string& origin);

/// The same of a file. Names of the classes are those of batches.meta.txt (CIFAR-10),
/// fine_label_names.txt or coarse_label_names.txt (CIFAR-100) beside it, where there is such a file
/// with the right number of lines. Throws InputError as parse_cifar and read_file do.
LabelledImages read_cifar(const std::string& path, CifarLabels labels);

}  // namespace pare::data
