// A .npy file starts with "\x93NUMPY", two version bytes, the length of the dictionary (two bytes,
// little-endian, in version 1; four later) and the dictionary, which is a Python literal:
//
//   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
//
// with blanks and a newline behind it. Only what numpy writes is read: those three keys, each once,
// in any order.

#include "data/npy_header.h"

#include <array>
#include <bit>
#include <charconv>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::data {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMaxRank = 64;  // as numpy 2
constexpr std::size_t kAlignment = 64;

struct Descr {
  std::string_view code;
  DType dtype;
};

constexpr std::array<Descr, 11> kDescrs = {{{"b1", DType::kBool},
                                            {"u1", DType::kU8},
                                            {"i1", DType::kI8},
                                            {"u2", DType::kU16},
                                            {"i2", DType::kI16},
                                            {"i4", DType::kI32},
                                            {"u4", DType::kU32},
                                            {"i8", DType::kI64},
                                            {"u8", DType::kU64},
                                            {"f4", DType::kF32},
                                            {"f8", DType::kF64}}};

[[noreturn]] void fail(const std::string& origin, std::string_view message) {
  throw InputError(fmt::format("{}: not a .npy file that can be read: {}", origin, message));
}

/// Reads the dictionary. The position never leaves the text.
class LiteralReader {
 public:
  LiteralReader(std::string_view text, const std::string& origin) : text_(text), origin_(&origin) {}

  NpyHeader read() {
    NpyHeader header;
    std::set<std::string_view> keys;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = read_string("a key");
      if (!keys.insert(key).second) fail_at(fmt::format("key '{}' stands twice", shown(key)));
      expect(':');
      read_value(key, header);
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (position_ != text_.size()) fail_at("text after the header's dictionary");
    if (keys.size() != 3) fail_at("the header lacks one of 'descr', 'fortran_order', 'shape'");
    return header;
  }

 private:
  void read_value(std::string_view key, NpyHeader& header) {
    if (key == "descr") {
      read_descr(header);
    } else if (key == "fortran_order") {
      header.is_column_major = read_bool();
    } else if (key == "shape") {
      header.shape = read_shape();
    } else {
      fail_at(fmt::format("unknown key '{}' in the header", shown(key)));
    }
  }

  void read_descr(NpyHeader& header) {
    skip_blanks();
    if (peek() == '[') fail_at("its elements are records; save each field as an array of its own");
    const std::string_view descr = read_string("the element type");
    const std::string_view order = descr.substr(0, 1);
    const bool is_known_order = order == "<" || order == ">" || order == "|" || order == "=";
    for (const Descr& known : kDescrs) {
      if (!is_known_order || descr.substr(1) != known.code) continue;
      // '|' means that the order of bytes does not matter, which is so for single bytes alone.
      if (order == "|" && size_of(known.dtype) > 1) break;
      header.dtype = known.dtype;
      header.is_big_endian = order == ">" && size_of(known.dtype) > 1;
      return;
    }
    fail_at(fmt::format(
        "element type '{}' is not supported; expected bool, an integer of 8 to 64 bits, "
        "float32 or float64: convert with .astype()",
        shown(descr)));
  }

  bool read_bool() {
    skip_blanks();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(position_, word.size()) == word) {
        position_ += word.size();
        return value;
      }
    }
    fail_at("expected True or False");
  }

  Shape read_shape() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      shape.push_back(read_integer());
      if (shape.size() > kMaxRank) fail_at(fmt::format("more than {} axes", kMaxRank));
      if (!accept(',')) {
        // (3) is a number in brackets, not a tuple.
        if (shape.size() == 1) fail_at("expected a comma behind the only axis");
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::int64_t read_integer() {
    skip_blanks();
    std::int64_t value = 0;
    const char* begin = text_.data() + position_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) {
      fail_at("expected the size of an axis, from 0 to 2^63 - 1");
    }
    position_ += static_cast<std::size_t>(end - begin);
    return value;
  }

  std::string_view read_string(std::string_view what) {
    skip_blanks();
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail_at(fmt::format("expected {} in quotes", what));
    const std::size_t begin = position_ + 1;
    const std::size_t end = text_.find(quote, begin);
    if (end == std::string_view::npos) fail_at("a quote is not closed");
    const std::string_view value = text_.substr(begin, end - begin);
    if (value.find('\\') != std::string_view::npos) fail_at("an escape in a string");
    position_ = end + 1;
    return value;
  }

  void expect(char c) {
    if (!accept(c)) fail_at(fmt::format("expected '{}'", c));
  }

  bool accept(char c) {
    skip_blanks();
    if (peek() != c) return false;
    ++position_;
    return true;
  }

  void skip_blanks() {
    position_ = std::min(text_.find_first_not_of(" \t\r\n", position_), text_.size());
  }

  char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }

  /// Text of the file fit for a message.
  static std::string shown(std::string_view text) {
    std::string result;
    for (const char c : text.substr(0, 40)) result += c >= ' ' && c <= '~' ? c : '?';
    return result;
  }

  [[noreturn]] void fail_at(std::string_view message) const {
    fail(*origin_, fmt::format("{} (character {} of its header)", message, position_ + 1));
  }

  std::string_view text_;
  const std::string* origin_;
  std::size_t position_ = 0;
};

/// Little-endian.
std::size_t read_length(std::span<const std::byte> bytes) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    length |= std::to_integer<std::size_t>(bytes[i]) << (8 * i);
  }
  return length;
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

NpyHeader parse_npy_header(std::span<const std::byte> bytes, const std::string& origin) {
  const std::size_t version_at = kMagic.size();
  const std::size_t length_at = version_at + 2;
  if (as_text(bytes).substr(0, kMagic.size()) != kMagic) {
    fail(origin, "it does not start with \\x93NUMPY");
  }
  if (bytes.size() < length_at) {
    fail(origin, fmt::format("truncated: {} bytes, the header has more", bytes.size()));
  }
  const int version = std::to_integer<int>(bytes[version_at]);
  if (version < 1 || version > 3) {
    fail(origin, fmt::format("format version {}, expected 1, 2 or 3", version));
  }
  const std::size_t text_at = length_at + (version == 1 ? 2 : 4);
  if (bytes.size() < text_at) {
    fail(origin, fmt::format("truncated: {} bytes, the header has more", bytes.size()));
  }
  const std::size_t length = read_length(bytes.subspan(length_at, text_at - length_at));
  if (length > bytes.size() - text_at) {
    fail(origin, fmt::format("truncated: its header has {} bytes, {} are there", length,
                             bytes.size() - text_at));
  }
  NpyHeader header = LiteralReader(as_text(bytes.subspan(text_at, length)), origin).read();
  header.num_bytes = text_at + length;
  return header;
}

std::string format_npy_header(DType dtype, const Shape& shape) {
  std::string_view code;
  for (const Descr& known : kDescrs) {
    if (known.dtype == dtype) code = known.code;
  }
  check(!code.empty(), "format_npy_header: a dtype without a .npy name");
  std::string sizes;
  for (const std::int64_t size : shape) {
    sizes += fmt::format("{}{}", sizes.empty() ? "" : ", ", size);
  }
  if (shape.size() == 1) sizes += ',';
  std::string text = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}",
                                 size_of(dtype) == 1 ? '|' : '<', code, sizes);
  const std::size_t prefix = kMagic.size() + 4;
  const std::size_t length = prefix + text.size() + 1;
  text.append((kAlignment - length % kAlignment) % kAlignment, ' ');
  text += '\n';
  check(text.size() < 65536, "format_npy_header: too many axes");

  std::string header(kMagic);
  header += '\x01';
  header += '\x00';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace pare::data
