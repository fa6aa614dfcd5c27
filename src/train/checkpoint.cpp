#include "train/checkpoint.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <torch/torch.h>

#include "base/safetensors.h"
#include "model/model.h"
#include "train/tensors.h"

namespace pare::train {
namespace {

constexpr const char* kVersion = "1";
constexpr const char* kOptimizerPrefix = "optimizer/";

Tensor packed(const graph::Graph& graph) {
  const std::vector<std::byte> bytes = model::to_bytes({.graph = graph});
  Tensor tensor(DType::kU8, {static_cast<std::int64_t>(bytes.size())});
  std::copy(bytes.begin(), bytes.end(), tensor.bytes().begin());
  return tensor;
}

graph::Graph unpacked(const Tensor& tensor, const std::string& origin) {
  return model::parse(tensor.bytes(), origin).graph;
}

/// JSON has no infinity: an absent loss stands for it.
nlohmann::json to_json(const Position& position) {
  nlohmann::json json;
  Position::fields(position, [&](const char* name, const auto& value) { json[name] = value; });
  if (position.best_epoch < 0) json.erase("best_loss");
  return json;
}

Position position_from(const nlohmann::json& json) {
  Position position;
  Position::fields(position, [&](const char* name, auto& value) {
    if (json.contains(name)) json.at(name).get_to(value);
  });
  return position;
}

nlohmann::json to_json(const Environment& e) {
  return {{"device", e.device},
          {"threads", e.threads},
          {"torch_version", e.torch_version},
          {"cpu", e.cpu}};
}

Environment environment_from(const nlohmann::json& json) {
  return {json.at("device"), json.at("threads"), json.at("torch_version"), json.at("cpu")};
}

/// "AVX2": what torch's kernels were chosen for. Only its report to people says it.
std::string cpu_capability() {
  constexpr std::string_view kLabel = "CPU capability usage: ";
  const std::string report = at::show_config();
  const std::size_t start = report.find(kLabel);
  if (start == std::string::npos) return "unknown";
  const std::size_t first = start + kLabel.size();
  return report.substr(first, report.find('\n', first) - first);
}

const Tensor& tensor_of(const Safetensors& file, const char* name, const std::string& path) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end() || found->second.dtype() != DType::kU8) {
    throw InputError(fmt::format("{}: not a checkpoint of pare: it has no '{}'", path, name));
  }
  return found->second;
}

}  // namespace

Environment current_environment() {
  return {.device = "cpu",
          .threads = at::get_num_threads(),
          .torch_version = TORCH_VERSION,
          .cpu = cpu_capability()};
}

std::string difference(const Environment& before, const Environment& now) {
  std::string text;
  const auto compare = [&](const char* name, const auto& a, const auto& b) {
    if (a != b) text += fmt::format("{}{} {} (was {})", text.empty() ? "" : ", ", name, b, a);
  };
  compare("device", before.device, now.device);
  compare("threads", before.threads, now.threads);
  compare("torch", before.torch_version, now.torch_version);
  compare("cpu", before.cpu, now.cpu);
  return text;
}

void save_checkpoint(const std::string& path, const Checkpoint& checkpoint) {
  Safetensors file;
  file.metadata["format"] = "pare checkpoint";
  file.metadata["format_version"] = kVersion;
  file.metadata["position"] = to_json(checkpoint.position).dump();
  file.metadata["environment"] = to_json(checkpoint.environment).dump();
  file.tensors["graph"] = packed(checkpoint.graph);
  if (checkpoint.best) file.tensors["best"] = packed(*checkpoint.best);
  for (const auto& [name, tensor] : checkpoint.optimizer) {
    file.tensors[kOptimizerPrefix + name] = to_plain(tensor);
  }
  write_safetensors(path, file);
}

Checkpoint load_checkpoint(const std::string& path) {
  const Safetensors file = read_safetensors(path);
  const auto version = file.metadata.find("format_version");
  if (version == file.metadata.end() || version->second != kVersion) {
    throw InputError(
        fmt::format("{}: checkpoint format {}, but this pare reads format {}: resume with the pare "
                    "that wrote it",
                    path, version == file.metadata.end() ? "unknown" : version->second, kVersion));
  }
  Checkpoint checkpoint;
  try {
    checkpoint.position = position_from(nlohmann::json::parse(file.metadata.at("position")));
    checkpoint.environment =
        environment_from(nlohmann::json::parse(file.metadata.at("environment")));
  } catch (const std::exception& error) {
    throw InputError(fmt::format("{}: damaged checkpoint: {}", path, error.what()));
  }
  checkpoint.graph = unpacked(tensor_of(file, "graph", path), path);
  if (file.tensors.contains("best")) {
    checkpoint.best = unpacked(tensor_of(file, "best", path), path);
  }
  const std::string_view prefix = kOptimizerPrefix;
  for (const auto& [name, tensor] : file.tensors) {
    if (name.starts_with(prefix)) {
      checkpoint.optimizer[name.substr(prefix.size())] = to_torch(tensor);
    }
  }
  return checkpoint;
}

}  // namespace pare::train
