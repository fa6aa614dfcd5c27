#include "search/cell_name.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/names.h"

namespace pare::search {
namespace {

constexpr std::size_t kMaxLength = 120;

bool is_fit(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const bool is_digit = c >= '0' && c <= '9';
  return is_letter || is_digit || c == '.' || c == '-' || c == '_' || c == '+';
}

std::string last_part(const std::string& key) { return key.substr(key.rfind('.') + 1); }

std::string to_text(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// The setting that a name in a label means: its key, or else the last part of it.
const Setting* find_setting(const std::vector<Setting>& settings, const std::string& name) {
  for (const Setting& setting : settings) {
    if (setting.key == name) return &setting;
  }
  for (const Setting& setting : settings) {
    if (last_part(setting.key) == name) return &setting;
  }
  return nullptr;
}

[[noreturn]] void throw_unknown(const std::string& name, const std::vector<Setting>& settings,
                                const std::string& where) {
  std::vector<std::string> known;
  for (const Setting& setting : settings) known.push_back(last_part(setting.key));
  throw InputError(fmt::format("{}, label: '{{{}}}' is not a key of this cell's 'set'{}", where,
                               name, did_you_mean(name, known)));
}

}  // namespace

std::string file_name(std::string_view text) {
  std::string name;
  for (const char c : text.substr(0, kMaxLength)) name += is_fit(c) ? c : '-';
  if (!name.empty() && name.front() == '.') name.front() = '-';
  return name;
}

std::string group_name(const std::vector<Setting>& settings) {
  std::string name;
  for (const Setting& setting : settings) {
    if (!name.empty()) name += '_';
    name += last_part(setting.key) + "-" + to_text(setting.value);
  }
  return name.empty() ? "base" : file_name(name);
}

std::string fill_label(const std::string& label, const std::vector<Setting>& settings,
                       const std::string& where) {
  std::string filled;
  for (std::size_t at = 0; at < label.size(); ++at) {
    if (label[at] != '{') {
      filled += label[at];
      continue;
    }
    const std::size_t end = label.find('}', at);
    if (end == std::string::npos) throw InputError(where + ", label: '{' without '}'");
    const std::string name = label.substr(at + 1, end - at - 1);
    const Setting* setting = find_setting(settings, name);
    if (setting == nullptr) throw_unknown(name, settings, where);
    filled += to_text(setting->value);
    at = end;
  }
  return filled;
}

}  // namespace pare::search
