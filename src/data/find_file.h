#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pare::data {

/// Folders that hold the catalogue's files, in the order in which they are looked through:
/// $PARE_DATA; pare under $XDG_DATA_HOME (~/.local/share); share/pare/data of the prefix that the
/// running program is installed in; data/ of the source tree that it was built from.
std::vector<std::string> data_folders();

/// The folder that `pare data fetch` writes to: the first of them that is set. Throws InputError if
/// the environment names none.
std::string download_folder();

/// Where a file of the catalogue lies, if anywhere: in one of these folders, or in a folder of it
/// (sets may be kept in groups). `path` is relative, as the catalogue has it.
std::optional<std::string> find_data_file(const std::string& path);

/// The same; throws InputError that lists where it was looked for and what to do. `set` is the name
/// of the data set.
std::string require_data_file(const std::string& path, const std::string& set);

}  // namespace pare::data
