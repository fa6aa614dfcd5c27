#include "data/csv_lines.h"

#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::data {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

CsvLines::CsvLines(std::string_view text, std::string origin)
    : text_(text), origin_(std::move(origin)) {
  if (text_.substr(0, kByteOrderMark.size()) == kByteOrderMark) position_ = kByteOrderMark.size();
}

bool CsvLines::next(std::vector<std::string>& fields) {
  while (position_ < text_.size() && at_line_end()) skip_line_end();
  if (position_ == text_.size()) return false;
  record_line_ = line_;
  std::size_t count = 0;
  while (true) {
    if (fields.size() == count) fields.emplace_back();
    std::string& field = fields[count++];
    field.clear();
    if (position_ < text_.size() && text_[position_] == '"') {
      read_quoted(field);
    } else {
      read_plain(field);
    }
    if (position_ == text_.size() || at_line_end()) break;
    ++position_;  // the comma
  }
  skip_line_end();
  fields.resize(count);
  return true;
}

void CsvLines::read_quoted(std::string& field) {
  const std::int64_t opened = line_;
  ++position_;
  while (true) {
    const std::size_t end = text_.find('"', position_);
    if (end == std::string_view::npos) {
      throw InputError(fmt::format("{}: line {}: a quote is never closed", origin_, opened));
    }
    for (const char c : text_.substr(position_, end - position_)) {
      if (c == '\n') ++line_;
      field += c;
    }
    position_ = end + 1;
    if (position_ == text_.size() || text_[position_] != '"') break;
    field += '"';  // a doubled quote stands for one
    ++position_;
  }
  if (position_ < text_.size() && text_[position_] != ',' && !at_line_end()) {
    throw InputError(
        fmt::format("{}: line {}: text behind a closing quote, expected a comma", origin_, line_));
  }
}

void CsvLines::read_plain(std::string& field) {
  const std::size_t begin = position_;
  while (position_ < text_.size() && text_[position_] != ',' && !at_line_end()) {
    if (text_[position_] == '"') {
      throw InputError(
          fmt::format("{}: line {}: a quote within a field; put the whole field in quotes and "
                      "double those in it",
                      origin_, line_));
    }
    ++position_;
  }
  field = text_.substr(begin, position_ - begin);
}

bool CsvLines::at_line_end() const {
  return text_[position_] == '\n' || text_.substr(position_, 2) == "\r\n";
}

void CsvLines::skip_line_end() {
  if (position_ == text_.size()) return;
  position_ += text_[position_] == '\n' ? 1 : 2;
  ++line_;
}

}  // namespace pare::data
