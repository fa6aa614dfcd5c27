#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace pare {

// Typed access to JSON that came from outside. Errors are InputErrors that name the place, as
// "model.pare: graph.nodes[3].kind", what was found and what was expected.

/// Parses text, at most 200 levels deep and without duplicate keys. `where` names it in messages.
nlohmann::json parse_json(std::string_view text, const std::string& where);

/// "true", "3", "\"text\"", "an object", …: for messages.
std::string describe(const nlohmann::json& value);

[[noreturn]] void throw_json_type(const nlohmann::json& value, std::string_view expected,
                                  const std::string& where);

/// Throws InputError unless `value` is an object and all its keys are among `known`.
void check_keys(const nlohmann::json& value, std::initializer_list<std::string> known,
                const std::string& where);

/// The value under a key. Throws InputError if it is absent.
const nlohmann::json& member(const nlohmann::json& object, const std::string& key,
                             const std::string& where);

template <class T>
struct JsonValue;

/// `value` as T: bool, integers (checked against T's range), float, double, std::string,
/// nlohmann::json, and vectors of these. Numbers are never converted from text.
template <class T>
T json_as(const nlohmann::json& value, const std::string& where) {
  return JsonValue<T>::get(value, where);
}

template <class T>
T required(const nlohmann::json& object, const std::string& key, const std::string& where) {
  return json_as<T>(member(object, key, where), where + "." + key);
}

/// The value under a key, or nothing if it is absent or null.
template <class T>
std::optional<T> optional(const nlohmann::json& object, const std::string& key,
                          const std::string& where) {
  if (!object.is_object()) throw_json_type(object, "an object", where);
  const auto at = object.find(key);
  if (at == object.end() || at->is_null()) return std::nullopt;
  return json_as<T>(*at, where + "." + key);
}

template <>
struct JsonValue<nlohmann::json> {
  static nlohmann::json get(const nlohmann::json& value, const std::string&) { return value; }
};

template <>
struct JsonValue<bool> {
  static bool get(const nlohmann::json& value, const std::string& where) {
    if (!value.is_boolean()) throw_json_type(value, "true or false", where);
    return value.get<bool>();
  }
};

template <std::integral T>
struct JsonValue<T> {
  static T get(const nlohmann::json& value, const std::string& where) {
    if (value.is_number_unsigned()) {
      const auto number = value.get<std::uint64_t>();
      if (std::in_range<T>(number)) return static_cast<T>(number);
    } else if (value.is_number_integer()) {
      const auto number = value.get<std::int64_t>();
      if (std::in_range<T>(number)) return static_cast<T>(number);
    }
    constexpr int kBits = 8 * static_cast<int>(sizeof(T));
    throw_json_type(value,
                    (std::unsigned_integral<T> ? "an integer from 0 of " : "an integer of ") +
                        std::to_string(kBits) + " bits",
                    where);
  }
};

template <std::floating_point T>
struct JsonValue<T> {
  static T get(const nlohmann::json& value, const std::string& where) {
    if (!value.is_number()) throw_json_type(value, "a number", where);
    return value.get<T>();
  }
};

template <>
struct JsonValue<std::string> {
  static std::string get(const nlohmann::json& value, const std::string& where) {
    if (!value.is_string()) throw_json_type(value, "a string", where);
    return value.get<std::string>();
  }
};

template <class T>
struct JsonValue<std::vector<T>> {
  static std::vector<T> get(const nlohmann::json& value, const std::string& where) {
    if (!value.is_array()) throw_json_type(value, "an array", where);
    std::vector<T> elements;
    for (const nlohmann::json& element : value) {
      elements.push_back(json_as<T>(element, where + "[" + std::to_string(elements.size()) + "]"));
    }
    return elements;
  }
};

}  // namespace pare
