#include "e2e/digits.h"

#include <fstream>
#include <vector>

#include "base/philox.h"

namespace pare::e2e {
namespace {

constexpr int kDigits = 10;
constexpr unsigned char kPixels = 28;

using Bytes = std::vector<unsigned char>;

void write_idx(const std::string& path, const Bytes& header, const Bytes& elements) {
  std::ofstream file(path, std::ios::binary);
  for (const Bytes& part : {header, elements}) {
    file.write(reinterpret_cast<const char*>(part.data()),
               static_cast<std::streamsize>(part.size()));
  }
}

}  // namespace

void write_digits(const std::string& folder, const std::string& part, unsigned char count) {
  const Philox random(count, RandomStream::kSynthetic);
  Bytes pixels;
  Bytes labels;
  std::uint64_t at = 0;
  for (int n = 0; n < count; ++n) {
    labels.push_back(static_cast<unsigned char>(n % kDigits));
    for (int row = 0; row < kPixels; ++row) {
      const double bright = row / 2 == labels.back() ? 155 : 0;
      for (int column = 0; column < kPixels; ++column) {
        pixels.push_back(static_cast<unsigned char>(bright + 100 * random.uniform(at++)));
      }
    }
  }
  // The type (bytes), the number of axes, and their sizes: big-endian numbers of 32 bits.
  const std::string base = folder + "/" + part;
  write_idx(base + "-images-idx3-ubyte",
            {0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, kPixels, 0, 0, 0, kPixels}, pixels);
  write_idx(base + "-labels-idx1-ubyte", {0, 0, 8, 1, 0, 0, 0, count}, labels);
}

}  // namespace pare::e2e
