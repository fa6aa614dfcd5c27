#include "report/page.h"

#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "report/figure_script.h"

namespace pare::report {
namespace {

// The policy keeps the page from reaching out, even if a text got through the escaping.
constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1f2328; background: #fff; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid #d0d7de; padding-bottom: .2rem; }
figure { margin: 1rem 0; overflow-x: auto; }
figcaption { color: #57606a; font-size: .9rem; max-width: 48rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; margin: .8rem 0; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #d8dee4; text-align: right; white-space: nowrap; }
th { border-bottom: 2px solid #57606a; }
.text { text-align: left; }
footer { margin-top: 3rem; color: #57606a; font-size: .85rem; }
</style>
)";

/// JSON that no HTML parser can take for the end of its script element; bytes that are not UTF-8
/// are replaced.
std::string script_safe(const nlohmann::json& json) {
  using ErrorHandler = nlohmann::json::error_handler_t;
  std::string safe;
  for (const char c : json.dump(-1, ' ', false, ErrorHandler::replace)) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

class Writer {
 public:
  explicit Writer(const Page& page) : page_(&page) {}

  std::string write() {
    html_ = kHead;
    html_ += fmt::format("<title>{0}</title>\n</head>\n<body>\n<h1>{0}</h1>\n",
                         escape_html(page_->title));
    for (const std::string& text : page_->lead) add_paragraph(text);
    for (const Section& section : page_->sections) add(section);
    html_ += "<footer>Made by pare.";
    if (num_figures_ > 0) {
      html_ +=
          " Figures by Vega-Lite, whose licences are in this file. Drag to move, scroll to zoom.";
    }
    html_ += "</footer>\n";
    if (num_figures_ > 0) {
      html_ += "<script>";
      html_ += figure_script();
      html_ += "\npareFigures.show();\n</script>\n";
    }
    html_ += "</body>\n</html>\n";
    return std::move(html_);
  }

 private:
  void add_paragraph(const std::string& text) {
    html_ += fmt::format("<p>{}</p>\n", escape_html(text));
  }

  void add(const Section& section) {
    html_ += fmt::format("<section>\n<h2>{}</h2>\n", escape_html(section.heading));
    for (const std::string& text : section.paragraphs) add_paragraph(text);
    for (const Figure& figure : section.figures) add(figure);
    for (const PageTable& table : section.tables) add(table);
    html_ += "</section>\n";
  }

  void add(const Figure& figure) {
    const std::string id = fmt::format("figure-{}", ++num_figures_);
    html_ += fmt::format(
        "<figure data-figure=\"{0}\"><div class=\"chart\"></div>"
        "<figcaption>{1}</figcaption></figure>\n"
        "<script type=\"application/json\" id=\"{0}\">{2}</script>\n",
        id, escape_html(figure.caption), script_safe(figure.spec));
  }

  void add(const PageTable& table) {
    html_ += "<div class=\"scroll\"><table>\n<thead><tr>";
    for (const auto& column : table.columns) add_cell("th", column.title, column.is_text);
    html_ += "</tr></thead>\n<tbody>\n";
    for (const auto& row : table.rows) {
      check(row.size() == table.columns.size(), "report: a row of another length");
      html_ += "<tr>";
      for (std::size_t i = 0; i < row.size(); ++i) {
        add_cell("td", row[i], table.columns[i].is_text);
      }
      html_ += "</tr>\n";
    }
    html_ += "</tbody></table></div>\n";
  }

  void add_cell(std::string_view tag, const std::string& text, bool is_text) {
    html_ +=
        fmt::format("<{0}{1}>{2}</{0}>", tag, is_text ? " class=\"text\"" : "", escape_html(text));
  }

  const Page* page_;
  std::string html_;
  int num_figures_ = 0;
};

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string to_html(const Page& page) { return Writer(page).write(); }

}  // namespace pare::report
