#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pare::cli {

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kRight;
};

/// A table for people: titles, a rule, rows, and where there is a total a second rule above it.
///
///   layer   bits       BOPs
///   ------  ----  ---------
///   fc1        6    239 616
///   ------  ----  ---------
///   total           412 960
struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  ///< missing cells are empty
  std::vector<std::string> total;              ///< empty: no total row
};

/// The table as lines without trailing spaces, and without a newline at the end. Cells are UTF-8,
/// one column a code point; control characters, which could move the cursor, are shown as '?'.
/// Throws InternalError if a row has more cells than there are columns.
std::string render(const Table& table);

/// Columns that UTF-8 text takes on a terminal: its code points.
std::size_t display_width(std::string_view text);

/// Digits in groups of three: 1118208 -> "1 118 208".
std::string grouped(std::int64_t value);

/// The same with a fixed number of decimals, trailing zeros dropped: (62387.20, 2) -> "62 387.2".
/// Not finite: "nan", "inf", "-inf".
std::string grouped(double value, int decimals);

}  // namespace pare::cli
