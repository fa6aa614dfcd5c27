// Any text is either refused with an InputError, or is a recipe that survives writing and reading.
// What stands after the first zero byte is an override.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "recipe/recipe.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = input.find('\0');
  std::vector<std::string> overrides;
  if (zero != std::string::npos) overrides.push_back(input.substr(zero + 1));
  pare::recipe::Recipe recipe;
  try {
    recipe = pare::recipe::parse(input.substr(0, zero), "fuzz", overrides);
  } catch (const pare::InputError&) {
    return 0;
  }
  const auto again = pare::recipe::parse(pare::recipe::to_toml(recipe), "written");
  pare::check(again == recipe, "the recipe differs once written");
  return 0;
}
