#include "data/gzip.h"

#include <cstdint>

#include <gmock/gmock.h>

#include "base/error.h"

namespace pare::data {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// `printf hello | gzip -n`
const std::vector<std::uint8_t> kHello = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                          0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x86,
                                          0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00};

std::string unpacked(const std::vector<std::uint8_t>& packed) {
  const auto bytes = gunzip(std::as_bytes(std::span(packed)), "a.gz");
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Gzip, Unpacks) {
  EXPECT_TRUE(is_gzip(std::as_bytes(std::span(kHello))));
  EXPECT_EQ(unpacked(kHello), "hello");
}

TEST(Gzip, EveryCutIsRefused) {
  for (std::size_t length = 0; length < kHello.size(); ++length) {
    EXPECT_THROW(unpacked({kHello.begin(), kHello.begin() + static_cast<std::ptrdiff_t>(length)}),
                 InputError)
        << length;
  }
}

TEST(Gzip, DamageAndForeignBytesAreRefused) {
  auto damaged = kHello;
  damaged[18] ^= 1;  // its CRC
  EXPECT_THAT([&] { unpacked(damaged); },
              ThrowsMessage<InputError>(HasSubstr("a.gz: its gzip data are damaged")));
  auto longer = kHello;
  longer.push_back(0);
  EXPECT_THAT([&] { unpacked(longer); }, ThrowsMessage<InputError>(HasSubstr("1 bytes behind")));
}

}  // namespace
}  // namespace pare::data
