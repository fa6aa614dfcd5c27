#include "model/deployment_file.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/sha256.h"
#include "model/interface_json.h"
#include "model/metadata.h"
#include "program/text.h"

namespace pare::model {
namespace {

constexpr const char* kProgramVersionKey = "program_version";
constexpr const char* kProgramHashKey = "program_hash";
constexpr const char* kInterfaceKey = "interface";
constexpr const char* kGoldenKey = "golden";
constexpr const char* kNotesKey = "notes";
constexpr const char* kProgramTensor = "program";

std::string codes_name(std::size_t buffer) { return fmt::format("golden/codes/{}", buffer); }
std::string hashes_name(std::size_t buffer) { return fmt::format("golden/hashes/{}", buffer); }

Tensor take_tensor(Safetensors& contents, const std::string& name) {
  auto node = contents.tensors.extract(name);
  if (node.empty()) throw InputError(fmt::format("tensor '{}' is missing", name));
  return std::move(node.mapped());
}

/// The stored text is the program: it is held against its version and hash, then read.
program::Program take_program(Safetensors& contents) {
  const int version = read_version(contents, kProgramVersionKey, program::kProgramVersion);
  const Tensor stored = take_tensor(contents, kProgramTensor);
  if (stored.dtype() != DType::kU8 || stored.rank() != 1) {
    throw InputError(fmt::format("tensor '{}' is {} {}, expected a list of u8, the program's text",
                                 kProgramTensor, name_of(stored.dtype()),
                                 to_string(stored.shape())));
  }
  const std::string_view text(reinterpret_cast<const char*>(stored.bytes().data()), stored.size());
  const std::string& expected = metadata_of(contents, kProgramHashKey);
  if (const std::string found = sha256_hex(text); found != expected) {
    throw InputError(fmt::format("the program's SHA-256 is {}, but {} says {}: the file is damaged",
                                 found, kProgramHashKey, expected));
  }
  program::Program program = program::parse(text, kProgramTensor);
  if (version == program::version_of(program) && program::print(program) != text) {
    throw InputError("the program's text is not as pare prints it, so its hash is of another text");
  }
  return program;
}

nlohmann::json golden_json(const Golden& golden) {
  return {{"samples", golden.num_samples},
          {"kept", golden.num_kept},
          {"trip_counts", golden.trip_counts}};
}

Golden take_golden(Safetensors& contents, std::size_t num_buffers) {
  const nlohmann::json json = parse_json(metadata_of(contents, kGoldenKey), kGoldenKey);
  check_keys(json, {"samples", "kept", "trip_counts"}, kGoldenKey);
  Golden golden;
  golden.num_samples = required<std::int64_t>(json, "samples", kGoldenKey);
  golden.num_kept = required<std::int64_t>(json, "kept", kGoldenKey);
  golden.trip_counts = required<std::vector<std::int64_t>>(json, "trip_counts", kGoldenKey);
  for (std::size_t i = 0; i < num_buffers; ++i) {
    golden.codes.push_back(take_tensor(contents, codes_name(i)));
    golden.hashes.push_back(take_tensor(contents, hashes_name(i)));
  }
  return golden;
}

}  // namespace

void write_deployment(const Deployment& deployment, Safetensors& contents) {
  check_deployment(deployment);
  const std::string text = program::print(deployment.program);
  contents.metadata[kProgramVersionKey] =
      fmt::format("{}", program::version_of(deployment.program));
  contents.metadata[kProgramHashKey] = sha256_hex(text);
  contents.metadata[kInterfaceKey] = dump_json(write_json(deployment.interface));
  contents.metadata[kGoldenKey] = dump_json(golden_json(deployment.golden));
  contents.metadata[kNotesKey] = dump_json(deployment.notes);
  Tensor stored(DType::kU8, {static_cast<std::int64_t>(text.size())});
  std::ranges::copy(std::as_bytes(std::span(text)), stored.bytes().begin());
  contents.tensors.emplace(kProgramTensor, std::move(stored));
  for (std::size_t i = 0; i < deployment.program.buffers.size(); ++i) {
    contents.tensors.emplace(codes_name(i), deployment.golden.codes[i]);
    contents.tensors.emplace(hashes_name(i), deployment.golden.hashes[i]);
  }
}

std::optional<Deployment> take_deployment(Safetensors& contents) {
  if (!contents.tensors.contains(kProgramTensor)) return std::nullopt;
  Deployment deployment{.program = take_program(contents)};
  deployment.interface =
      read_interface(parse_json(metadata_of(contents, kInterfaceKey), kInterfaceKey));
  deployment.golden = take_golden(contents, deployment.program.buffers.size());
  deployment.notes = json_as<std::vector<std::string>>(
      parse_json(metadata_of(contents, kNotesKey), kNotesKey), kNotesKey);
  check_deployment(deployment);
  return deployment;
}

}  // namespace pare::model
