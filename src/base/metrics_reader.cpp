#include "base/metrics_reader.h"

#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"

namespace pare {

std::vector<nlohmann::json> read_metrics(const std::string& path, const std::string& event) {
  const std::string text = read_text(path);
  std::vector<nlohmann::json> found;
  std::string_view rest = text;
  for (int number = 1; rest.find('\n') != std::string_view::npos; ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    nlohmann::json object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) {
      throw InputError(fmt::format("{}:{}: not a JSON object, as each line of a run's metrics is",
                                   path, number));
    }
    const auto kind = object.find("event");
    if (kind != object.end() && *kind == event) found.push_back(std::move(object));
  }
  return found;
}

}  // namespace pare
