#include "data/idx.h"

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include <gmock/gmock.h>

#include "base/error.h"

namespace pare::data {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

Tensor parse(std::string_view text) { return parse_idx(std::as_bytes(std::span(text)), "a.idx"); }

constexpr std::string_view kBytes{"\0\0\x08\x02\0\0\0\x02\0\0\0\x03\x01\x02\x03\x04\x05\xff", 18};

TEST(Idx, Bytes) {
  EXPECT_EQ(parse(kBytes), Tensor::from<std::uint8_t>({2, 3}, {1, 2, 3, 4, 5, 255}));
}

TEST(Idx, LargerElementsAreBigEndian) {
  EXPECT_EQ(parse({"\0\0\x0c\x01\0\0\0\x02\xff\xff\xff\xfe\0\0\x01\0", 16}),
            Tensor::from<std::int32_t>({2}, {-2, 256}));
  EXPECT_EQ(parse({"\0\0\x0d\x01\0\0\0\x01\x3f\x80\0\0", 12}), Tensor::from<float>({1}, {1.0f}));
}

TEST(Idx, EveryCutIsRefused) {
  for (std::size_t length = 0; length < kBytes.size(); ++length) {
    EXPECT_THROW(parse(kBytes.substr(0, length)), InputError) << length;
  }
}

TEST(Idx, ForeignStartsAndClaimsAreRefused) {
  EXPECT_THAT([] { parse("\x1f\x8b\x08\x01"); }, ThrowsMessage<InputError>(HasSubstr("a.idx")));
  EXPECT_THAT([] { parse({"\0\0\x0a\x01", 4}); }, ThrowsMessage<InputError>(HasSubstr("0x0a")));
  EXPECT_THAT(
      [] {
        parse({"\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16});
      },
      ThrowsMessage<InputError>(HasSubstr("more bytes")));
  EXPECT_THAT(
      [] {
        parse({"\0\0\x08\x01\0\0\0\x01\x01\x02", 10});
      },
      ThrowsMessage<InputError>(HasSubstr("fewer bytes")));
}

TEST(Idx, ReadsMnist) {
  const char* folder = std::getenv("PARE_DATA");
  const std::string mnist = std::string(folder == nullptr ? "" : folder) + "/vision/mnist/";
  if (!std::filesystem::exists(mnist)) GTEST_SKIP() << "PARE_DATA has no vision/mnist";
  const Tensor images = read_idx(mnist + "t10k-images-idx3-ubyte.gz");
  EXPECT_EQ(images.shape(), (Shape{10000, 28, 28}));
  const Tensor labels = read_idx(mnist + "t10k-labels-idx1-ubyte.gz");
  // The test set starts with 7 2 1 0 4.
  EXPECT_THAT(labels.to_doubles(), testing::Contains(9));
  EXPECT_EQ(labels.as<std::uint8_t>()[0], 7);
  EXPECT_EQ(labels.as<std::uint8_t>()[4], 4);
}

}  // namespace
}  // namespace pare::data
