#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// The whole file. Throws InputError naming it, and why, if it cannot be read.
std::vector<std::byte> read_file(const std::string& path);
std::string read_text(const std::string& path);

/// Writes a temporary file beside `path`, flushes it to the disk and renames it, so that a crash or
/// a full disk leaves either the old contents or the new. Throws InputError (disk full, no
/// permission, no such folder); the temporary file is removed then.
void write_file_atomic(const std::string& path, std::span<const std::byte> bytes);
void write_file_atomic(const std::string& path, std::string_view text);

}  // namespace pare
