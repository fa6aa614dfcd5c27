#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pare {

/// SHA-256 of bytes that come piece by piece. Ref: FIPS 180-4.
class Sha256 {
 public:
  void update(std::span<const std::byte> bytes);
  void update(std::string_view text);

  /// The digest of all bytes so far; more may follow.
  std::array<std::byte, 32> digest() const;

  /// The digest as 64 lower-case hexadecimal digits.
  std::string hex() const;

 private:
  void compress(std::span<const std::byte, 64> block);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> pending_{};  ///< the start of a block not yet full
  std::uint64_t num_bytes_ = 0;
};

/// The digest of `bytes` as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::span<const std::byte> bytes);
std::string sha256_hex(std::string_view text);

}  // namespace pare
