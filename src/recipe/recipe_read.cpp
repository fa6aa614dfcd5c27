// TOML -> Recipe. The lists of fields.h say what is read; what spans several keys (defaults of
// [train] and [quantize], stages with several prune fractions) is here, and checked in
// check.cpp.
#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/toml.h"
#include "recipe/check.h"
#include "recipe/fields.h"
#include "recipe/recipe.h"
#include "recipe/spelling.h"

namespace pare::recipe {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;

void read_bits(TomlReader& table, std::string_view key, int& bits) {
  int value = bits;
  table.read(key, value);
  if (value != 32 && (value < 1 || value > 16)) {
    table.fail(key, fmt::format("found {} bits, expected 1 to 16, or 32 for float", value));
  }
  bits = value;
}

template <class T>
void read_fields(TomlReader& table, T& value);

/// Reads one field of a struct from a table.
class FieldReader {
 public:
  explicit FieldReader(TomlReader& table) : table_(table) {}

  template <class T, class... Range>
  void operator()(const char* key, T& value, const Range&... range) {
    table_.read(key, value, range...);
  }

  template <class E>
  requires std::is_enum_v<E>
  void operator()(const char* key, E& value) {
    if (const auto choice = table_.read_choice(key, spellings(E{})))
      value = static_cast<E>(*choice);
  }

  template <class E>
  requires std::is_enum_v<E>
  void operator()(const char* key, std::optional<E>& value) {
    if (const auto choice = table_.read_choice(key, spellings(E{})))
      value = static_cast<E>(*choice);
  }

  void operator()(const char* key, int& value, BitWidths) { read_bits(table_, key, value); }

  template <class T, class Range>
  void operator()(const char* key, std::optional<T>& value, const Range& range) {
    T present = value.value_or(T{1});
    (*this)(key, present, range);
    if (table_.has(key)) value = present;
  }

  void operator()(const char* key, std::vector<Convolution>& values) {
    auto tables = table_.tables(key);
    if (table_.has(key)) values.clear();
    for (TomlReader& table : tables) read_fields(table, values.emplace_back());
  }
  void operator()(const char* key, std::vector<LayerQuantize>& values) { read_layers(key, values); }
  void operator()(const char* key, std::vector<LayerRate>& values) { read_layers(key, values); }

 private:
  template <class T>
  void read_layers(const char* key, std::vector<T>& values) {
    auto tables = table_.tables(key);
    if (table_.has(key)) values.clear();
    for (TomlReader& table : tables) {
      T& layer = values.emplace_back();
      read_fields(table, layer);
      if (layer.match.empty()) table.fail("match", "expected a pattern of layer names, as \"fc*\"");
    }
  }

  TomlReader& table_;
};

/// `bits` stands for both widths; the widths themselves go before it.
template <class T>
void read_shorthand(TomlReader& table, T& value) {
  if (!table.has("bits")) {
    int unused = 1;
    table.read("bits", unused);
    return;
  }
  int bits = 1;
  read_bits(table, "bits", bits);
  value.weight_bits = bits;
  value.activation_bits = bits;
}

template <class T>
void read_fields(TomlReader& table, T& value) {
  if constexpr (std::is_same_v<T, Quantize> || std::is_same_v<T, LayerQuantize>) {
    read_shorthand(table, value);
  }
  visit_fields(value, FieldReader(table));
  table.finish();
}

template <class T>
void read_table(TomlReader& parent, std::string_view key, T& value) {
  if (auto table = parent.table(key)) read_fields(*table, value);
}

/// What a stage takes where it says nothing itself.
struct StageDefaults {
  Train train;
  Quantize quantize;
};

bool has_quantizer(const Quantize& quantize) {
  const auto is_quantized = [](int bits) { return bits != 32; };
  bool any = is_quantized(quantize.weight_bits) || is_quantized(quantize.activation_bits);
  for (const LayerQuantize& layer : quantize.layers) {
    any = any || is_quantized(layer.weight_bits.value_or(32)) ||
          is_quantized(layer.activation_bits.value_or(32));
  }
  return any;
}

Prune read_prune(TomlReader& table) {
  Prune prune;
  read_fields(table, prune);
  if (prune.fractions.empty() == !prune.sparsity.has_value()) {
    table.fail("", prune.sparsity ? "found both fractions and sparsity; expected one of them"
                                  : "expected fractions = [0.5, …] or sparsity = 0.8");
  }
  return prune;
}

Stage read_stage(TomlReader& table, std::size_t number, const StageDefaults& defaults) {
  Stage stage;
  stage.name = fmt::format("stage-{}", number);
  table.read("name", stage.name);
  stage.train = defaults.train;
  if (auto spike = table.table("spike")) read_fields(*spike, stage.spike.emplace());
  if (auto quantize = table.table("quantize")) {
    Quantize settings = defaults.quantize;
    read_fields(*quantize, settings);
    if (has_quantizer(settings)) stage.quantize = settings;
  }
  if (auto prune = table.table("prune")) stage.prune = read_prune(*prune);
  read_table(table, "train", stage.train);
  table.read("test", stage.test);
  table.finish();
  return stage;
}

/// One stage for each fraction; only the first makes spikes and quantizes, for the others are
/// quantized already.
std::vector<Stage> expand(const Stage& stage) {
  if (!stage.prune || stage.prune->fractions.size() <= 1) return {stage};
  std::vector<Stage> stages;
  for (const double fraction : stage.prune->fractions) {
    Stage& next = stages.emplace_back(stage);
    next.name = fmt::format("{}-{}", stage.name, stages.size());
    next.prune->fractions = {fraction};
    if (stages.size() > 1) {
      next.spike.reset();
      next.quantize.reset();
    }
  }
  return stages;
}

Recipe read_recipe(TomlReader& table) {
  Recipe recipe;
  table.read("name", recipe.name);
  table.read("description", recipe.description);
  table.read("seed", recipe.seed);
  table.read("threads", recipe.threads, IntRange{1, 1024});
  table.read("neural_efficiency", recipe.neural_efficiency);
  read_table(table, "data", recipe.data);
  read_table(table, "model", recipe.model);
  StageDefaults defaults;
  read_table(table, "train", defaults.train);
  read_table(table, "quantize", defaults.quantize);
  std::size_t number = 0;
  for (TomlReader& stage : table.tables("stage")) {
    for (Stage& one : expand(read_stage(stage, ++number, defaults))) {
      recipe.stages.push_back(std::move(one));
    }
  }
  table.finish();
  return recipe;
}

}  // namespace

Recipe parse(const std::string& toml, const std::string& origin,
             const std::vector<std::string>& overrides) {
  if (toml.size() > kMaxBytes) {
    throw InputError(
        fmt::format("{}: {} bytes, expected a recipe of at most 1 MiB", origin, toml.size()));
  }
  toml::table root = parse_toml(toml, origin);
  for (const std::string& override_text : overrides) apply_override(root, override_text);
  TomlReader reader(root, origin);
  Recipe recipe = read_recipe(reader);
  check(recipe, origin);
  return recipe;
}

Recipe read(const std::string& path, const std::vector<std::string>& overrides) {
  Recipe recipe = parse(read_text(path), path, overrides);
  const auto file = std::filesystem::absolute(path).lexically_normal();
  recipe.base_folder = file.parent_path().string();
  if (recipe.name.empty()) recipe.name = file.stem().string();
  return recipe;
}

}  // namespace pare::recipe
