// Each struct lists its fields once, for both directions; what a field's type means in JSON is
// decided by the overloads of `write` and `read`.

#include "model/interface_json.h"

#include <algorithm>
#include <concepts>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/names.h"
#include "graph/enum_names.h"

namespace pare::model {
namespace {

using Json = nlohmann::json;

template <class Self, class T>
concept Is = std::same_as<std::remove_const_t<Self>, T>;

template <Is<graph::Scale> Self>
void list_fields(Self& self, auto&& f) {
  f("multiply", self.multiply);
  f("divide", self.divide);
}

template <Is<graph::CodeRange> Self>
void list_fields(Self& self, auto&& f) {
  f("lowest", self.lowest);
  f("highest", self.highest);
  f("top", self.top);
}

template <Is<graph::Head> Self>
void list_fields(Self& self, auto&& f) {
  graph::Head::fields(self, f);
}

template <Is<lower::InputMap> Self>
void list_fields(Self& self, auto&& f) {
  f("mean", self.mean);
  f("scale", self.scale);
  f("codec", self.codec);
  f("codes", self.codes);
  f("zero_point", self.zero_point);
  f("rounding", self.rounding);
}

template <Is<lower::OutputMap> Self>
void list_fields(Self& self, auto&& f) {
  f("scale", self.scale);
  f("offset", self.offset);
  f("softmax", self.is_softmax);
}

template <Is<lower::Interface> Self>
void list_fields(Self& self, auto&& f) {
  f("input_shape", self.input_shape);
  f("input_dtype", self.input_dtype);
  f("input_units", self.input_units);
  f("input", self.input);
  f("output_shape", self.output_shape);
  f("output", self.output);
  f("head", self.head);
  f("steps", self.steps);
}

/// A field that files of networks without time do not have: left out where it is 0.
bool is_optional(std::string_view name) { return name == "steps"; }

struct Writer {
  template <class T>
  static Json write(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      return graph::name_of(value);
    } else if constexpr (std::is_arithmetic_v<T> || std::same_as<T, std::string>) {
      return value;
    } else {
      Json object = Json::object();
      list_fields(value, [&](const char* name, const auto& field) {
        if (is_optional(name) && field == std::remove_cvref_t<decltype(field)>{}) return;
        object[name] = write(field);
      });
      return object;
    }
  }

  template <class T>
  static Json write(const std::vector<T>& list) {
    Json array = Json::array();
    for (const T& item : list) array.push_back(write(item));
    return array;
  }
};

struct Reader {
  template <class T>
  static void read(const Json& json, T& value, const std::string& where) {
    if constexpr (std::is_enum_v<T>) {
      value = read_name<T>(json, where);
    } else if constexpr (std::is_arithmetic_v<T> || std::same_as<T, std::string>) {
      value = json_as<T>(json, where);
    } else {
      read_fields(json, value, where);
    }
  }

  template <class T>
  static void read(const Json& json, std::vector<T>& list, const std::string& where) {
    if (!json.is_array()) throw_json_type(json, "a list", where);
    list.clear();
    for (std::size_t i = 0; i < json.size(); ++i) {
      read(json[i], list.emplace_back(), fmt::format("{}[{}]", where, i));
    }
  }

  template <class T>
  static T read_name(const Json& json, const std::string& where) {
    const auto found = json_as<std::string>(json, where);
    std::vector<std::string> known;
    for (const auto& [enumerator, name] : graph::EnumNames<T>::list) {
      if (name == found) return enumerator;
      known.emplace_back(name);
    }
    throw InputError(fmt::format("{}: '{}' is none of {}", where, found, fmt::join(known, ", ")));
  }

  /// Every field but an optional one must be there, and nothing else.
  template <class T>
  static void read_fields(const Json& json, T& value, const std::string& where) {
    if (!json.is_object()) throw_json_type(json, "an object", where);
    std::vector<std::string> known;
    list_fields(value, [&](const char* name, auto& field) {
      if (is_optional(name) && !json.contains(name)) {
        known.emplace_back(name);
        return;
      }
      read(member(json, known.emplace_back(name), where), field, fmt::format("{}.{}", where, name));
    });
    for (const auto& [key, entry] : json.items()) {
      if (std::ranges::find(known, key) != known.end()) continue;
      throw InputError(fmt::format("{}: unknown key '{}'{}", where, key, did_you_mean(key, known)));
    }
  }
};

}  // namespace

Json write_json(const lower::Interface& interface) { return Writer::write(interface); }

lower::Interface read_interface(const Json& json) {
  lower::Interface interface;
  Reader::read(json, interface, "interface");
  return interface;
}

}  // namespace pare::model
