#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "search/setting.h"

namespace pare::search {

/// The text with all but letters, digits, '.', '-', '_' and '+' replaced by '-', and cut at 120
/// characters; without a '.' at the start.
std::string file_name(std::string_view text);

/// Settings as a readable name for a file: "bits-6_batch_norm-none". Keys stand for their last
/// part. "base" without settings. Different settings can have the same name.
std::string group_name(const std::vector<Setting>& settings);

/// A label with {key} replaced by the setting's value; `key` is a recipe key or its last part.
/// Throws InputError naming `where` if there is no such setting, or a brace without its partner.
std::string fill_label(const std::string& label, const std::vector<Setting>& settings,
                       const std::string& where);

}  // namespace pare::search
