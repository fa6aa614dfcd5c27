#include "base/error.h"
#include "data/hdf5.h"
#include "foreign_file.h"

/// Any bytes are arrays that fit what the file can hold, or refused, whatever becomes of libhdf5.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    pare::data::find_hdf5_arrays(pare::fuzz::file_of(data, size), pare::data::Values::kRead,
                                 [](const pare::data::FoundArray& array) {
                                   if (array.values && array.values->shape() != array.shape)
                                     std::abort();
                                 });
  } catch (const pare::InputError&) {
  }
  return 0;
}
