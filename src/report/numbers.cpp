#include "report/numbers.h"

#include <fmt/format.h>

namespace pare::report {
namespace {

using Json = nlohmann::json;

Json value_at(const Json& object, const char* pointer) {
  const Json::json_pointer at(pointer);
  return object.contains(at) ? object.at(at) : Json();
}

}  // namespace

std::string percent(const Json& fraction, int decimals) {
  if (!fraction.is_number()) return "-";
  return fmt::format("{:.{}f}", 100 * fraction.get<double>(), decimals);
}

std::string percent_at(const Json& object, const char* pointer, int decimals) {
  return percent(value_at(object, pointer), decimals);
}

std::string count(const Json& number) {
  if (!number.is_number()) return "-";
  std::string text = fmt::format("{:.0f}", number.get<double>());
  const std::size_t first_digit = text.front() == '-' ? 1 : 0;
  for (std::size_t at = text.size(); at > first_digit + 3;) {
    at -= 3;
    text.insert(at, " ");
  }
  return text;
}

std::string count_at(const Json& object, const char* pointer) {
  return count(value_at(object, pointer));
}

std::string bits_at(const Json& object, const char* pointer) {
  const Json bits = value_at(object, pointer);
  if (!bits.is_number_integer()) return "-";
  return bits == 32 ? "float" : std::to_string(bits.get<int>());
}

}  // namespace pare::report
