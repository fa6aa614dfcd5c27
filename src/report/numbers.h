#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace pare::report {

// Values of a JSON object as the cells of a table; "-" for what is not there or no number.

/// 0.7312 -> "73.12" with two decimals.
std::string percent(const nlohmann::json& fraction, int decimals);
std::string percent_at(const nlohmann::json& object, const char* pointer, int decimals);

/// Rounded, digits in groups of three: 168736.4 -> "168 736".
std::string count(const nlohmann::json& number);
std::string count_at(const nlohmann::json& object, const char* pointer);

/// A width; 32 bits are "float".
std::string bits_at(const nlohmann::json& object, const char* pointer);

}  // namespace pare::report
