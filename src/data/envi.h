#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace pare::data {

/// How the elements of a cube follow each other in its raw file, the outermost first.
enum class Interleave {
  kBandSequential,  ///< bsq: band, row, column
  kByLine,          ///< bil: row, band, column
  kByPixel,         ///< bip: row, column, band
};

/// What the header of an ENVI file says of the raw file beside it.
struct EnviHeader {
  std::int64_t rows = 0;     ///< "lines"
  std::int64_t columns = 0;  ///< "samples"
  std::int64_t bands = 0;
  std::int64_t offset = 0;  ///< bytes before the first element
  DType dtype = DType::kU8;
  Interleave interleave = Interleave::kBandSequential;
  bool is_big_endian = false;
  std::vector<std::string> band_names;  ///< empty, or one a band: its name, else its wavelength
};

/// The header of an ENVI file: a line "ENVI", then `field = value` a line, values in { } over
/// several. Lines that start with ';' are comments, fields that say nothing of the layout are
/// passed over, and "byte order" is 0 where it is not said. Sizes are from 1 to 2^31 - 1, data
/// types 1 to 5 and 12 to 15. Throws InputError naming `origin`, and line or field: another start,
/// a field that is missing or there twice, a value that cannot be, complex or compressed data, a
/// list that does not end or has another length than there are bands. Ref: "ENVI Header Files", the
/// format's own documentation.
EnviHeader parse_envi_header(std::string_view text, const std::string& origin);

/// The cube [rows, columns, bands] whose elements are in `raw`, as stored: gains are not applied.
/// Throws InputError naming `origin` if `raw` is not exactly as large as the header says.
Tensor parse_envi(const EnviHeader& header, std::span<const std::byte> raw,
                  const std::string& origin);

/// A cube with the names of its bands.
struct EnviCube {
  Tensor values;                        ///< [rows, columns, bands]
  std::vector<std::string> band_names;  ///< may be empty
};

/// The cube of a header file NAME.hdr and its raw file NAME, or NAME with .img, .dat, .raw, .bin,
/// .bsq, .bil or .bip behind it: the first that is there. Throws InputError as parse_envi_header
/// and parse_envi do, and if there is no raw file.
EnviCube read_envi(const std::string& path);

}  // namespace pare::data
