#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace pare::data {

/// An array of a file: the whole of a .npy or IDX file, or a named one of a .npz or .mat file.
struct ArraySource {
  std::string file;   ///< relative to a data folder
  std::string array;  ///< empty but for files of named arrays
};

/// Where inputs and labels of one split lie.
struct SplitSource {
  ArraySource inputs;
  ArraySource labels;
};

/// Where a scene lies, and what it must be.
struct SceneSource {
  ArraySource cube;  ///< an empty file: the scene is computed
  ArraySource labels;
  Shape shape;                              ///< of the cube: rows, columns, bands
  std::vector<std::int64_t> label_numbers;  ///< of the classes, in their order
};

struct CatalogueFile {
  std::string path;    ///< relative to a data folder
  std::string url;     ///< its official address; empty: it has none
  std::string sha256;  ///< empty: not known, and neither is its size
  std::int64_t bytes = 0;
};

/// One data set that has a name.
struct CatalogueSet {
  std::string name;
  std::string description;
  std::string terms;     ///< licence, or what is known of it
  std::string citation;  ///< whom to cite
  std::vector<std::string> features;
  std::vector<std::string> classes;
  std::vector<CatalogueFile> files;  ///< none: the set is computed
  std::string axes;                  ///< what the axes of the inputs are, see samples_first()
  std::optional<SplitSource> train;
  std::optional<SplitSource> validation;
  std::optional<SplitSource> test;
  std::optional<SceneSource> scene;  ///< in the place of those

  bool is_synthetic() const { return files.empty(); }
};

/// Every data set with a name, from the catalogue.toml that is built into the library.
std::vector<CatalogueSet> catalogue();

/// The sets of a catalogue in TOML. Throws InputError naming `origin`, line and key.
std::vector<CatalogueSet> parse_catalogue(std::string_view toml, const std::string& origin);

/// The set of this name. Throws InputError with the nearest name.
CatalogueSet find_set(const std::string& name);

}  // namespace pare::data
