// Every recipe shown in the documentation is read as a user would read it.

#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "base/file.h"
#include "recipe/recipe.h"

namespace pare::recipe {
namespace {

namespace fs = std::filesystem;

/// The contents of the ```toml blocks of a Markdown text that are whole recipes.
std::vector<std::string> recipes_in(const std::string& markdown) {
  std::vector<std::string> found;
  std::istringstream lines(markdown);
  std::string block;
  bool is_toml = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      if (is_toml && block.find("[[stage]]") != std::string::npos) found.push_back(block);
      is_toml = line == "```toml";
      block.clear();
    } else if (is_toml) {
      block += line + "\n";
    }
  }
  return found;
}

std::vector<fs::path> pages() {
  const fs::path root = PARE_SOURCE_DIR;
  std::vector<fs::path> found = {root / "README.md"};
  for (const auto& entry : fs::recursive_directory_iterator(root / "docs")) {
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  }
  return found;
}

TEST(Snippets, EveryRecipeInTheDocumentationIsValid) {
  int count = 0;
  for (const fs::path& page : pages()) {
    for (const std::string& text : recipes_in(read_text(page.string()))) {
      SCOPED_TRACE(page.string() + "\n" + text);
      EXPECT_NO_THROW(parse(text, page.string()));
      ++count;
    }
  }
  EXPECT_GE(count, 3);
}

TEST(Snippets, EveryRecipeThatComesWithPareIsValid) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(PARE_SOURCE_DIR) / "recipes")) {
    if (entry.path().extension() != ".toml") continue;
    SCOPED_TRACE(entry.path().string());
    EXPECT_NO_THROW(read(entry.path().string()));
    ++count;
  }
  EXPECT_GE(count, 2);
}

}  // namespace
}  // namespace pare::recipe
