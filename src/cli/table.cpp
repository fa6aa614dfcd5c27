#include "cli/table.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::cli {
namespace {

constexpr std::string_view kGap = "  ";

std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return result;
}

std::vector<std::size_t> widths_of(const Table& table) {
  std::vector<std::size_t> widths;
  for (const Column& column : table.columns) widths.push_back(display_width(column.title));
  const auto widen = [&](const std::vector<std::string>& cells) {
    check(cells.size() <= widths.size(), "table row with more cells than columns");
    for (std::size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(cells[i]));
    }
  };
  for (const auto& row : table.rows) widen(row);
  widen(table.total);
  return widths;
}

std::string line_of(const std::vector<std::string>& cells, const Table& table,
                    const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string cell = printable(cells[i]);
    const std::string padding(widths[i] - display_width(cell), ' ');
    if (i > 0) line += kGap;
    line += table.columns[i].align == Align::kLeft ? cell + padding : padding + cell;
  }
  const auto last = line.find_last_not_of(' ');
  line.resize(last == std::string::npos ? 0 : last + 1);
  return line;
}

std::string group(std::string digits) {
  const std::size_t first = digits.front() == '-' ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, " ");
  }
  return digits;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  // Bytes 10xxxxxx continue a code point.
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string render(const Table& table) {
  const auto widths = widths_of(table);
  std::vector<std::string> titles;
  std::vector<std::string> rules;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    titles.push_back(table.columns[i].title);
    rules.emplace_back(widths[i], '-');
  }
  const std::string rule = line_of(rules, table, widths);
  std::string text = line_of(titles, table, widths) + '\n' + rule;
  for (const auto& row : table.rows) text += '\n' + line_of(row, table, widths);
  if (!table.total.empty()) text += '\n' + rule + '\n' + line_of(table.total, table, widths);
  return text;
}

std::string grouped(std::int64_t value) { return group(fmt::format("{}", value)); }

std::string grouped(double value, int decimals) {
  std::string digits = fmt::format("{:.{}f}", value, decimals);
  if (!std::isfinite(value)) return digits;
  const auto point = digits.find('.');
  std::string fraction;
  if (point != std::string::npos) {
    fraction = digits.substr(point);
    digits.resize(point);
    fraction.resize(fraction.find_last_not_of('0') + 1);
    if (fraction == ".") fraction.clear();
  }
  return group(std::move(digits)) + fraction;
}

}  // namespace pare::cli
