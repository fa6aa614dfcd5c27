#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pare {

/// CRC-32C (Castagnoli's polynomial 0x1EDC6F41, reflected). Ref: RFC 3720, section 12.1.
std::uint32_t crc32c(std::span<const std::byte> bytes);

/// A CRC as TFRecord files store it: rotated and offset, so that the CRC of data that hold CRCs
/// stays meaningful.
std::uint32_t masked_crc32c(std::span<const std::byte> bytes);

}  // namespace pare
