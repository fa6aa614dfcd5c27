#include "data/gzip.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <zlib.h>

#include "base/error.h"

namespace pare::data {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr int kGzipWindow = 15 + 16;  // the largest window, and a gzip header is expected

/// A zlib stream that unpacks, released when it goes out of scope.
struct Inflater {
  z_stream stream{};

  Inflater() { check(inflateInit2(&stream, kGzipWindow) == Z_OK, "gunzip: zlib does not start"); }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

}  // namespace

bool is_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

std::vector<std::byte> gunzip(std::span<const std::byte> bytes, const std::string& origin) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  std::vector<std::byte> result;
  std::size_t given = 0;
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      const std::size_t count = std::min(kChunkBytes, bytes.size() - given);
      // zlib's interface takes a pointer to non-const, and only reads.
      stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data() + given));
      stream.avail_in = static_cast<uInt>(count);
      given += count;
    }
    const std::size_t filled = result.size();
    result.resize(filled + kChunkBytes);
    stream.next_out = reinterpret_cast<Bytef*>(result.data() + filled);
    stream.avail_out = static_cast<uInt>(kChunkBytes);
    state = inflate(&stream, Z_NO_FLUSH);
    result.resize(filled + kChunkBytes - stream.avail_out);
    if (state != Z_OK && state != Z_STREAM_END) {
      throw InputError(fmt::format("{}: its gzip data are {} after {} bytes; get the file again",
                                   origin, state == Z_BUF_ERROR ? "truncated" : "damaged",
                                   result.size()));
    }
  }
  if (given - stream.avail_in != bytes.size()) {
    throw InputError(fmt::format("{}: {} bytes behind the end of the gzip data", origin,
                                 bytes.size() - given + stream.avail_in));
  }
  return result;
}

}  // namespace pare::data
