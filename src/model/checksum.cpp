#include "model/checksum.h"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/sha256.h"

namespace pare::model {
namespace {

class Content {
 public:
  void add(std::uint64_t number) {
    std::array<std::byte, 8> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<std::byte>(number >> (8 * i));
    }
    hash_.update(bytes);
  }

  void add(std::string_view text) {
    add(text.size());
    hash_.update(text);
  }

  void add(const Tensor& tensor) {
    add(name_of(tensor.dtype()));
    add(tensor.rank());
    for (const std::int64_t size : tensor.shape()) add(static_cast<std::uint64_t>(size));
    hash_.update(tensor.bytes());
  }

  std::string hex() const { return hash_.hex(); }

 private:
  Sha256 hash_;
};

}  // namespace

std::string checksum(const Safetensors& contents) {
  Content content;
  content.add(contents.metadata.size() - contents.metadata.count(kChecksumKey));
  for (const auto& [key, value] : contents.metadata) {
    if (key == kChecksumKey) continue;
    content.add(key);
    content.add(value);
  }
  content.add(contents.tensors.size());
  for (const auto& [name, tensor] : contents.tensors) {
    content.add(name);
    content.add(tensor);
  }
  return content.hex();
}

}  // namespace pare::model
