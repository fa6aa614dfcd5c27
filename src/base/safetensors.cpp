// A safetensors file is: a little-endian uint64 N; N bytes of JSON, an object that gives for each
// tensor's name its dtype, shape and [begin, end) in the data, and under __metadata__ strings; the
// data. The JSON is read as a stream of events against exactly this schema, so that nothing else is
// ever held in memory, however deep or long it is.
#include "base/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace pare {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data are little-endian");

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kAlignment = 8;

struct Spelling {
  DType dtype;
  const char* name;
};

constexpr std::array<Spelling, 11> kSpellings = {{{DType::kBool, "BOOL"},
                                                  {DType::kU8, "U8"},
                                                  {DType::kI8, "I8"},
                                                  {DType::kU16, "U16"},
                                                  {DType::kI16, "I16"},
                                                  {DType::kU32, "U32"},
                                                  {DType::kI32, "I32"},
                                                  {DType::kU64, "U64"},
                                                  {DType::kI64, "I64"},
                                                  {DType::kF32, "F32"},
                                                  {DType::kF64, "F64"}}};

const char* spelling_of(DType dtype) {
  for (const Spelling& spelling : kSpellings) {
    if (spelling.dtype == dtype) return spelling.name;
  }
  throw_internal("dtype without a safetensors name", __FILE__, __LINE__);
}

struct Entry {
  std::optional<std::string> dtype;
  std::optional<Shape> shape;
  std::optional<std::vector<std::int64_t>> offsets;
};

/// Takes the events of the JSON parser; stops it by returning false, with the reason in `error`.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::map<std::string, Entry> entries;
  std::map<std::string, std::string> metadata;
  std::string error;

  bool start_object(std::size_t) override {
    if (place_ == Place::kStart) return go(Place::kRoot);
    if (place_ == Place::kRoot) {
      return go(tensor_ == "__metadata__" ? Place::kMetadata : Place::kEntry);
    }
    return unexpected("an object");
  }

  bool end_object() override { return go(place_ == Place::kRoot ? Place::kEnd : Place::kRoot); }

  bool key(string_t& key) override {
    switch (place_) {
      case Place::kRoot:
        tensor_ = key;
        if (key == "__metadata__") return !std::exchange(has_metadata_, true) || twice(key);
        return entries.emplace(key, Entry{}).second || twice(key);
      case Place::kMetadata:
        field_ = key;
        return !metadata.contains(key) || twice(key);
      default:
        field_ = key;
        return start_field();
    }
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::kEntry || field_ == "dtype") return unexpected("an array");
    Entry& entry = entries[tensor_];
    numbers_ = field_ == "shape" ? &entry.shape.emplace() : &entry.offsets.emplace();
    return go(Place::kNumbers);
  }

  bool end_array() override { return go(Place::kEntry); }

  bool string(string_t& value) override {
    if (place_ == Place::kMetadata) {
      metadata[field_] = value;
      return true;
    }
    if (place_ != Place::kEntry || field_ != "dtype") return unexpected("a string");
    entries[tensor_].dtype = value;
    return true;
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::kNumbers) return unexpected("a number");
    if (value > std::uint64_t{INT64_MAX}) return unexpected("a number above 2^63");
    numbers_->push_back(static_cast<std::int64_t>(value));
    return true;
  }

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a truth value"); }
  bool number_integer(number_integer_t) override { return unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return unexpected("a fraction"); }
  bool binary(binary_t&) override { return unexpected("binary data"); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    error = fmt::format("the header is not valid JSON (at byte {})", position);
    return false;
  }

 private:
  enum class Place { kStart, kRoot, kMetadata, kEntry, kNumbers, kEnd };

  bool go(Place place) {
    place_ = place;
    return true;
  }

  bool start_field() {
    const Entry& entry = entries[tensor_];
    if (field_ == "dtype") return !entry.dtype || twice(field_);
    if (field_ == "shape") return !entry.shape || twice(field_);
    if (field_ == "data_offsets") return !entry.offsets || twice(field_);
    error = fmt::format("tensor '{}': unknown field '{}'", tensor_, field_);
    return false;
  }

  bool twice(const std::string& key) {
    error = fmt::format("the key '{}' appears twice in the header", key);
    return false;
  }

  bool unexpected(const char* found) {
    if (place_ == Place::kStart) {
      error = fmt::format("the header is {}, expected an object", found);
    } else if (place_ == Place::kMetadata) {
      error = fmt::format("__metadata__ '{}': found {}, expected a string", field_, found);
    } else {
      error =
          fmt::format("tensor '{}': found {}, expected an object of dtype, shape and data_offsets",
                      tensor_, found);
    }
    return false;
  }

  Place place_ = Place::kStart;
  std::string tensor_;
  std::string field_;
  std::vector<std::int64_t>* numbers_ = nullptr;
  bool has_metadata_ = false;
};

/// A tensor's place in the data, checked.
struct Extent {
  std::size_t begin;
  std::size_t end;
  const std::string* name;
};

DType parse_dtype(const std::string& spelling, const std::string& where) {
  std::string known;
  for (const Spelling& candidate : kSpellings) {
    if (spelling == candidate.name) return candidate.dtype;
    known += known.empty() ? "" : ", ";
    known += candidate.name;
  }
  throw InputError(
      fmt::format("{}: dtype {} is not supported; expected one of {}", where, spelling, known));
}

/// Bytes that a tensor takes, or nothing if that leaves 63 bits.
std::optional<std::int64_t> num_bytes(const Shape& shape, DType dtype) {
  auto bytes = static_cast<std::int64_t>(size_of(dtype));
  for (const std::int64_t size : shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) return std::nullopt;
  }
  return bytes;
}

void check_entry(const Entry& entry, std::size_t data_size, const std::string& where) {
  if (!entry.dtype || !entry.shape || !entry.offsets) {
    throw InputError(where + ": dtype, shape or data_offsets is missing");
  }
  const DType dtype = parse_dtype(*entry.dtype, where);
  if (entry.offsets->size() != 2) {
    throw InputError(fmt::format("{}: {} data_offsets, expected 2", where, entry.offsets->size()));
  }
  const std::int64_t begin = (*entry.offsets)[0];
  const std::int64_t end = (*entry.offsets)[1];
  if (begin > end || static_cast<std::size_t>(end) > data_size) {
    throw InputError(fmt::format(
        "{}: data_offsets [{}, {}] are not within the {} bytes of data; is the file cut off?",
        where, begin, end, data_size));
  }
  if (num_bytes(*entry.shape, dtype) != end - begin) {
    throw InputError(fmt::format("{}: {} bytes of data do not make {} of shape {}", where,
                                 end - begin, *entry.dtype, to_string(*entry.shape)));
  }
}

Tensor read_tensor(const Entry& entry, std::span<const std::byte> data, const std::string& where) {
  const DType dtype = parse_dtype(*entry.dtype, where);
  const auto begin = static_cast<std::size_t>((*entry.offsets)[0]);
  const auto bytes = data.subspan(begin, static_cast<std::size_t>((*entry.offsets)[1]) - begin);
  // Any other value in a C++ bool is undefined behaviour wherever it is read.
  if (dtype == DType::kBool &&
      std::ranges::any_of(bytes, [](auto b) { return b > std::byte{1}; })) {
    throw InputError(where + ": BOOL data other than 0 and 1");
  }
  Tensor tensor(dtype, *entry.shape);
  std::ranges::copy(bytes, tensor.bytes().begin());
  return tensor;
}

void check_coverage(const std::map<std::string, Entry>& entries, std::size_t data_size,
                    const std::string& origin) {
  std::vector<Extent> extents;
  for (const auto& [name, entry] : entries) {
    extents.push_back({static_cast<std::size_t>((*entry.offsets)[0]),
                       static_cast<std::size_t>((*entry.offsets)[1]), &name});
  }
  // Empty tensors come before the one that starts where they are.
  std::ranges::sort(extents, [](const Extent& a, const Extent& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::size_t covered = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != covered) {
      throw InputError(fmt::format("{}: tensor '{}' starts at byte {} of the data, expected {}",
                                   origin, *extent.name, extent.begin, covered));
    }
    covered = extent.end;
  }
  if (covered != data_size) {
    throw InputError(fmt::format("{}: the tensors end at byte {} of {} bytes of data", origin,
                                 covered, data_size));
  }
}

/// Largest elements first, so that every tensor's data is aligned to its element.
std::vector<const std::pair<const std::string, Tensor>*> data_order(const Safetensors& contents) {
  std::vector<const std::pair<const std::string, Tensor>*> order;
  for (const auto& named : contents.tensors) order.push_back(&named);
  std::ranges::stable_sort(order, [](const auto* a, const auto* b) {
    return size_of(a->second.dtype()) > size_of(b->second.dtype());
  });
  return order;
}

}  // namespace

std::vector<std::byte> to_bytes(const Safetensors& contents) {
  check(!contents.tensors.contains("__metadata__"), "a tensor named __metadata__");
  const auto order = data_order(contents);
  nlohmann::json header = nlohmann::json::object();
  if (!contents.metadata.empty()) header["__metadata__"] = contents.metadata;
  std::size_t offset = 0;
  for (const auto* named : order) {
    const Tensor& tensor = named->second;
    const std::size_t end = offset + tensor.bytes().size();
    header[named->first] = {{"dtype", spelling_of(tensor.dtype())},
                            {"shape", tensor.shape()},
                            {"data_offsets", {offset, end}}};
    offset = end;
  }

  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    throw InputError("names of tensors and metadata in a safetensors file must be UTF-8");
  }
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');

  std::vector<std::byte> bytes(kLengthBytes + text.size() + offset);
  const std::uint64_t length = text.size();
  std::memcpy(bytes.data(), &length, kLengthBytes);
  auto out = std::ranges::copy(std::as_bytes(std::span(text)), bytes.begin() + kLengthBytes).out;
  for (const auto* named : order) out = std::ranges::copy(named->second.bytes(), out).out;
  return bytes;
}

Safetensors parse_safetensors(std::span<const std::byte> bytes, const std::string& origin) {
  if (bytes.size() < kLengthBytes) {
    throw InputError(
        fmt::format("{}: {} bytes are too few for a safetensors file", origin, bytes.size()));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > bytes.size() - kLengthBytes) {
    throw InputError(fmt::format(
        "{}: claims a header of {} bytes but has only {} more; it is cut off or not a safetensors "
        "file",
        origin, length, bytes.size() - kLengthBytes));
  }
  const auto header = bytes.subspan(kLengthBytes, length);
  const auto data = bytes.subspan(kLengthBytes + length);

  HeaderReader reader;
  const auto* text = reinterpret_cast<const char*>(header.data());
  if (!nlohmann::json::sax_parse(text, text + header.size(), &reader)) {
    throw InputError(origin + ": " + reader.error);
  }

  // All checks come first: overlapping tensors would take far more memory than the file.
  const auto where = [&](const std::string& name) {
    return fmt::format("{}: tensor '{}'", origin, name);
  };
  for (const auto& [name, entry] : reader.entries) check_entry(entry, data.size(), where(name));
  check_coverage(reader.entries, data.size(), origin);
  Safetensors contents;
  for (const auto& [name, entry] : reader.entries) {
    contents.tensors.emplace(name, read_tensor(entry, data, where(name)));
  }
  contents.metadata = std::move(reader.metadata);
  return contents;
}

Safetensors read_safetensors(const std::string& path) {
  return parse_safetensors(read_file(path), path);
}

void write_safetensors(const std::string& path, const Safetensors& contents) {
  write_file_atomic(path, to_bytes(contents));
}

}  // namespace pare
