#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "data/found_array.h"

namespace pare::data {

/// Runs `find` in a process of its own, and `take` in this one on each array that it gives, in that
/// order. For libraries that damaged files can crash: whatever becomes of them there, here it is an
/// InputError that names the file (docs/decisions/0006). An InputError of `find` is thrown here as
/// it is.
///
/// The process may use memory for twice what the file can hold (max_array_bytes), and processor
/// time in proportion to the file's size; it cannot print. What this process allocates grows with
/// what was received, and no array may exceed what the file can hold.
///
/// Throws InputError if the file is missing or no regular file, or the process dies, sends what
/// cannot be, or exceeds its limits.
void find_isolated(const std::string& path, const std::function<void(const TakeArray& give)>& find,
                   const TakeArray& take);

/// The most that a file of so many bytes can hold: all of them packed as densely as deflate can.
std::uint64_t max_array_bytes(std::uint64_t file_bytes);

/// Throws InputError naming `origin` if an array claims more than a file of `file_bytes` can hold,
/// or its shape is negative.
void check_claim(std::span<const std::int64_t> shape, std::size_t element_bytes,
                 std::uint64_t file_bytes, const std::string& origin);

}  // namespace pare::data
