#pragma once

#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <png.h>

#include "base/error.h"

namespace pare::data {

/// An image for tests: samples row by row, those of a pixel side by side, one byte each (two,
/// big-endian, for 16 bits; packed bits below 8).
struct TestPng {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  int colour = PNG_COLOR_TYPE_GRAY;
  int bit_depth = 8;
  bool is_interlaced = false;
  std::vector<std::uint8_t> bytes = {};

  /// Writes it by libpng. A palette's entry i is the colour (i, 2 i, 3 i).
  void write(const std::string& path) const {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    check(file != nullptr, "TestPng: cannot write");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    if (setjmp(png_jmpbuf(png)) != 0) std::abort();
    png_init_io(png, file);
    png_set_IHDR(png, info, width, height, bit_depth, colour,
                 is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (colour == PNG_COLOR_TYPE_PALETTE) {
      png_color palette[4];
      for (unsigned i = 0; i < 4; ++i) {
        palette[i] = {static_cast<png_byte>(i), static_cast<png_byte>(2 * i),
                      static_cast<png_byte>(3 * i)};
      }
      png_set_PLTE(png, info, palette, 4);
    }
    png_write_info(png, info);
    const std::size_t row_bytes = bytes.size() / height;
    const int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; ++pass) {
      for (std::uint32_t y = 0; y < height; ++y) png_write_row(png, bytes.data() + y * row_bytes);
    }
    png_write_end(png, nullptr);
    png_destroy_write_struct(&png, &info);
    std::fclose(file);
  }
};

}  // namespace pare::data
