#include "interop/onnx_tensor.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::interop {
namespace {

static_assert(std::endian::native == std::endian::little, "raw data of ONNX are little-endian");

/// Types of elements that the file's format numbers and this libonnx may not know yet.
constexpr int kUint4 = 21;
constexpr int kInt4 = 22;

/// How elements of one type are kept.
struct Encoding {
  DType dtype;           ///< what they become
  std::size_t raw_bits;  ///< of an element in raw data
};

std::optional<Encoding> encoding_of(int type) {
  using onnx::TensorProto;
  switch (type) {
    case TensorProto::FLOAT:
      return Encoding{DType::kF32, 32};
    case TensorProto::DOUBLE:
      return Encoding{DType::kF64, 64};
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
      return Encoding{DType::kF32, 16};
    case TensorProto::BOOL:
      return Encoding{DType::kBool, 8};
    case TensorProto::UINT8:
      return Encoding{DType::kU8, 8};
    case TensorProto::INT8:
      return Encoding{DType::kI8, 8};
    case TensorProto::UINT16:
      return Encoding{DType::kU16, 16};
    case TensorProto::INT16:
      return Encoding{DType::kI16, 16};
    case TensorProto::UINT32:
      return Encoding{DType::kU32, 32};
    case TensorProto::INT32:
      return Encoding{DType::kI32, 32};
    case TensorProto::UINT64:
      return Encoding{DType::kU64, 64};
    case TensorProto::INT64:
      return Encoding{DType::kI64, 64};
    case kUint4:
      return Encoding{DType::kU8, 4};
    case kInt4:
      return Encoding{DType::kI8, 4};
    default:
      return std::nullopt;
  }
}

/// IEEE 754 binary16.
float from_half(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1FU;
  const std::uint32_t fraction = bits & 0x3FFU;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t widened = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | (widened << 23) | (fraction << 13));
}

float from_bfloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// Element i of packed halves of bytes, the lower half first.
std::int8_t nibble(std::span<const std::byte> bytes, std::size_t i, bool is_signed) {
  const unsigned byte = std::to_integer<unsigned>(bytes[i / 2]);
  const unsigned half = i % 2 == 0 ? byte & 0xFU : byte >> 4;
  const int value = static_cast<int>(half);
  return static_cast<std::int8_t>(is_signed && value > 7 ? value - 16 : value);
}

/// Tensor of little-endian data without gaps.
class Decoder {
 public:
  Decoder(const onnx::TensorProto& tensor, const std::string& who) : tensor_(tensor), who_(who) {
    const auto encoding = encoding_of(tensor.data_type());
    if (!encoding) {
      fail(
          fmt::format("elements of type {} of onnx.proto; expected numbers (float, double, "
                      "float16, bfloat16, bool, integers of 4 to 64 bits)",
                      tensor.data_type()));
    }
    encoding_ = *encoding;
    shape_.assign(tensor.dims().begin(), tensor.dims().end());
    try {
      size_ = static_cast<std::size_t>(num_elements(shape_));
    } catch (const InputError& error) {
      fail(error.what());
    }
  }

  Tensor from_raw(std::span<const std::byte> bytes) const {
    // Fewer elements than bits, so that the product below cannot overflow.
    const bool fits = size_ / 2 <= bytes.size() && num_bytes() == bytes.size();
    if (!fits) {
      fail(fmt::format("{} bytes of data; its shape {} takes {} elements of {} bits", bytes.size(),
                       to_string(shape_), size_, encoding_.raw_bits));
    }
    Tensor result(encoding_.dtype, shape_);
    const int type = tensor_.data_type();
    if (encoding_.raw_bits == 4) {
      for (std::size_t i = 0; i < size_; ++i) {
        const std::int8_t value = nibble(bytes, i, type == kInt4);
        result.bytes()[i] = static_cast<std::byte>(value);
      }
    } else if (encoding_.dtype == DType::kF32 && encoding_.raw_bits == 16) {
      for (std::size_t i = 0; i < size_; ++i) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, bytes.data() + 2 * i, 2);
        result.as<float>()[i] = half(bits);
      }
    } else if (encoding_.dtype == DType::kBool) {
      for (std::size_t i = 0; i < size_; ++i) {
        result.bytes()[i] = bytes[i] == std::byte{0} ? std::byte{0} : std::byte{1};
      }
    } else {
      std::copy(bytes.begin(), bytes.end(), result.bytes().begin());
    }
    return result;
  }

  /// From the list of the message that holds elements of this type.
  Tensor from_lists() const {
    switch (encoding_.dtype) {
      case DType::kF32:
        return encoding_.raw_bits == 16 ? from_halves() : from_list<float>(tensor_.float_data());
      case DType::kF64:
        return from_list<double>(tensor_.double_data());
      case DType::kI64:
        return from_list<std::int64_t>(tensor_.int64_data());
      case DType::kU64:
        return from_list<std::uint64_t>(tensor_.uint64_data());
      case DType::kU32:
        return from_list<std::uint32_t>(tensor_.uint64_data());
      case DType::kI32:
        return from_list<std::int32_t>(tensor_.int32_data());
      case DType::kU16:
        return from_list<std::uint16_t>(tensor_.int32_data());
      case DType::kI16:
        return from_list<std::int16_t>(tensor_.int32_data());
      case DType::kU8:
        return encoding_.raw_bits == 4 ? from_bytes()
                                       : from_list<std::uint8_t>(tensor_.int32_data());
      case DType::kI8:
        return encoding_.raw_bits == 4 ? from_bytes()
                                       : from_list<std::int8_t>(tensor_.int32_data());
      case DType::kBool:
        return from_bytes();
    }
    fail("elements of an unknown type");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}: {}", who_, what));
  }

  std::size_t num_bytes() const { return (size_ * encoding_.raw_bits + 7) / 8; }

  float half(std::uint16_t bits) const {
    return tensor_.data_type() == onnx::TensorProto::FLOAT16 ? from_half(bits) : from_bfloat(bits);
  }

  void expect(std::size_t found) const {
    if (found == size_) return;
    fail(fmt::format("{} elements; its shape {} takes {}", found, to_string(shape_), size_));
  }

  template <class To>
  Tensor from_list(const auto& list) const {
    expect(static_cast<std::size_t>(list.size()));
    Tensor result(encoding_.dtype, shape_);
    const auto to = result.as<To>();
    for (std::size_t i = 0; i < size_; ++i) to[i] = static_cast<To>(list[static_cast<int>(i)]);
    return result;
  }

  Tensor from_halves() const {
    expect(static_cast<std::size_t>(tensor_.int32_data_size()));
    Tensor result(DType::kF32, shape_);
    for (std::size_t i = 0; i < size_; ++i) {
      const std::int32_t bits = tensor_.int32_data(static_cast<int>(i));
      result.as<float>()[i] = half(static_cast<std::uint16_t>(bits));
    }
    return result;
  }

  /// int32_data of bools, or with a packed pair of 4-bit integers in each.
  Tensor from_bytes() const {
    std::vector<std::byte> bytes;
    for (const std::int32_t value : tensor_.int32_data()) {
      bytes.push_back(static_cast<std::byte>(value & 0xFF));
    }
    return from_raw(bytes);
  }

  const onnx::TensorProto& tensor_;
  const std::string& who_;
  Encoding encoding_{};
  Shape shape_;
  std::size_t size_ = 0;
};

/// Where external data lie.
struct Extent {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length = std::nullopt;
};

Extent extent_of(const onnx::TensorProto& tensor, const std::string& who) {
  Extent extent;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") extent.location = entry.value();
    if (entry.key() != "offset" && entry.key() != "length") continue;
    std::uint64_t number = 0;
    const char* end = entry.value().data() + entry.value().size();
    const auto [last, error] = std::from_chars(entry.value().data(), end, number);
    if (error != std::errc() || last != end) {
      throw InputError(fmt::format("{}: external data of {} '{}'; expected a number", who,
                                   entry.key(), entry.value()));
    }
    if (entry.key() == "offset") extent.offset = number;
    if (entry.key() == "length") extent.length = number;
  }
  return extent;
}

std::vector<std::byte> read_external(const onnx::TensorProto& tensor, const std::string& who,
                                     const std::string& folder) {
  namespace fs = std::filesystem;
  const Extent extent = extent_of(tensor, who);
  const fs::path relative = fs::path(extent.location).lexically_normal();
  const bool is_inside =
      !relative.empty() && relative.is_relative() && *relative.begin() != fs::path("..");
  if (!is_inside) {
    throw InputError(fmt::format("{}: external data in '{}'; expected a file beside the model", who,
                                 extent.location));
  }
  const fs::path path = fs::path(folder) / relative;
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) {
    throw InputError(
        fmt::format("{}: its data are kept in {}, which cannot be read; put that file beside the "
                    "model",
                    who, path.string()));
  }
  const std::uint64_t length = extent.length.value_or(size - std::min(size, extent.offset));
  if (extent.offset > size || length > size - extent.offset) {
    throw InputError(fmt::format("{}: {} has {} bytes; the tensor lies at {} and takes {}", who,
                                 path.string(), size, extent.offset, length));
  }
  std::vector<std::byte> bytes(length);
  file.seekg(static_cast<std::streamoff>(extent.offset));
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(length));
  if (!file) throw InputError(fmt::format("{}: {} cannot be read", who, path.string()));
  return bytes;
}

}  // namespace

Tensor decode_tensor(const onnx::TensorProto& tensor, const std::string& who,
                     const std::string& folder) {
  const Decoder decoder(tensor, who);
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    return decoder.from_raw(read_external(tensor, who, folder));
  }
  if (tensor.has_raw_data()) return decoder.from_raw(std::as_bytes(std::span(tensor.raw_data())));
  return decoder.from_lists();
}

}  // namespace pare::interop
