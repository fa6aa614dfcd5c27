#include "data/find_file.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace pare::data {
namespace {

namespace fs = std::filesystem;

/// The value of an environment variable; "" where it is not set.
std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// "" where the environment names neither.
std::string user_folder() {
  if (const std::string base = environment("XDG_DATA_HOME"); !base.empty()) return base + "/pare";
  if (const std::string home = environment("HOME"); !home.empty()) {
    return home + "/.local/share/pare";
  }
  return "";
}

/// Programs stand in PREFIX/bin or PREFIX/libexec/pare.
std::vector<std::string> installed_folders() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const fs::path above = program.parent_path().parent_path();
  std::vector<std::string> folders = {(above / "share/pare/data").string()};
  if (above.filename() == "libexec") {
    folders.push_back((above.parent_path() / "share/pare/data").string());
  }
  return folders;
}

/// The file in the folder, or in one of its own folders: sets may be kept in groups
/// ("vision/mnist").
std::optional<std::string> find_in(const fs::path& folder, const std::string& path) {
  std::error_code error;
  if (fs::is_regular_file(folder / path, error)) return (folder / path).string();
  std::vector<fs::path> groups;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->is_directory(error)) groups.push_back(it->path());
  }
  std::sort(groups.begin(), groups.end());
  for (const fs::path& group : groups) {
    if (fs::is_regular_file(group / path, error)) return (group / path).string();
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> data_folders() {
  std::vector<std::string> folders;
  for (const std::string& folder : {environment("PARE_DATA"), user_folder()}) {
    if (!folder.empty()) folders.push_back(folder);
  }
  for (const std::string& folder : installed_folders()) folders.push_back(folder);
  folders.emplace_back(PARE_SOURCE_DATA_DIR);
  return folders;
}

std::string download_folder() {
  if (const std::string folder = environment("PARE_DATA"); !folder.empty()) return folder;
  if (const std::string folder = user_folder(); !folder.empty()) return folder;
  throw InputError("no folder to download to: set PARE_DATA to one");
}

std::optional<std::string> find_data_file(const std::string& path) {
  for (const std::string& folder : data_folders()) {
    if (auto found = find_in(folder, path)) return found;
  }
  return std::nullopt;
}

std::string require_data_file(const std::string& path, const std::string& set) {
  if (const auto found = find_data_file(path)) return *found;
  throw InputError(
      fmt::format("data set '{}': {} not found; looked in\n  {}\nRun `pare data fetch {}`, or set "
                  "PARE_DATA to a "
                  "folder that holds it",
                  set, path, fmt::join(data_folders(), "\n  "), set));
}

}  // namespace pare::data
