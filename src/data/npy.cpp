#include "data/npy.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "data/npy_header.h"

namespace pare::data {
namespace {

static_assert(std::endian::native == std::endian::little,
              "elements are stored as they lie in memory");

/// Bytes that the elements of a shape take; nothing where that leaves 63 bits.
std::optional<std::size_t> bytes_needed(const NpyHeader& header) {
  try {
    const auto elements = static_cast<std::uint64_t>(num_elements(header.shape));
    const std::size_t size = size_of(header.dtype);
    if (elements > (std::uint64_t{1} << 63) / size) return std::nullopt;
    return elements * size;
  } catch (const InputError&) {
    return std::nullopt;
  }
}

void check_length(const NpyHeader& header, std::size_t found, const std::string& origin) {
  const std::optional<std::size_t> needed = bytes_needed(header);
  if (needed == found) return;
  const std::string expected = needed ? fmt::format("{}", *needed) : "more than 2^63";
  const bool is_short = !needed || found < *needed;
  throw InputError(fmt::format(
      "{}: {}: shape {} of {} needs {} bytes of elements, {} are there; write the file again",
      origin, is_short ? "truncated" : "too long", to_string(header.shape), name_of(header.dtype),
      expected, found));
}

void swap_bytes(std::span<std::byte> bytes, std::size_t size) {
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                 bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
  }
}

/// Row-major elements from column-major ones: walks the source in order while an odometer, whose
/// first axis turns fastest, follows the place in the result.
void copy_transposed(std::span<const std::byte> from, Tensor& to) {
  const Shape& shape = to.shape();
  const std::size_t size = size_of(to.dtype());
  std::vector<std::size_t> strides(shape.size());
  std::size_t stride = size;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= static_cast<std::size_t>(shape[axis]);
  }
  std::vector<std::int64_t> index(shape.size());
  std::size_t place = 0;
  for (std::size_t at = 0; at < from.size(); at += size) {
    std::memcpy(to.bytes().data() + place, from.data() + at, size);
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      place += strides[axis];
      if (++index[axis] < shape[axis]) break;
      place -= strides[axis] * static_cast<std::size_t>(shape[axis]);
      index[axis] = 0;
    }
  }
}

void check_booleans(const Tensor& tensor, const std::string& origin) {
  const auto bytes = tensor.bytes();
  const auto bad =
      std::find_if(bytes.begin(), bytes.end(), [](std::byte b) { return b > std::byte{1}; });
  if (bad == bytes.end()) return;
  throw InputError(fmt::format("{}: element {} of a bool array is {}, expected 0 or 1", origin,
                               bad - bytes.begin(), std::to_integer<int>(*bad)));
}

}  // namespace

Tensor parse_npy(std::span<const std::byte> bytes, const std::string& origin) {
  const NpyHeader header = parse_npy_header(bytes, origin);
  const auto elements = bytes.subspan(header.num_bytes);
  check_length(header, elements.size(), origin);
  Tensor tensor(header.dtype, header.shape);
  if (header.is_column_major && header.shape.size() > 1) {
    copy_transposed(elements, tensor);
  } else {
    std::copy(elements.begin(), elements.end(), tensor.bytes().begin());
  }
  if (header.is_big_endian) swap_bytes(tensor.bytes(), size_of(header.dtype));
  if (header.dtype == DType::kBool) check_booleans(tensor, origin);
  return tensor;
}

Tensor read_npy(const std::string& path) { return parse_npy(read_file(path), path); }

std::vector<std::byte> format_npy(const Tensor& tensor) {
  const std::string header = format_npy_header(tensor.dtype(), tensor.shape());
  const auto header_bytes = std::as_bytes(std::span(header));
  std::vector<std::byte> bytes;
  bytes.reserve(header.size() + tensor.bytes().size());
  bytes.insert(bytes.end(), header_bytes.begin(), header_bytes.end());
  bytes.insert(bytes.end(), tensor.bytes().begin(), tensor.bytes().end());
  return bytes;
}

void write_npy(const std::string& path, const Tensor& tensor) {
  write_file_atomic(path, format_npy(tensor));
}

}  // namespace pare::data
