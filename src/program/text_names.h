#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "graph/enum_names.h"
#include "program/program.h"

namespace pare::program {

/// Whether a name can stand without quotes: a letter or `_`, then letters, digits and `_ . / -`.
inline bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
inline bool is_name_part(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9') || c == '.' || c == '/' || c == '-';
}
inline bool is_bare_name(std::string_view name) {
  if (name.empty() || !is_name_start(name.front())) return false;
  for (const char c : name) {
    if (!is_name_part(c)) return false;
  }
  return true;
}

/// Calls f with a default of every alternative of a variant, until it returns true; whether it did.
template <class Variant, class F>
bool any_alternative(F&& f) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return (f(std::variant_alternative_t<I, Variant>{}) || ...);
  }
  (std::make_index_sequence<std::variant_size_v<Variant>>{});
}

/// The kinds of a variant's alternatives, "linear, requantize, …": for messages.
template <class Variant>
std::string known_kinds() {
  std::string kinds;
  any_alternative<Variant>([&](const auto& alternative) {
    kinds += (kinds.empty() ? "" : ", ") + std::string(alternative.kind);
    return false;
  });
  return kinds;
}

}  // namespace pare::program
