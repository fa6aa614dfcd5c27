#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace pare {

/// The contents of a safetensors file: named tensors, and string-valued metadata.
/// Ref: the format's own page, github.com/huggingface/safetensors (docs/formats/pare.md says how we
/// use it).
struct Safetensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;

  friend bool operator==(const Safetensors&, const Safetensors&) = default;
};

/// The file's bytes. Deterministic: equal contents give equal bytes (keys sorted, data aligned to
/// 8).
std::vector<std::byte> to_bytes(const Safetensors& contents);

/// Reads and checks: header length within the file, valid JSON without duplicate keys, known
/// dtypes, sizes that match shapes, and tensors that cover the data without holes or overlaps.
/// `origin` names the file in messages. Throws InputError; never allocates more than the file's own
/// size times a small constant.
Safetensors parse_safetensors(std::span<const std::byte> bytes, const std::string& origin);

Safetensors read_safetensors(const std::string& path);

/// Atomic: the file is complete or as it was before. Throws InputError if it cannot be written.
void write_safetensors(const std::string& path, const Safetensors& contents);

}  // namespace pare
