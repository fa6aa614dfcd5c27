// libpng reports errors by longjmp, which must not leap over objects with destructors: what calls
// it are the small functions with plain arguments below, which return false where it failed.
#include "data/png.h"

#include <array>
#include <bit>
#include <csetjmp>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <png.h>

#include "base/error.h"
#include "data/axes.h"
#include "data/isolated.h"

namespace pare::data {
namespace {

constexpr png_uint_32 kMaxSide = 1 << 16;
constexpr std::size_t kMaxChunkBytes = std::size_t{8} << 20;

/// What libpng's callbacks are given.
struct Source {
  std::span<const std::byte> bytes;
  std::size_t place = 0;
  std::array<char, 128> error{};
};

struct Header {
  png_uint_32 width = 0;
  png_uint_32 height = 0;
  int bit_depth = 0;
  int colour = 0;
  bool is_transparent = false;
};

void read_bytes(png_structp png, png_bytep to, std::size_t count) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (count > source->bytes.size() - source->place) png_error(png, "the file is cut");
  std::memcpy(to, source->bytes.data() + source->place, count);
  source->place += count;
}

void keep_error(png_structp png, png_const_charp message) {
  auto* source = static_cast<Source*>(png_get_error_ptr(png));
  std::strncpy(source->error.data(), message, source->error.size() - 1);
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

/// libpng's two structures, freed when they go.
struct Reader {
  png_structp png = nullptr;
  png_infop info = nullptr;

  explicit Reader(Source& source)
      : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, keep_error, ignore_warning)) {
    if (png != nullptr) info = png_create_info_struct(png);
    check(info != nullptr, "parse_png: no memory for libpng");
    png_set_read_fn(png, &source, read_bytes);
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
};

bool read_header(png_structp png, png_infop info, Header* header) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_user_limits(png, kMaxSide, kMaxSide);
  png_set_chunk_malloc_max(png, kMaxChunkBytes);
  png_set_chunk_cache_max(png, 16);
  png_read_info(png, info);
  png_get_IHDR(png, info, &header->width, &header->height, &header->bit_depth, &header->colour,
               nullptr, nullptr, nullptr);
  header->is_transparent =
      (header->colour & PNG_COLOR_MASK_ALPHA) != 0 || png_get_valid(png, info, PNG_INFO_tRNS) != 0;
  return true;
}

/// Asks for whole bytes of grey or of red, green and blue, in the order of this machine.
bool set_output(png_structp png, png_infop info, const Header* header, std::size_t* row_bytes) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  if (header->colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (header->colour == PNG_COLOR_TYPE_GRAY && header->bit_depth < 8) {
    png_set_expand_gray_1_2_4_to_8(png);
  }
  if (header->bit_depth == 16 && std::endian::native == std::endian::little) png_set_swap(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  *row_bytes = png_get_rowbytes(png, info);
  return true;
}

bool read_rows(png_structp png, png_bytepp rows) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_read_image(png, rows);
  png_read_end(png, nullptr);
  return true;
}

[[noreturn]] void fail(const std::string& origin, std::string_view what) {
  throw InputError(fmt::format("{}: not a PNG image that can be read: {}", origin, what));
}

}  // namespace

Tensor parse_png(std::span<const std::byte> bytes, const std::string& origin) {
  Source source{.bytes = bytes};
  const Reader reader(source);
  Header header;
  if (!read_header(reader.png, reader.info, &header)) fail(origin, source.error.data());
  if (header.is_transparent) {
    throw InputError(fmt::format(
        "{}: an image with transparency, expected grey or colour alone; remove the alpha channel",
        origin));
  }
  const bool is_colour = (header.colour & PNG_COLOR_MASK_COLOR) != 0;
  const DType dtype = header.bit_depth == 16 ? DType::kU16 : DType::kU8;
  const Shape shape{header.height, header.width, is_colour ? 3 : 1};
  check_claim(shape, size_of(dtype), bytes.size() * (header.bit_depth < 8 ? 8 * 3 : 1), origin);
  std::size_t row_bytes = 0;
  if (!set_output(reader.png, reader.info, &header, &row_bytes)) fail(origin, source.error.data());
  Tensor pixels(dtype, shape);
  if (row_bytes * header.height != pixels.bytes().size()) fail(origin, "rows of another length");
  std::vector<png_bytep> rows(header.height);
  for (std::size_t y = 0; y < rows.size(); ++y) {
    rows[y] = reinterpret_cast<png_bytep>(pixels.bytes().data() + y * row_bytes);
  }
  if (!read_rows(reader.png, rows.data())) fail(origin, source.error.data());
  return permuted(pixels, std::array<std::size_t, 3>{2, 0, 1});
}

}  // namespace pare::data
