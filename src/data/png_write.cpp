// As in png.cpp: what calls libpng has plain arguments alone, and returns false where it failed.

#include <array>
#include <csetjmp>
#include <exception>
#include <utility>

#include <fmt/format.h>
#include <png.h>

#include "base/error.h"
#include "data/axes.h"
#include "data/png.h"

namespace pare::data {
namespace {

constexpr std::int64_t kMaxSide = 1 << 16;

/// What libpng's callbacks are given. They are C's: no exception may leave them.
struct Sink {
  std::vector<std::byte> bytes;
  std::exception_ptr error = nullptr;
};

void append_bytes(png_structp png, png_bytep from, std::size_t count) {
  auto* sink = static_cast<Sink*>(png_get_io_ptr(png));
  try {
    const auto* first = reinterpret_cast<const std::byte*>(from);
    sink->bytes.insert(sink->bytes.end(), first, first + count);
  } catch (...) {
    sink->error = std::current_exception();
  }
  if (sink->error) png_error(png, "no memory");
}

void flush_nothing(png_structp) {}

void leap_back(png_structp png, png_const_charp) { png_longjmp(png, 1); }

void warn_nobody(png_structp, png_const_charp) {}

/// libpng's two structures, freed when they go.
struct Writer {
  png_structp png = nullptr;
  png_infop info = nullptr;

  explicit Writer(Sink& sink)
      : png(png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, leap_back, warn_nobody)) {
    if (png != nullptr) info = png_create_info_struct(png);
    check(info != nullptr, "format_png: no memory for libpng");
    png_set_write_fn(png, &sink, append_bytes, flush_nothing);
  }
  ~Writer() { png_destroy_write_struct(&png, &info); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
};

bool write_all(png_structp png, png_infop info, png_uint_32 width, png_uint_32 height, int colour,
               png_bytepp rows) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_IHDR(png, info, width, height, 8, colour, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  png_write_image(png, rows);
  png_write_end(png, nullptr);
  return true;
}

}  // namespace

std::vector<std::byte> format_png(const Tensor& image) {
  check(image.dtype() == DType::kU8 && image.rank() == 3 && image.size() > 0 &&
            (image.dim(0) == 1 || image.dim(0) == 3),
        "format_png: u8 [1 or 3, H, W]");
  const std::int64_t height = image.dim(1);
  const std::int64_t width = image.dim(2);
  if (height > kMaxSide || width > kMaxSide) {
    throw InputError(fmt::format("PNG images: {} rows and {} columns, at most {} can be written",
                                 height, width, kMaxSide));
  }
  Tensor pixels = permuted(image, std::array<std::size_t, 3>{1, 2, 0});
  std::vector<png_bytep> rows(static_cast<std::size_t>(height));
  const std::size_t row_bytes = pixels.bytes().size() / rows.size();
  for (std::size_t y = 0; y < rows.size(); ++y) {
    rows[y] = reinterpret_cast<png_bytep>(pixels.bytes().data() + y * row_bytes);
  }
  Sink sink;
  const Writer writer(sink);
  const bool is_written = write_all(
      writer.png, writer.info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height),
      image.dim(0) == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, rows.data());
  if (sink.error) std::rethrow_exception(sink.error);
  check(is_written, "format_png: libpng refused to write");
  return std::move(sink.bytes);
}

}  // namespace pare::data
