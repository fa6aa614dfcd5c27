#include "data/envi.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/file.h"
#include "data/axes.h"

namespace pare::data {
namespace {

constexpr std::int64_t kMaxSize = (std::int64_t{1} << 31) - 1;
constexpr std::size_t kMaxHeaderBytes = std::size_t{16} << 20;
constexpr std::string_view kSpace = " \t\r\n\v\f";

std::string_view without_space(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// "data  type" is "data type".
std::string field_name(std::string_view text) {
  std::string name;
  for (const char c : lower(without_space(text))) {
    const bool is_space = kSpace.find(c) != std::string_view::npos;
    if (!is_space || (!name.empty() && name.back() != ' ')) name += is_space ? ' ' : c;
  }
  return name;
}

/// The fields of a header by their names in lower case; of values in { } what is between them.
class Fields {
 public:
  Fields(std::string_view text, const std::string& origin) : rest_(text), origin_(origin) {
    if (lower(without_space(next_line())) != "envi") {
      throw InputError(fmt::format(
          "{}: line 1 is not \"ENVI\": no header of an ENVI file; give the .hdr file", origin_));
    }
    while (!rest_.empty()) {
      const std::string_view line = next_line();
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos || without_space(line).front() == ';') continue;
      add(field_name(line.substr(0, equals)), value_from(line.substr(equals + 1)));
    }
  }

  [[noreturn]] void fail(std::string_view field, const std::string& what) const {
    throw InputError(fmt::format("{}: field '{}': {}", origin_, field, what));
  }

  const std::string* find(const std::string& field) const {
    const auto found = fields_.find(field);
    if (found == fields_.end()) return nullptr;
    if (found->second.size() > 1) fail(field, "there twice; remove one");
    return &found->second.front();
  }

  /// A whole number from `min` to `max`; nothing where the field is missing.
  std::optional<std::int64_t> number(const std::string& field, std::int64_t min,
                                     std::int64_t max) const {
    const std::string* text = find(field);
    if (text == nullptr) return std::nullopt;
    std::int64_t value = 0;
    const char* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, value);
    if (error != std::errc{} || stop != end || value < min || value > max) {
      fail(field, fmt::format("found '{}', expected a whole number from {} to {}",
                              text->substr(0, 40), min, max));
    }
    return value;
  }

  std::int64_t needed_number(const std::string& field, std::int64_t min, std::int64_t max) const {
    const auto value = number(field, min, max);
    if (!value) fail(field, "missing; the header must say it");
    return *value;
  }

  /// What stands between commas; nothing where the field is missing.
  std::vector<std::string> list(const std::string& field) const {
    const std::string* text = find(field);
    std::vector<std::string> items;
    if (text == nullptr || without_space(*text).empty()) return items;
    std::string_view rest = *text;
    for (std::size_t comma = 0; comma != std::string_view::npos;) {
      comma = rest.find(',');
      items.emplace_back(without_space(rest.substr(0, comma)));
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    return items;
  }

 private:
  std::string_view next_line() {
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return line;
  }

  /// `start` is what stands behind the '=', a part of the text before rest_.
  std::string_view value_from(std::string_view start) {
    const std::string_view value = without_space(start);
    if (value.empty() || value.front() != '{') return value;
    const auto behind_brace = static_cast<std::size_t>(rest_.data() - value.data()) - 1;
    const std::string_view text(value.data() + 1, behind_brace + rest_.size());
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos) {
      throw InputError(
          fmt::format("{}: a list that starts with '{{{}' has no '}}'; the header is "
                      "cut",
                      origin_, text.substr(0, 20)));
    }
    if (end > behind_brace) {
      rest_.remove_prefix(end - behind_brace);
      next_line();
    }
    return text.substr(0, end);
  }

  void add(std::string name, std::string_view value) {
    fields_[std::move(name)].emplace_back(value);
  }

  std::string_view rest_;
  const std::string& origin_;
  std::map<std::string, std::vector<std::string>> fields_;
};

DType dtype_of(const Fields& fields) {
  const std::int64_t code = fields.needed_number("data type", 0, 1000);
  switch (code) {
    case 1:
      return DType::kU8;
    case 2:
      return DType::kI16;
    case 3:
      return DType::kI32;
    case 4:
      return DType::kF32;
    case 5:
      return DType::kF64;
    case 12:
      return DType::kU16;
    case 13:
      return DType::kU32;
    case 14:
      return DType::kI64;
    case 15:
      return DType::kU64;
    case 6:
    case 9:
      fields.fail("data type", fmt::format("{} is complex numbers; expected real ones", code));
    default:
      fields.fail("data type",
                  fmt::format("found {}, expected 1, 2, 3, 4, 5, 12, 13, 14 or 15", code));
  }
}

Interleave interleave_of(const Fields& fields) {
  const std::string* text = fields.find("interleave");
  if (text == nullptr) fields.fail("interleave", "missing; the header must say it");
  const std::string name = lower(*text);
  if (name == "bsq") return Interleave::kBandSequential;
  if (name == "bil") return Interleave::kByLine;
  if (name == "bip") return Interleave::kByPixel;
  fields.fail("interleave",
              fmt::format("found '{}', expected bsq, bil or bip", text->substr(0, 40)));
}

/// Layouts that this reader does not know must not be read as if they were plain.
void check_plain(const Fields& fields) {
  if (fields.number("file compression", 0, 1).value_or(0) != 0) {
    fields.fail("file compression", "compressed data; save the file uncompressed");
  }
  for (const char* field : {"major frame offsets", "minor frame offsets"}) {
    for (const std::string& item : fields.list(field)) {
      if (item != "0") fields.fail(field, "bytes between the elements; save the file without them");
    }
  }
}

std::vector<std::string> names_of_bands(const Fields& fields, std::int64_t bands) {
  for (const char* field : {"band names", "wavelength"}) {
    std::vector<std::string> names = fields.list(field);
    if (names.empty()) continue;
    if (static_cast<std::int64_t>(names.size()) != bands) {
      fields.fail(field, fmt::format("{} entries, but there are {} bands; one of them is wrong",
                                     names.size(), bands));
    }
    return names;
  }
  return {};
}

/// Bytes that the raw file must have; a claim beyond 63 bits is at its end.
std::uint64_t bytes_needed(const EnviHeader& header) {
  __extension__ using Wide = unsigned __int128;
  const Wide elements = static_cast<Wide>(header.rows) * static_cast<Wide>(header.columns) *
                        static_cast<Wide>(header.bands);  // below 2^93
  const Wide bytes = elements * size_of(header.dtype) + static_cast<Wide>(header.offset);
  return static_cast<std::uint64_t>(std::min(bytes, static_cast<Wide>(INT64_MAX)));
}

void check_size(const EnviHeader& header, std::uint64_t found, const std::string& origin) {
  const std::uint64_t needed = bytes_needed(header);
  if (found == needed) return;
  throw InputError(fmt::format(
      "{}: {} bytes, but its header says {}: lines = {}, samples = {}, bands = {}, {} each, header "
      "offset = {}; the file is cut, or the header is another's",
      origin, found, needed, header.rows, header.columns, header.bands, name_of(header.dtype),
      header.offset));
}

std::string raw_file_of(const std::string& header_path) {
  std::filesystem::path base(header_path);
  base.replace_extension();
  std::vector<std::string> tried;
  for (const char* ending : {"", ".img", ".dat", ".raw", ".bin", ".bsq", ".bil", ".bip"}) {
    tried.push_back(base.string() + ending);
    std::error_code error;
    if (std::filesystem::is_regular_file(tried.back(), error)) return tried.back();
  }
  throw InputError(fmt::format("{}: no raw file beside it; expected one of {}", header_path,
                               fmt::join(tried, ", ")));
}

}  // namespace

EnviHeader parse_envi_header(std::string_view text, const std::string& origin) {
  if (text.size() > kMaxHeaderBytes) {
    throw InputError(fmt::format("{}: {} bytes, expected the text of a header of at most {}",
                                 origin, text.size(), kMaxHeaderBytes));
  }
  const Fields fields(text, origin);
  check_plain(fields);
  EnviHeader header;
  header.rows = fields.needed_number("lines", 1, kMaxSize);
  header.columns = fields.needed_number("samples", 1, kMaxSize);
  header.bands = fields.needed_number("bands", 1, kMaxSize);
  header.offset = fields.number("header offset", 0, kMaxSize).value_or(0);
  header.dtype = dtype_of(fields);
  header.interleave = interleave_of(fields);
  header.is_big_endian = fields.number("byte order", 0, 1).value_or(0) == 1;
  header.band_names = names_of_bands(fields, header.bands);
  return header;
}

Tensor parse_envi(const EnviHeader& header, std::span<const std::byte> raw,
                  const std::string& origin) {
  check_size(header, raw.size(), origin);
  const std::int64_t h = header.rows;
  const std::int64_t w = header.columns;
  const std::int64_t b = header.bands;
  const bool is_bsq = header.interleave == Interleave::kBandSequential;
  const bool is_bil = header.interleave == Interleave::kByLine;
  Tensor stored(header.dtype, is_bsq ? Shape{b, h, w} : is_bil ? Shape{h, b, w} : Shape{h, w, b});
  std::ranges::copy(raw.subspan(static_cast<std::size_t>(header.offset)), stored.bytes().begin());
  const auto size = static_cast<std::ptrdiff_t>(size_of(header.dtype));
  if (header.is_big_endian && size > 1) {
    for (auto at = stored.bytes().begin(); at != stored.bytes().end(); at += size) {
      std::reverse(at, at + size);
    }
  }
  if (is_bsq) return permuted(stored, std::array<std::size_t, 3>{1, 2, 0});
  if (is_bil) return permuted(stored, std::array<std::size_t, 3>{0, 2, 1});
  return stored;
}

EnviCube read_envi(const std::string& path) {
  EnviHeader header = parse_envi_header(read_text(path), path);
  const std::string raw = raw_file_of(path);
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(raw, error);
  if (!error) check_size(header, size, raw);  // before it is read
  return {.values = parse_envi(header, read_file(raw), raw),
          .band_names = std::move(header.band_names)};
}

}  // namespace pare::data
