#include "base/run_log.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace pare {
namespace {

/// A name that is not UTF-8 is no reason to lose a run: replacement characters stand in.
template <class Json>
std::string line_of(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

MetricsLog::MetricsLog(std::string path, std::uint64_t offset) : file_(std::move(path), offset) {}

void MetricsLog::append(const nlohmann::json& object) { append_line(line_of(object)); }

void MetricsLog::append(const nlohmann::ordered_json& object) { append_line(line_of(object)); }

void MetricsLog::append_line(std::string line) {
  line += '\n';
  file_.append(std::as_bytes(std::span(line)));
}

}  // namespace pare
