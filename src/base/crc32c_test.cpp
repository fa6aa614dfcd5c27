#include "base/crc32c.h"

#include <numeric>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace pare {
namespace {

std::uint32_t crc_of(const std::vector<std::uint8_t>& bytes) {
  return crc32c(std::as_bytes(std::span(bytes)));
}

// RFC 3720, section B.4: the bytes it shows, read as a little-endian number.
TEST(Crc32c, VectorsOfRfc3720) {
  EXPECT_EQ(crc_of(std::vector<std::uint8_t>(32, 0)), 0x8A9136AAu);
  EXPECT_EQ(crc_of(std::vector<std::uint8_t>(32, 0xFF)), 0x62A8AB43u);
  std::vector<std::uint8_t> rising(32);
  std::iota(rising.begin(), rising.end(), std::uint8_t{0});
  EXPECT_EQ(crc_of(rising), 0x46DD794Eu);
  const std::vector<std::uint8_t> falling(rising.rbegin(), rising.rend());
  EXPECT_EQ(crc_of(falling), 0x113FDB5Cu);
}

// The check value of the CRC catalogue, CRC-32/ISCSI.
TEST(Crc32c, CheckValue) {
  EXPECT_EQ(crc32c(std::as_bytes(std::span(std::string_view("123456789")))), 0xE3069283u);
  EXPECT_EQ(crc32c({}), 0u);
}

// rotr(0xE3069283, 15) = 0x2507C60D, plus 0xA282EAD8.
TEST(Crc32c, MaskRotatesAndAdds) {
  EXPECT_EQ(masked_crc32c(std::as_bytes(std::span(std::string_view("123456789")))), 0xC78AB0E5u);
}

}  // namespace
}  // namespace pare
