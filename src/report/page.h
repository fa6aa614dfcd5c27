#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace pare::report {

/// A figure as a Vega-Lite specification with its data inside, and what is to be seen in it.
struct Figure {
  nlohmann::json spec;
  std::string caption;
};

/// A table; columns of text stand left, numbers right.
struct PageTable {
  struct Column {
    std::string title;
    bool is_text = false;
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  ///< each as long as `columns`
};

struct Section {
  std::string heading;
  std::vector<std::string> paragraphs = {};
  std::vector<Figure> figures = {};
  std::vector<PageTable> tables = {};
};

/// A page for a browser. All texts are plain text.
struct Page {
  std::string title;
  std::vector<std::string> lead = {};  ///< paragraphs under the title
  std::vector<Section> sections = {};
};

/// The page as one HTML file that needs no other file and no network, whatever its texts hold.
/// Throws InputError if it has figures and this build cannot draw them (see figure_script).
std::string to_html(const Page& page);

/// The text with the characters that mean something in HTML written as references.
std::string escape_html(std::string_view text);

}  // namespace pare::report
