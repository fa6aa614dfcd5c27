#include "search/setting.h"

#include <filesystem>

#include "base/sha256.h"

namespace pare::search {

std::string to_override(const Setting& setting) {
  // A string of JSON is one of TOML; so are numbers, booleans and arrays of them.
  return setting.key + "=" + setting.value.dump();
}

std::string key_of(recipe::Recipe recipe) {
  recipe.name.clear();
  recipe.description.clear();
  // The user's own files are found from the recipe's folder, sets in the catalogue are not.
  const std::filesystem::path folder =
      recipe.data.set.empty() ? std::filesystem::path(recipe.base_folder) / "." : "";
  const std::string place =
      folder.empty() ? "" : std::filesystem::absolute(folder).lexically_normal().string();
  return sha256_hex(place + "\n" + recipe::to_toml(recipe));
}

}  // namespace pare::search
