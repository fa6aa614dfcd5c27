// The vectors that ONNX keeps for its operators (Debian's libonnx-testdata): every one that can be
// said as a network of one input must come out as it says there.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "base/error.h"
#include "base/file.h"
#include "graph/evaluate.h"
#include "interop/onnx_file.h"
#include "interop/onnx_import.h"

namespace pare::interop {
namespace {

namespace fs = std::filesystem;

/// A model and what it makes of some inputs.
struct Vector {
  std::string name;
  onnx::ModelProto model = {};
  std::vector<Tensor> inputs = {};
  Tensor output = {};
};

Tensor read_tensor(const fs::path& path) {
  return parse_onnx_tensor(read_file(path.string()), path.string());
}

/// Vectors of a folder test_X: model.onnx and test_data_set_*/{input,output}_*.pb.
std::vector<Vector> read_vectors(const fs::path& folder) {
  std::vector<Vector> vectors;
  const std::string bytes = read_text((folder / "model.onnx").string());
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_directory()) continue;
    Vector vector{.name = folder.filename().string()};
    EXPECT_TRUE(vector.model.ParseFromString(bytes));
    for (int i = 0; fs::exists(entry.path() / fmt::format("input_{}.pb", i)); ++i) {
      vector.inputs.push_back(read_tensor(entry.path() / fmt::format("input_{}.pb", i)));
    }
    vector.output = read_tensor(entry.path() / "output_0.pb");
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

/// Sample `i` of what is a batch of `count`; other tensors as they are.
Tensor sample_of(const Tensor& tensor, std::size_t i, const Shape& batch) {
  if (tensor.rank() != batch.size() || tensor.dim(0) != batch.front()) return tensor;
  Shape shape = tensor.shape();
  shape.front() = 1;
  Tensor sample(tensor.dtype(), shape);
  const auto from = tensor.bytes().subspan(i * sample.bytes().size(), sample.bytes().size());
  std::copy(from.begin(), from.end(), sample.bytes().begin());
  return sample;
}

onnx::TensorProto proto_of(const Tensor& tensor, const std::string& name) {
  static const std::map<DType, int> kTypes = {
      {DType::kF32, onnx::TensorProto::FLOAT},  {DType::kF64, onnx::TensorProto::DOUBLE},
      {DType::kI64, onnx::TensorProto::INT64},  {DType::kI32, onnx::TensorProto::INT32},
      {DType::kU8, onnx::TensorProto::UINT8},   {DType::kI8, onnx::TensorProto::INT8},
      {DType::kBool, onnx::TensorProto::BOOL},  {DType::kU16, onnx::TensorProto::UINT16},
      {DType::kI16, onnx::TensorProto::INT16},  {DType::kU32, onnx::TensorProto::UINT32},
      {DType::kU64, onnx::TensorProto::UINT64},
  };
  onnx::TensorProto proto;
  proto.set_name(name);
  proto.set_data_type(kTypes.at(tensor.dtype()));
  for (const std::int64_t size : tensor.shape()) proto.add_dims(size);
  const auto bytes = tensor.bytes();
  proto.set_raw_data(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  return proto;
}

bool is_byte(const Tensor& tensor) {
  return tensor.dtype() == DType::kU8 || tensor.dtype() == DType::kI8;
}

void add_node(onnx::GraphProto& graph, const char* type, const std::vector<std::string>& inputs,
              const std::string& output) {
  auto& node = *graph.add_node();
  node.set_op_type(type);
  node.set_name(output);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
}

/// (codes - zero point) * scale, in float32.
Tensor values_of(const Tensor& codes, const Tensor& scale, const Tensor& zero) {
  Tensor values = codes.to(DType::kF32);
  const float z = zero.to(DType::kF32).as<float>()[0];
  for (float& x : values.as<float>()) x = (x - z) * scale.as<float>()[0];
  return values;
}

/// Operators of integers become networks of numbers: what goes in is quantized in front of them,
/// what comes out is turned back, each by the operator's own scale.
void surround(Vector& vector) {
  onnx::GraphProto& graph = *vector.model.mutable_graph();
  const onnx::NodeProto node = graph.node(0);
  const auto input = [&](int i) -> const Tensor& {
    return vector.inputs.at(static_cast<std::size_t>(i));
  };
  const bool is_quantize = node.op_type() == "QuantizeLinear";
  const bool is_layer = node.op_type().starts_with("QLinear");
  if ((!is_quantize && !is_layer) || !is_byte(vector.output)) return;
  const int scale = is_quantize ? 1 : 6;
  if (input(scale).size() != 1 || input(1).size() != 1) return;
  if (is_layer) {
    const std::string raw = graph.input(0).name();
    graph.mutable_node(0)->set_input(0, "codes");
    add_node(graph, "QuantizeLinear", {raw, node.input(1), node.input(2)}, "codes");
    graph.mutable_node()->SwapElements(0, 1);
    auto& type = *graph.mutable_input(0)->mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    vector.inputs.front() = values_of(input(0), input(1), input(2));
  }
  add_node(graph, "DequantizeLinear", {node.output(0), node.input(scale), node.input(scale + 1)},
           "values");
  graph.mutable_output(0)->set_name("values");
  vector.output = values_of(vector.output, input(scale), input(scale + 1));
}

/// The network of a vector's first input, its other inputs being constants; the first output alone.
Imported network_of(const Vector& vector, const std::vector<Tensor>& inputs) {
  onnx::ModelProto model = vector.model;
  onnx::GraphProto& graph = *model.mutable_graph();
  std::vector<std::string> names;
  for (const auto& input : graph.input()) {
    const bool is_initialized =
        std::any_of(graph.initializer().begin(), graph.initializer().end(),
                    [&](const auto& tensor) { return tensor.name() == input.name(); });
    if (!is_initialized) names.push_back(input.name());
  }
  for (std::size_t i = 1; i < names.size() && i < inputs.size(); ++i) {
    *graph.add_initializer() = proto_of(inputs[i], names[i]);
  }
  for (auto& input : *graph.mutable_input()) {
    if (names.empty() || input.name() != names.front()) continue;
    auto& shape = *input.mutable_type()->mutable_tensor_type()->mutable_shape();
    shape.clear_dim();
    for (const std::int64_t size : inputs.front().shape()) shape.add_dim()->set_dim_value(size);
  }
  while (graph.output_size() > 1) graph.mutable_output()->RemoveLast();
  const std::string bytes = model.SerializeAsString();
  return import_onnx(std::as_bytes(std::span(bytes)), vector.name, "");
}

/// Largest difference, relative to the larger magnitude where that is above 1; infinite if the
/// shapes differ.
double difference(const Tensor& found, const Tensor& expected) {
  if (found.shape() != expected.shape()) return INFINITY;
  const auto a = found.to_doubles();
  const auto b = expected.to_doubles();
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(a[i] - b[i]) / std::max(1.0, std::abs(b[i])));
  }
  return largest;
}

double run(const Vector& vector, const std::vector<Tensor>& inputs, const Tensor& expected) {
  const Imported imported = network_of(vector, inputs);
  const Tensor mapped = graph::map_input(imported.graph, inputs.front());
  const Tensor found = graph::evaluate(imported.graph, mapped);
  // A tensor without a batch axis has as many elements.
  return found.size() == expected.size() ? difference(found.reshaped(expected.shape()), expected)
                                         : INFINITY;
}

/// The vector as a batch, or, where constants differ from sample to sample, sample by sample.
double run_vector(const Vector& vector) {
  try {
    return run(vector, vector.inputs, vector.output);
  } catch (const InputError&) {
    const Shape& batch = vector.inputs.front().shape();
    const bool has_samples = batch.size() >= 2 && batch.front() > 1 && vector.inputs.size() > 1 &&
                             vector.inputs[1].shape() == batch && vector.output.shape() == batch;
    if (!has_samples) throw;
    double largest = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch.front()); ++i) {
      std::vector<Tensor> inputs;
      for (const Tensor& input : vector.inputs) inputs.push_back(sample_of(input, i, batch));
      largest = std::max(largest, run(vector, inputs, sample_of(vector.output, i, batch)));
    }
    return largest;
  }
}

struct Count {
  int passed = 0;
  int failed = 0;
  int not_claimed = 0;
};

bool is_float_network(const Vector& vector) {
  return !vector.inputs.empty() && vector.inputs.front().dtype() == DType::kF32 &&
         vector.output.dtype() == DType::kF32;
}

/// What pare has no form for, in the folder's models.
std::string type_of(const Vector& vector) { return vector.model.graph().node(0).op_type(); }

class OnnxOperators : public testing::TestWithParam<const char*> {};

TEST_P(OnnxOperators, ComeOutAsTheirVectorsSay) {
  const fs::path folder = fs::path("/usr/share/libonnx-testdata/data") / GetParam();
  if (!fs::exists(folder)) {
    if (std::getenv("PARE_REQUIRE_TOOLS") != nullptr) FAIL() << "libonnx-testdata is missing";
    GTEST_SKIP() << "libonnx-testdata is not installed";
  }
  std::map<std::string, Count> counts;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder)) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  Count total;
  for (const fs::path& test : folders) {
    std::vector<Vector> vectors;
    try {
      vectors = read_vectors(test);
    } catch (const InputError&) {  // texts, sequences
      ++total.not_claimed;
      continue;
    }
    for (Vector& vector : vectors) {
      Count& count = counts[type_of(vector)];
      surround(vector);
      try {
        const double found = is_float_network(vector) ? run_vector(vector) : NAN;
        if (std::isnan(found)) {
          ++count.not_claimed;
        } else if (found <= 1e-5) {
          ++count.passed;
        } else {
          ++count.failed;
          ADD_FAILURE() << vector.name << " differs by " << found;
        }
      } catch (const InputError& error) {
        ++count.not_claimed;
        if (std::getenv("PARE_VERBOSE") != nullptr) std::cout << error.what() << "\n";
      }
    }
  }
  for (const auto& [type, count] : counts) {
    total.passed += count.passed;
    total.failed += count.failed;
    total.not_claimed += count.not_claimed;
    if (count.passed + count.failed == 0) continue;
    std::cout << fmt::format("{:24} {:4} passed {:4} failed {:4} not claimed\n", type, count.passed,
                             count.failed, count.not_claimed);
  }
  std::cout << fmt::format("{}: {} passed, {} failed, {} not claimed\n", GetParam(), total.passed,
                           total.failed, total.not_claimed);
  EXPECT_GT(total.passed, 5);
}

INSTANTIATE_TEST_SUITE_P(All, OnnxOperators,
                         testing::Values("node", "pytorch-converted", "pytorch-operator"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace pare::interop
