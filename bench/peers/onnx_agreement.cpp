// Holds pare against ONNX Runtime: networks that it imports (graph/evaluate against the file
// itself, random inputs), and networks that it exports (the integer program against the file in
// each form, the test split of a recipe). docs/results/interop.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/philox.h"
#include "data/load.h"
#include "graph/evaluate.h"
#include "graph/infer.h"
#include "interop/onnx_export.h"
#include "interop/onnx_file.h"
#include "interop/onnx_import.h"
#include "lower/interface.h"
#include "model/model.h"
#include "onnx_runtime.h"
#include "program/reference.h"
#include "quantizer_agreement.h"
#include "recipe/data_request.h"
#include "standard_onnx.h"

namespace pare::bench {
namespace {

struct Options {
  std::string library;
  std::vector<std::string> files;
  std::string recipe;
  float input_scale = 1;
  std::size_t num_samples = 1000;
};

Shape with_batch(const Shape& sample) {
  Shape shape{1};
  shape.insert(shape.end(), sample.begin(), sample.end());
  return shape;
}

Names names_of(const graph::Graph& graph) {
  return {graph.wire(graph.inputs.front().wire).name, graph.wire(graph.output).name};
}

Names names_of(std::span<const std::byte> onnx) {
  const interop::OnnxFile file = interop::parse_onnx(onnx, "model", "");
  return {file.inputs.front().name, file.outputs.front().name};
}

struct Difference {
  double largest = 0;      ///< relative to the magnitude where that is above 1
  std::int64_t above = 0;  ///< values that differ by more than 1e-5
  std::int64_t values = 0;
};

/// `found`: what pare makes of each sample.
Difference difference_of(OnnxRuntime::Session& session, std::span<const Tensor> samples,
                         std::span<const std::vector<double>> found) {
  Difference result;
  for (std::size_t n = 0; n < samples.size(); ++n) {
    session.run(samples[n].as<float>());
    for (std::size_t i = 0; i < found[n].size(); ++i) {
      const double expected = session.output()[i];
      const double apart = std::abs(found[n][i] - expected) / std::max(1.0, std::abs(expected));
      result.largest = std::max(result.largest, apart);
      result.above += apart > 1e-5 ? 1 : 0;
      ++result.values;
    }
  }
  return result;
}

/// 64 from -0.5 to 1.5, 4 where they are large.
std::vector<Tensor> random_samples(const Shape& shape) {
  const Philox random(7, RandomStream::kSynthetic);
  std::uint64_t next = 0;
  std::vector<Tensor> samples;
  const int count = num_elements(shape) > 10000 ? 4 : 64;
  for (int n = 0; n < count; ++n) {
    Tensor& sample = samples.emplace_back(DType::kF32, shape);
    for (float& x : sample.as<float>()) x = static_cast<float>(2 * random.uniform(next++) - 0.5);
  }
  return samples;
}

/// The first samples of the recipe's test split, divided by the input's scale.
std::vector<Tensor> test_samples(const Options& options, const Shape& shape) {
  const data::Dataset set = data::load(recipe::data_request(recipe::read(options.recipe)));
  const auto raw = set.test.inputs.as<float>();
  const auto size = static_cast<std::size_t>(num_elements(shape));
  const auto count = std::min(options.num_samples, static_cast<std::size_t>(set.test.size()));
  if (raw.size() != size * static_cast<std::size_t>(set.test.size())) {
    throw InputError(fmt::format("{}: samples of {} numbers; the network takes {}", options.recipe,
                                 raw.size() / static_cast<std::size_t>(set.test.size()), size));
  }
  std::vector<Tensor> samples;
  for (std::size_t n = 0; n < count; ++n) {
    Tensor& sample = samples.emplace_back(Tensor::from<float>(shape, raw.subspan(n * size, size)));
    for (float& x : sample.as<float>()) x /= options.input_scale;
  }
  return samples;
}

void hold_import(const OnnxRuntime& runtime, const std::string& path, const Options& options) {
  const std::vector<std::byte> bytes = read_file(path);
  const graph::Graph graph = interop::import_onnx(path).graph;
  const Shape input = with_batch(graph.inputs.front().shape);
  const Shape output = with_batch(graph::infer_shapes(graph).at(graph.output.value).shape);
  const std::vector<Tensor> samples =
      options.recipe.empty() ? random_samples(input) : test_samples(options, input);
  std::vector<std::vector<double>> values;
  for (const Tensor& sample : samples) {
    values.push_back(graph::evaluate(graph, graph::map_input(graph, sample)).to_doubles());
  }
  const Names names = names_of(bytes);
  const auto hold = [&](Precision precision) {
    auto session = runtime.load(standard_onnx(bytes, {}, precision), input, output, "", names);
    const Difference found = difference_of(session, samples, values);
    fmt::print("{} samples, largest relative difference {:.2g}, above 1e-5: {} of {} values\n",
               samples.size(), found.largest, found.above, found.values);
  };
  fmt::print("{}: ", path);
  hold(Precision::kFloat);
  fmt::print("  the runtime in double: ");
  hold(Precision::kDouble);
  for (const DoubleAgreement& of : hold_in_double(runtime, graph, bytes, samples)) {
    fmt::print("  quantizer {}, the runtime in double: of {} codes {} differ\n", of.name, of.values,
               of.differing);
  }
  for (const QuantizerAgreement& of : hold_quantizers(runtime, graph, bytes, samples)) {
    fmt::print(
        "  quantizer {}, in float32: of {} codes, of equal inputs, {} differ: ties within its "
        "error {}, off by one {}, others {}; farthest tie {:.2g} steps from its border, bounds up "
        "to {:.2g}\n",
        of.name, of.values, of.ties + of.off_by_one + of.others, of.ties, of.off_by_one, of.others,
        of.farthest, of.bound);
  }
}

/// Counts of samples on which program and file decide differently, by kind.
struct Decisions {
  std::int64_t equal = 0;
  std::int64_t ties = 0;        ///< the program has two largest codes
  std::int64_t off_by_one = 0;  ///< a code of the file's lies beside the program's
  std::int64_t equal_values = 0;
  std::int64_t values = 0;
};

void add_sample(std::span<const double> program, std::span<const float> file, Decisions& of) {
  for (std::size_t i = 0; i < program.size(); ++i) {
    of.values += 1;
    of.equal_values +=
        std::abs(program[i] - file[i]) <= 1e-5 * std::max(1.0, std::abs(program[i])) ? 1 : 0;
  }
  const auto best = std::max_element(program.begin(), program.end());
  const auto other = std::max_element(file.begin(), file.end()) - file.begin();
  if (best - program.begin() == other) {
    ++of.equal;
  } else if (program[static_cast<std::size_t>(other)] == *best) {
    ++of.ties;
  } else {
    ++of.off_by_one;
  }
}

void hold_export(const OnnxRuntime& runtime, const std::string& path, const std::string& recipe) {
  const model::Model model = model::load(path);
  if (!model.deployment) throw InputError(path + ": not frozen");
  const data::Dataset set = data::load(recipe::data_request(recipe::read(recipe)));
  const lower::Interface& interface = model.deployment->interface;
  const auto raw = set.test.inputs.as<float>();
  const auto size = static_cast<std::size_t>(num_elements(interface.input_shape));
  const auto outputs = static_cast<std::size_t>(num_elements(interface.output_shape));
  for (const auto& [form, name] :
       {std::pair{interop::OnnxForm::kFloat, "onnx"}, std::pair{interop::OnnxForm::kQdq, "qdq"}}) {
    auto session =
        runtime.load(interop::export_onnx(model.graph, form), with_batch(interface.input_shape),
                     with_batch(interface.output_shape), "", names_of(model.graph));
    Decisions decisions;
    std::vector<std::int64_t> codes(size);
    std::vector<double> values(outputs);
    for (std::size_t n = 0; n * size < raw.size(); ++n) {
      const auto sample = raw.subspan(n * size, size);
      session.run(sample);
      lower::map_input(interface, sample, codes);
      const auto result = program::run_reference(model.deployment->program, {{codes}, {}}).outputs;
      lower::map_output(interface, result.front(), values);
      add_sample(values, session.output(), decisions);
    }
    fmt::print(
        "{} as {}: {} samples, equal decisions {}, ties {}, off by one {}; values equal "
        "within 1e-5: {} of {}\n",
        path, name, set.test.size(), decisions.equal, decisions.ties, decisions.off_by_one,
        decisions.equal_values, decisions.values);
  }
}

void run(const Options& options) {
  const OnnxRuntime runtime(options.library);
  fmt::print("ONNX Runtime {}\n", runtime.version());
  for (const std::string& file : options.files) {
    if (interop::is_onnx_path(file)) {
      hold_import(runtime, file, options);
    } else {
      hold_export(runtime, file, options.recipe);
    }
  }
}

}  // namespace
}  // namespace pare::bench

int main(int argc, char** argv) {
  pare::bench::Options options;
  CLI::App app("Holds imported networks (.onnx) and exported ones (.pare) against ONNX Runtime");
  app.add_option("--onnxruntime", options.library, "ONNX Runtime's shared library")
      ->envname("PARE_ONNXRUNTIME")
      ->required();
  app.add_option("--data", options.recipe,
                 "A recipe whose test split networks are run on (.onnx: default random numbers)");
  app.add_option("--input-scale", options.input_scale,
                 "Samples are divided by it for .onnx networks (default 1)")
      ->check(CLI::PositiveNumber);
  app.add_option("--samples", options.num_samples,
                 "Test samples for .onnx networks (default 1000)");
  app.add_option("files", options.files, "Networks")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    pare::bench::run(options);
  } catch (const pare::InputError& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 3;
  }
  return 0;
}
