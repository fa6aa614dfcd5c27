#include "cli/verb_export.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "emit/c/emit.h"
#include "interop/onnx_export.h"
#include "model/golden.h"
#include "model/model.h"

namespace pare::cli {
namespace {

struct ExportOptions {
  std::string model;
  std::string to;
  std::string out = ".";
  emit::c::Options c;
  std::int64_t num_vectors = 64;
};

std::vector<emit::c::GoldenVector> golden_of(const model::Deployment& deployment,
                                             std::int64_t most) {
  std::vector<emit::c::GoldenVector> vectors;
  const std::int64_t count = std::min(most, deployment.golden.num_samples);
  for (std::int64_t sample = 0; sample < count; ++sample) {
    emit::c::GoldenVector vector{model::inputs_of(deployment.program, deployment.golden, sample),
                                 {}};
    for (const program::BufferId id : deployment.program.outputs) {
      vector.outputs.push_back(model::codes_of(deployment.golden, id, sample));
    }
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw InputError(fmt::format("{}: cannot make the folder: {}", path, error.message()));
}

std::string how_to_compile(const emit::c::Files& files, const std::string& out) {
  return fmt::format("cc -std=c99 -O2 {0}/{1} {0}/{2} -o {0}/self_test && {0}/self_test", out,
                     files.source.name, files.test.name);
}

/// FOLDER/NAME.onnx, and what it is.
ExitCode write_onnx(const ExportOptions& options, const model::Model& model, Output& output) {
  const auto form = options.to == "onnx"    ? interop::OnnxForm::kFloat
                    : options.to == "qonnx" ? interop::OnnxForm::kQonnx
                                            : interop::OnnxForm::kQdq;
  const std::vector<std::byte> bytes = interop::export_onnx(model.graph, form);
  const std::string name = options.c.name.empty()
                               ? std::filesystem::path(options.model).stem().string()
                               : options.c.name;
  make_folder(options.out);
  const std::string path = fmt::format("{}/{}.onnx", options.out, name);
  write_file_atomic(path, bytes);
  output.print(fmt::format("{}\n\nONNX, {}, {} bytes. docs/interop.md: what is exact in it.", path,
                           options.to == "onnx"    ? "standard operators of float32"
                           : options.to == "qonnx" ? "quantizers as QONNX has them"
                                                   : "8-bit integers (QuantizeLinear)",
                           bytes.size()));
  output.print(nlohmann::json{{"model", options.model}, {"files", {path}}, {"form", options.to}});
  return kFine;
}

ExitCode run(const ExportOptions& options, Output& output) {
  const model::Model model = model::load(options.model);
  if (options.to != "c") return write_onnx(options, model, output);
  if (!model.deployment) {
    throw InputError(
        fmt::format("{}: the model has no integer program to export; train it with quantized "
                    "inputs, weights and activations (`pare run` freezes what it has trained)",
                    options.model));
  }
  const model::Deployment& deployment = *model.deployment;
  emit::c::Options c = options.c;
  for (const std::int64_t count : deployment.golden.trip_counts) {
    c.max_trip_count = std::max(c.max_trip_count, count);
  }
  const auto golden = golden_of(deployment, options.num_vectors);
  const emit::c::Files files = emit::c::emit(deployment.program, &deployment.interface, golden, c);
  make_folder(options.out);
  auto written = nlohmann::json::array();
  std::string text;
  for (const emit::c::File& file : {files.header, files.source, files.test}) {
    const std::string path = options.out + "/" + file.name;
    write_file_atomic(path, file.text);
    written.push_back(path);
    text += path + "\n";
  }
  text += fmt::format(
      "\nProgram {}, style {}. A run works {}.\nThe self-test, {} golden vectors:\n  {}",
      program::hash(deployment.program).substr(0, 12),
      c.style == emit::c::Style::kTable ? "table" : "unrolled",
      files.memory_bytes == 0
          ? "on the stack alone"
          : fmt::format("in {} bytes of the caller's memory", files.memory_bytes),
      golden.size(), how_to_compile(files, options.out));
  output.print(text);
  output.print(nlohmann::json{{"model", options.model},
                              {"files", written},
                              {"style", c.style == emit::c::Style::kTable ? "table" : "unrolled"},
                              {"program_sha256", program::hash(deployment.program)},
                              {"golden_vectors", golden.size()},
                              {"memory_bytes", files.memory_bytes}});
  return kFine;
}

}  // namespace

Verb add_export(CLI::App& parent) {
  CLI::App* app =
      add_subcommand(parent, "export", "Write a model as code, or as ONNX for other tools",
                     "  pare export model.pare --to c -o out/\n"
                     "  pare export model.pare --to c --style unrolled --name jets -o out/\n"
                     "  pare export model.pare --to qonnx -o out/\n"
                     "\ndocs/export_c.md: what is written as C, and how to compile and call it.\n"
                     "docs/interop.md: the forms of ONNX, and what is exact in each.\n");
  const auto options = std::make_shared<ExportOptions>();
  app->add_option("model", options->model, "The model (.pare)")->required();
  app->add_option(
         "--to", options->to,
         "What to write: c (C99, of a frozen model); onnx (float32, quantizers as standard "
         "operators), qonnx (Quant), qdq (QuantizeLinear, 8-bit integers)")
      ->required()
      ->check(CLI::IsMember({"c", "onnx", "qonnx", "qdq"}));
  const std::vector<std::pair<std::string, emit::c::Style>> styles = {
      {"table", emit::c::Style::kTable}, {"unrolled", emit::c::Style::kUnrolled}};
  app->add_option("--style", options->c.style,
                  "table: small code, loops over constant tables (default); unrolled: "
                  "straight-line code, fast for small networks")
      ->transform(CLI::CheckedTransformer(styles));
  app->add_option("--name", options->c.name,
                  "What files and functions are called (default: the program's name)");
  app->add_option("--max-steps", options->c.max_trip_count,
                  "The most steps of a loop, where values of all steps must be kept")
      ->check(CLI::NonNegativeNumber);
  app->add_option("--vectors", options->num_vectors, "Golden vectors in the self-test (default 64)")
      ->check(CLI::NonNegativeNumber);
  app->add_option("-o,--out", options->out, "The folder to write to (default: this one)");
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
