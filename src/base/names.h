#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pare {

/// Whether `name` matches a pattern in which `*` stands for any characters and `?` for one.
bool matches(std::string_view pattern, std::string_view name);

/// The candidate with the smallest edit distance to `name`, or "" when none is near (more than a
/// third of the name's length away).
std::string nearest(std::string_view name, std::span<const std::string> candidates);

/// "; did you mean 'x'?" or "".
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

}  // namespace pare
