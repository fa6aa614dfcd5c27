#include "data/idx.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "data/gzip.h"

namespace pare::data {
namespace {

constexpr std::size_t kStartBytes = 4;
constexpr std::size_t kSizeBytes = 4;

std::optional<DType> dtype_of_code(std::byte code) {
  switch (std::to_integer<int>(code)) {
    case 0x08:
      return DType::kU8;
    case 0x09:
      return DType::kI8;
    case 0x0B:
      return DType::kI16;
    case 0x0C:
      return DType::kI32;
    case 0x0D:
      return DType::kF32;
    case 0x0E:
      return DType::kF64;
    default:
      return std::nullopt;
  }
}

std::uint32_t big_endian(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint32_t>(byte);
  return value;
}

[[noreturn]] void fail(const std::string& origin, std::string_view message) {
  throw InputError(fmt::format("{}: not an IDX file that can be read: {}", origin, message));
}

/// Bytes that the elements of a shape take; limit + 1 where that is more than the limit.
std::size_t bytes_needed(const Shape& shape, DType dtype, std::size_t limit) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  std::size_t needed = size_of(dtype);
  for (const std::int64_t size : shape) {
    if (needed > limit / static_cast<std::size_t>(size)) return limit + 1;
    needed *= static_cast<std::size_t>(size);
  }
  return needed;
}

}  // namespace

Tensor parse_idx(std::span<const std::byte> bytes, const std::string& origin) {
  if (bytes.size() < kStartBytes || bytes[0] != std::byte{0} || bytes[1] != std::byte{0}) {
    fail(origin, "it does not start with two zero bytes, a type and a number of axes");
  }
  const std::optional<DType> dtype = dtype_of_code(bytes[2]);
  if (!dtype)
    fail(origin, fmt::format("unknown element type 0x{:02x}", std::to_integer<int>(bytes[2])));
  const auto rank = std::to_integer<std::size_t>(bytes[3]);
  const std::size_t header_bytes = kStartBytes + rank * kSizeBytes;
  if (bytes.size() < header_bytes) fail(origin, "truncated in its header");
  Shape shape;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    shape.push_back(big_endian(bytes.subspan(kStartBytes + axis * kSizeBytes, kSizeBytes)));
  }
  const auto elements = bytes.subspan(header_bytes);
  const std::size_t needed = bytes_needed(shape, *dtype, elements.size());
  if (needed != elements.size()) {
    fail(origin, fmt::format("shape {} of {} needs {} bytes of elements than the {} that are there",
                             to_string(shape), name_of(*dtype),
                             needed > elements.size() ? "more" : "fewer", elements.size()));
  }
  Tensor tensor(*dtype, shape);
  std::copy(elements.begin(), elements.end(), tensor.bytes().begin());
  const auto size = static_cast<std::ptrdiff_t>(size_of(*dtype));
  for (auto at = tensor.bytes().begin(); size > 1 && at != tensor.bytes().end(); at += size) {
    std::reverse(at, at + size);
  }
  return tensor;
}

Tensor read_idx(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return is_gzip(bytes) ? parse_idx(gunzip(bytes, path), path) : parse_idx(bytes, path);
}

}  // namespace pare::data
