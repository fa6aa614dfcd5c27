#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace pare::data {

/// Whether bytes start as a gzip file does.
bool is_gzip(std::span<const std::byte> bytes);

/// The contents of a gzip file of one member. Memory grows with what is unpacked, at most 1032
/// times the packed size. Throws InputError naming `origin`: damaged, truncated, followed by other
/// data. Ref: RFC 1952.
std::vector<std::byte> gunzip(std::span<const std::byte> bytes, const std::string& origin);

}  // namespace pare::data
