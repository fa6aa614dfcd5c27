#include "data/catalogue.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/names.h"
#include "base/toml.h"
#include "data/axes.h"
#include "data/catalogue_toml.h"

namespace pare::data {
namespace {

/// "jets.npz#X_train" is an array of an archive, "X_train.npy" a file of its own.
ArraySource array_source(const std::string& text) {
  const std::size_t hash = text.find('#');
  if (hash == std::string::npos) return {.file = text, .array = ""};
  return {.file = text.substr(0, hash), .array = text.substr(hash + 1)};
}

std::optional<SplitSource> read_split(TomlReader& set, std::string_view key) {
  std::optional<TomlReader> table = set.table(key);
  if (!table) return std::nullopt;
  std::string inputs;
  std::string labels;
  table->read("inputs", inputs);
  table->read("labels", labels);
  table->finish();
  if (inputs.empty() || labels.empty()) table->fail("inputs", "both inputs and labels are needed");
  return SplitSource{.inputs = array_source(inputs), .labels = array_source(labels)};
}

std::optional<SceneSource> read_scene(TomlReader& set) {
  std::optional<TomlReader> table = set.table("scene");
  if (!table) return std::nullopt;
  SceneSource scene;
  std::string cube;
  std::string labels;
  table->read("cube", cube);
  table->read("labels", labels);
  table->read("shape", scene.shape, IntRange{.min = 1});
  table->read("label_numbers", scene.label_numbers, IntRange{1, 65535});
  table->finish();
  if (cube.empty() != labels.empty()) table->fail("cube", "both cube and labels, or neither");
  if (scene.shape.size() != 3) table->fail("shape", "expected rows, columns, bands");
  scene.cube = array_source(cube);
  scene.labels = array_source(labels);
  return scene;
}

CatalogueFile read_file_entry(TomlReader& reader) {
  CatalogueFile file;
  reader.read("path", file.path);
  reader.read("url", file.url);
  reader.read("sha256", file.sha256);
  reader.read("bytes", file.bytes, {.min = 1});
  reader.finish();
  if (file.path.empty()) reader.fail("path", "a file without a path");
  const bool is_unknown = file.sha256.empty() && file.bytes == 0;
  if (!is_unknown && file.sha256.size() != 64) {
    reader.fail("sha256", "expected 64 hexadecimal digits (or neither sha256 nor bytes)");
  }
  if (!is_unknown && file.bytes == 0) reader.fail("bytes", "expected the size of the file");
  return file;
}

CatalogueSet read_set(TomlReader& reader) {
  CatalogueSet set;
  reader.read("name", set.name);
  reader.read("description", set.description);
  reader.read("terms", set.terms);
  reader.read("citation", set.citation);
  reader.read("features", set.features);
  reader.read("classes", set.classes);
  reader.read("axes", set.axes);
  for (TomlReader& file : reader.tables("file")) set.files.push_back(read_file_entry(file));
  set.train = read_split(reader, "train");
  set.validation = read_split(reader, "validation");
  set.test = read_split(reader, "test");
  set.scene = read_scene(reader);
  reader.finish();
  if (set.name.empty()) reader.fail("name", "a set without a name");
  check_axes(set.axes);
  if (set.classes.size() < 2) reader.fail("classes", "expected at least two classes");
  if (set.scene && set.scene->label_numbers.size() != set.classes.size()) {
    reader.fail("scene", "expected one of label_numbers a class");
  }
  return set;
}

}  // namespace

std::vector<CatalogueSet> parse_catalogue(std::string_view toml, const std::string& origin) {
  const toml::table table = parse_toml(toml, origin);
  TomlReader reader(table, origin);
  std::vector<CatalogueSet> sets;
  for (TomlReader& set : reader.tables("set")) sets.push_back(read_set(set));
  reader.finish();
  return sets;
}

std::vector<CatalogueSet> catalogue() { return parse_catalogue(kCatalogueToml, "catalogue.toml"); }

CatalogueSet find_set(const std::string& name) {
  std::vector<CatalogueSet> sets = catalogue();
  std::vector<std::string> names;
  for (CatalogueSet& set : sets) {
    if (set.name == name) return std::move(set);
    names.push_back(set.name);
  }
  throw InputError(fmt::format("no data set is named '{}'{}; `pare data list` shows them all", name,
                               did_you_mean(name, names)));
}

}  // namespace pare::data
