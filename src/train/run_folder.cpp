#include "train/run_folder.h"

#include <filesystem>
#include <sstream>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"

namespace pare::train {
namespace {

namespace fs = std::filesystem;

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error || !fs::is_directory(path)) {
    throw InputError(fmt::format("{}: cannot make this folder: {}", path,
                                 error ? error.message() : "a file is in the way"));
  }
}

void require_same_recipe(const RunFolder& folder, const std::string& now) {
  std::istringstream before_lines(read_text(folder.recipe()));
  std::istringstream now_lines(now);
  std::string a;
  std::string b;
  while (true) {
    const bool has_a = static_cast<bool>(std::getline(before_lines, a));
    const bool has_b = static_cast<bool>(std::getline(now_lines, b));
    if (!has_a && !has_b) return;
    if (has_a && has_b && a == b) continue;
    throw InputError(fmt::format(
        "{}: the run there has another recipe: it says '{}', this one '{}'; resume with the same "
        "recipe and the same --set, or choose another folder with -o",
        folder.path, has_a ? a : "(nothing)", has_b ? b : "(nothing)"));
  }
}

}  // namespace

bool has_checkpoint(const RunFolder& folder) { return fs::exists(folder.checkpoint()); }

void prepare(const RunFolder& folder, const recipe::Recipe& recipe, bool is_resumed) {
  const std::string toml = recipe::to_toml(recipe);
  // A folder without a checkpoint holds nothing to lose: a start that failed.
  if (has_checkpoint(folder)) {
    if (!is_resumed) {
      throw InputError(
          fmt::format("{}: holds a run already: add --resume to go on with it, or choose another "
                      "folder with -o",
                      folder.path));
    }
    require_same_recipe(folder, toml);
  }
  make_folder(folder.path + "/checkpoint");
  make_folder(folder.path + "/stages");
  write_file_atomic(folder.recipe(), toml);
}

std::string default_folder(const std::string& name, bool is_resumed) {
  std::string path = "runs/" + name;
  if (is_resumed) return path;
  for (int i = 2; fs::exists(path); ++i) path = fmt::format("runs/{}-{}", name, i);
  return path;
}

}  // namespace pare::train
