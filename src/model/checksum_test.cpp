#include "model/checksum.h"

#include <gtest/gtest.h>

namespace pare::model {
namespace {

Safetensors small_file() {
  Safetensors contents;
  contents.metadata = {{"graph", "ü"}, {"a", "1"}};
  contents.tensors["x"] = Tensor::from<std::int16_t>({1, 2}, {-1, 258});
  contents.tensors["y"] = Tensor::scalar<std::uint8_t>(7);
  return contents;
}

// By Python, from docs/formats/pare.md, where n packs a number and t a text:
//   hashlib.sha256(n(2) + t(b'a') + t(b'1') + t(b'graph') + t('ü'.encode()) +
//     n(2) + t(b'x') + t(b'i16') + n(2) + n(1) + n(2) + struct.pack('<hh', -1, 258) +
//     t(b'y') + t(b'u8') + n(0) + b'\x07').hexdigest()
TEST(Checksum, IsWhatTheDocumentationSays) {
  EXPECT_EQ(checksum(small_file()),
            "44030bf9a604077f9990ba876de25f8f03bc06af86793cea8e85fe966c02cb92");
}

TEST(Checksum, IsOfAllButItself) {
  const std::string expected = checksum(small_file());
  Safetensors contents = small_file();
  contents.metadata[kChecksumKey] = expected;
  EXPECT_EQ(checksum(contents), expected);
  contents.metadata["b"] = "";
  EXPECT_NE(checksum(contents), expected);
  contents = small_file();
  contents.tensors["y"] = Tensor::scalar<std::int8_t>(7);
  EXPECT_NE(checksum(contents), expected);
  contents = small_file();
  contents.tensors["x"] = contents.tensors["x"].reshaped({2, 1});
  EXPECT_NE(checksum(contents), expected);
  contents = small_file();
  contents.tensors["z"] = contents.tensors["y"];
  contents.tensors.erase("y");
  EXPECT_NE(checksum(contents), expected);
}

}  // namespace
}  // namespace pare::model
