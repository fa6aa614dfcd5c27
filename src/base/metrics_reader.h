#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace pare {

/// The objects of a metrics.jsonl whose "event" is `event`, in their order. A last line without its
/// newline (a run that is being written, or was killed) is left out. Throws InputError naming file
/// and line if a line is not a JSON object.
std::vector<nlohmann::json> read_metrics(const std::string& path, const std::string& event);

}  // namespace pare
