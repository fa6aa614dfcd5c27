#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/catalogue.h"
#include "data/dataset.h"
#include "data/request.h"
#include "data/synthetic.h"

namespace pare::data {

/// A data set before it is split, its labels checked against its classes. Parts that the source
/// does not have are absent.
struct Source {
  std::string name;
  std::string description;
  std::vector<std::string> features;  ///< may be empty
  std::vector<std::string> classes;
  Samples train;
  std::optional<Samples> validation;
  std::optional<Samples> test;
};

/// Where a file of the set lies. Throws InputError if it is missing (where it was looked for) or of
/// another size than the catalogue says.
std::string set_file(const std::string& file, const CatalogueSet& set);

/// The files of a catalogue's set. Throws InputError: files that are missing (where they were
/// looked for), of another size than the catalogue says, or broken.
Source read_set_files(const CatalogueSet& set);

/// The user's own files. The features of a CSV file are all its columns but the labels'. Class
/// names are the request's, else those found as labels in the training file, else the numbers up to
/// its largest label. Throws InputError naming file and array, row or column.
Source read_user_files(const Request& request);

/// The samples of a synthetic set: the last fifth of them is the test part. Recipes get those of
/// kSyntheticSeed. Throws InputError for less than 50 samples.
Source make_synthetic(const CatalogueSet& set, std::int64_t num_samples,
                      std::uint64_t seed = kSyntheticSeed);

}  // namespace pare::data
