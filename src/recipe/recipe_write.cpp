#include <filesystem>

#include <fmt/format.h>

#include "recipe/fields.h"
#include "recipe/recipe.h"
#include "recipe/spelling.h"

namespace pare::recipe {
namespace {

std::string toml_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += fmt::format("\\u{:04X}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string toml_text(bool value) { return value ? "true" : "false"; }

/// The shortest digits that read back as the same double, and a sign that it is not an integer.
std::string toml_text(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

template <std::integral T>
std::string toml_text(T value) {
  return fmt::format("{}", value);
}

template <class E>
requires std::is_enum_v<E> std::string toml_text(E value) {
  return toml_text(spellings(value)[static_cast<std::size_t>(value)]);
}

template <class T>
std::string toml_text(const std::vector<T>& values) {
  std::string text = "[";
  for (const T& value : values) {
    if (text.size() > 1) text += ", ";
    text += toml_text(value);
  }
  return text + "]";
}

/// Writes fields as lines "key = value", and vectors of structs as arrays of inline tables.
class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(out) {}

  template <class T, class... Range>
  void operator()(const char* key, const T& value, const Range&...) {
    out_ += fmt::format("{} = {}\n", key, toml_text(value));
  }

  template <class T, class... Range>
  void operator()(const char* key, const std::optional<T>& value, const Range&...) {
    if (value) (*this)(key, *value);
  }

  void operator()(const char* key, const std::vector<Convolution>& layers) { tables(key, layers); }
  void operator()(const char* key, const std::vector<LayerQuantize>& layers) {
    tables(key, layers);
  }
  void operator()(const char* key, const std::vector<LayerRate>& layers) { tables(key, layers); }

 private:
  template <class T>
  void tables(const char* key, const std::vector<T>& values) {
    out_ += fmt::format("{} = [", key);
    const char* separator = "";
    for (const T& value : values) {
      std::string fields;
      visit_fields(value, FieldWriter(fields));
      fields.pop_back();
      for (std::size_t at; (at = fields.find('\n')) != std::string::npos;) {
        fields.replace(at, 1, ", ");
      }
      out_ += fmt::format("{}{{ {} }}", separator, fields);
      separator = ", ";
    }
    out_ += "]\n";
  }

  std::string& out_;
};

template <class T>
void write_table(std::string& out, std::string_view heading, const T& value) {
  out += fmt::format("\n{}\n", heading);
  visit_fields(value, FieldWriter(out));
}

/// Relative paths would mean another file wherever else the text is read.
void make_whole(std::string& path, const std::string& base_folder) {
  if (path.empty() || base_folder.empty()) return;
  path = (std::filesystem::path(base_folder) / path).lexically_normal().string();
}

Recipe with_whole_paths(Recipe recipe) {
  Data& data = recipe.data;
  for (std::string* path : {&data.train, &data.validation, &data.test, &data.cube, &data.label_map,
                            &recipe.model.import}) {
    make_whole(*path, recipe.base_folder);
  }
  return recipe;
}

}  // namespace

std::string to_toml(const Recipe& given) {
  const Recipe recipe = with_whole_paths(given);
  std::string out;
  FieldWriter write(out);
  write("name", recipe.name);
  write("description", recipe.description);
  write("seed", recipe.seed);
  write("threads", recipe.threads);
  write("neural_efficiency", recipe.neural_efficiency);
  write_table(out, "[data]", recipe.data);
  write_table(out, "[model]", recipe.model);
  for (const Stage& stage : recipe.stages) {
    out += "\n[[stage]]\n";
    write("name", stage.name);
    write("test", stage.test);
    if (stage.spike) write_table(out, "[stage.spike]", *stage.spike);
    if (stage.quantize) write_table(out, "[stage.quantize]", *stage.quantize);
    if (stage.prune) write_table(out, "[stage.prune]", *stage.prune);
    write_table(out, "[stage.train]", stage.train);
  }
  return out;
}

}  // namespace pare::recipe
