// What importing a network allocates is bounded by its file and the tensors that it declares and
// has, however the file is made.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "allocation/allocation_counter.h"
#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "interop/onnx_file.h"
#include "interop/onnx_import.h"
#include "interop/test_onnx.h"

namespace pare::allocation {
namespace {

using interop::TestOnnx;
using testing::HasSubstr;

/// What the parts of a graph may take whatever the file's size (docs/interop.md).
constexpr std::size_t kConstant = std::size_t{128} << 20;
/// What a single allocation may take beyond four times the file and its tensors, whatever the file
/// is: nothing where it is a network's, or a damaged one's (MutatedNetworks).
constexpr std::size_t kBeyond = std::size_t{4} << 20;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// Bytes of the tensors that a file has: as pare holds them, which has nothing smaller than
/// float32.
std::size_t declared_bytes(const std::string& text, const std::string& folder) {
  try {
    const interop::OnnxFile file = interop::parse_onnx(bytes_of(text), "counted", folder);
    std::size_t sum = 0;
    const auto add = [&](const Tensor& tensor) {
      sum += std::max(tensor.bytes().size(), tensor.size() * sizeof(float));
    };
    for (const auto& [name, tensor] : file.initializers) add(tensor);
    for (const auto& node : file.nodes) {
      for (const auto& [name, attribute] : node.attributes) {
        if (const auto* tensor = std::get_if<Tensor>(&attribute)) add(*tensor);
      }
    }
    return sum;
  } catch (const InputError&) {
    return 0;
  }
}

struct Measured {
  std::size_t peak = 0;
  std::size_t largest = 0;  ///< single allocation
  std::string error;        ///< empty: it was imported
};

Measured imported(const std::string& text, const std::string& folder = "/nonexistent") {
  Measured result;
  const std::size_t before = live_bytes();
  restart();
  try {
    interop::import_onnx(bytes_of(text), "measured", folder);
  } catch (const InputError& error) {
    result.error = error.what();
  }
  result.peak = peak_bytes() - before;
  result.largest = largest_bytes();
  return result;
}

Measured expect_bounded(const std::string& text, const std::string& folder = "/nonexistent",
                        std::size_t beyond = kBeyond) {
  const std::size_t declared = declared_bytes(text, folder);
  const Measured measured = imported(text, folder);
  EXPECT_LE(measured.peak, 4 * (text.size() + declared) + kConstant)
      << text.size() << " bytes of file, " << declared << " of tensors; " << measured.error;
  EXPECT_LE(measured.largest, 4 * text.size() + declared + beyond)
      << text.size() << " bytes of file, " << declared << " of tensors; " << measured.error;
  return measured;
}

/// The same of files whose tensors are most of them: no constant counts there.
void expect_few_copies(const TestOnnx& model, std::size_t most) {
  const Measured measured = expect_bounded(model.bytes());
  EXPECT_EQ(measured.error, "");
  EXPECT_LE(measured.peak, most + (most >> 6));
}

std::vector<float> numbers(std::size_t count) { return std::vector<float>(count, 0.5F); }

TEST(OnnxAllocation, TheCounterSeesTheProtocolBuffers) {
  TestOnnx model({1, 4});
  model.constant("w", {1000, 1000}, numbers(1000000)).node("Relu", {"x"}, "y");
  EXPECT_GT(imported(model.bytes()).peak, 8000000U);
}

TEST(OnnxAllocation, LargeWeightsAreNotHeldOverAndOver) {
  constexpr std::int64_t kSize = 2048;
  constexpr std::size_t kElements = kSize * kSize;
  TestOnnx model({1, kSize});
  model.constant("w", {kSize, kSize}, numbers(kElements)).node("MatMul", {"x", "w"}, "y");
  // 4 * the file + its tensor.
  expect_few_copies(model, 5 * kElements * sizeof(float));
  TestOnnx quantized({1, kSize});
  quantized.constant("w", {kSize, kSize}, numbers(kElements));
  quantized.constant("scale", {}, {0.5F}).constant("zero", {}, {0}).constant("bits", {}, {4});
  quantized.quant({"w", "scale", "zero", "bits"}, "q").node("MatMul", {"x", "q"}, "y");
  expect_few_copies(quantized, 5 * kElements * sizeof(float));
  // Bytes become float32: 4 * the file and what four bytes an element take.
  TestOnnx of_bytes({1, kSize});
  of_bytes.constant("scale", {}, {0.5F}).integers("zero", {}, {0}, onnx::TensorProto::INT8);
  auto& tensor = *of_bytes.model().mutable_graph()->add_initializer();
  tensor.set_name("w");
  tensor.set_data_type(onnx::TensorProto::INT8);
  for (int i = 0; i < 2; ++i) tensor.add_dims(kSize);
  tensor.set_raw_data(std::string(kElements, '\1'));
  of_bytes.node("DequantizeLinear", {"w", "scale", "zero"}, "q").node("MatMul", {"x", "q"}, "y");
  expect_few_copies(of_bytes, 20 * kElements);
}

TEST(OnnxAllocation, ShapesWithoutDataTakeNothing) {
  for (const Shape& shape : {Shape{1 << 30}, Shape{1 << 30, 1 << 30},
                             Shape{1 << 30, 1 << 30, 1 << 30}, Shape{0, 1 << 30}}) {
    for (const int type : {1, 10, 22}) {
      TestOnnx model({1, 4});
      model.node("MatMul", {"x", "w"}, "y");
      auto& tensor = *model.model().mutable_graph()->add_initializer();
      tensor.set_name("w");
      tensor.set_data_type(type);
      for (const std::int64_t size : shape) tensor.add_dims(size);
      tensor.set_raw_data("1234");
      EXPECT_NE(expect_bounded(model.bytes()).error, "");
    }
  }
}

TEST(OnnxAllocation, ConstantsThatGrowFromNodeToNodeAreRefused) {
  TestOnnx model({1, 4});
  std::string last = "c";
  model.constant("c", {4}, numbers(4));
  Shape shape{4};
  for (int i = 0; i < 16; ++i) {
    shape.push_back(1);
    const std::string name = "c" + std::to_string(i);
    model.constant(name, shape, numbers(4)).node("Mul", {last, name}, "m" + std::to_string(i));
    last = "m" + std::to_string(i);
  }
  model.node("Add", {"x", last}, "y");
  EXPECT_NE(expect_bounded(model.bytes()).error, "");
}

TEST(OnnxAllocation, ConstantsThatArePassedOnAreNotCopiedOverAndOver) {
  for (const char* type : {"Identity", "Transpose", "Flatten"}) {
    TestOnnx model({1, 500});
    model.constant("c0", {500, 500}, numbers(250000));
    for (int i = 0; i < 200; ++i) {
      model.node(type, {"c" + std::to_string(i)}, "c" + std::to_string(i + 1));
    }
    model.node("MatMul", {"x", "c200"}, "y");
    EXPECT_EQ(expect_bounded(model.bytes()).error, "");
    // All of them are alive to the end.
    for (int i = 0; i < 200; ++i) {
      const std::string from = i == 0 ? "y" : "s" + std::to_string(i - 1);
      model.node("MatMul", {from, "c" + std::to_string(i)}, "s" + std::to_string(i));
    }
    EXPECT_THAT(expect_bounded(model.bytes()).error, HasSubstr("over and over"));
  }
}

TEST(OnnxAllocation, OneWeightForManyNodes) {
  for (const char* type : {"MatMul", "Add", "Mul"}) {
    TestOnnx model({1, 1000});
    const bool is_matrix = std::string(type) == "MatMul";
    model.constant("w", is_matrix ? Shape{1000, 1000} : Shape{1000},
                   numbers(is_matrix ? 1000000 : 1000));
    for (int i = 0; i < 2000; ++i) {
      const std::string from = i == 0 ? "x" : "y" + std::to_string(i - 1);
      model.node(type, {from, "w"}, "y" + std::to_string(i));
      model.node("Relu", {"y" + std::to_string(i)}, "r" + std::to_string(i));
    }
    model.node("Relu", {"y1999"}, "y");
    EXPECT_THAT(expect_bounded(model.bytes()).error, HasSubstr("over and over"));
  }
}

TEST(OnnxAllocation, SamplesOfManyElementsTakeNothing) {
  for (const Shape& shape : {Shape{1, 1 << 28}, Shape{1, 1 << 14, 1 << 14}, Shape{1, 1, 1 << 28}}) {
    for (const char* type : {"Add", "Mul", "Div", "Sub"}) {
      for (const bool is_first : {true, false}) {
        TestOnnx model(shape);
        model.constant("c", {}, {2}).node("Relu", {"x"}, "r");
        model.node(type, {is_first ? "x" : "r", "c"}, "y");
        expect_bounded(model.bytes());
      }
    }
    TestOnnx clipped(shape);
    clipped.constant("low", {}, {0.5F}).constant("high", {}, {2});
    clipped.node("Clip", {"x", "low", "high"}, "y");
    expect_bounded(clipped.bytes());
    TestOnnx quantized(shape);
    quantized.constant("scale", {}, {0.5F}).constant("zero", {}, {0}).constant("bits", {}, {4});
    quantized.quant({"x", "scale", "zero", "bits"}, "y");
    expect_bounded(quantized.bytes());
    TestOnnx truncated(shape);
    truncated.constant("scale", {}, {0.5F}).constant("zero", {}, {0}).constant("in", {}, {8});
    truncated.constant("out", {}, {4});
    truncated.node("Trunc", {"x", "scale", "zero", "in", "out"}, "y", "qonnx.custom_op.general");
    expect_bounded(truncated.bytes());
  }
}

TEST(OnnxAllocation, FilesOfManySmallPartsAreRefused) {
  const auto graph_of = [](const std::string& part, int count) {
    TestOnnx model({1, 4});
    model.node("Relu", {"x"}, "y");
    std::string text = model.bytes();
    std::string graph;
    for (int i = 0; i < count; ++i) graph += part;
    onnx::ModelProto more;
    std::string length;
    for (std::size_t n = graph.size();; n >>= 7) {
      length += static_cast<char>((n & 0x7F) | (n > 0x7F ? 0x80 : 0));
      if (n <= 0x7F) break;
    }
    return text + "\x3a" + length + graph;  // field 7, the graph: merged
  };
  // Of GraphProto: node, initializer, input, value_info, an unknown field.
  for (const std::string& part :
       {std::string("\x0a\0", 2), std::string("\x2a\0", 2), std::string("\x5a\0", 2),
        std::string("\x6a\0", 2), std::string("\x60\x01", 2)}) {
    EXPECT_THAT(expect_bounded(graph_of(part, 4000000)).error, HasSubstr("too many small parts"));
  }
  // A node's inputs, outputs and attributes.
  for (const std::string& part :
       {std::string("\x0a\0", 2), std::string("\x12\0", 2), std::string("\x2a\0", 2)}) {
    std::string node;
    for (int i = 0; i < 60; ++i) node += part;
    const std::string nodes = std::string("\x0a") + static_cast<char>(node.size()) + node;
    EXPECT_THAT(expect_bounded(graph_of(nodes, 60000)).error, HasSubstr("too many small parts"));
  }
}

TEST(OnnxAllocation, IntegersInLists) {
  TestOnnx model({1, 4});
  model.integers("c", {8000000}, std::vector<std::int64_t>(8000000, 1)).node("Relu", {"x"}, "y");
  expect_bounded(model.bytes());
  TestOnnx bytes({1, 4});
  bytes.integers("c", {8000000}, std::vector<std::int64_t>(8000000, 1), onnx::TensorProto::INT8);
  bytes.node("Relu", {"x"}, "y");
  expect_bounded(bytes.bytes());
}

/// Networks of every kind that the tests' folder has, and where data lie those of others.
std::vector<std::string> models() {
  std::vector<std::string> paths;
  const auto add = [&](const std::string& folder) {
    if (!std::filesystem::is_directory(folder)) return;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file() && entry.file_size() < 300000) paths.push_back(entry.path());
    }
  };
  add(PARE_SOURCE_DIR "/tests/fuzz/seeds/onnx");
  if (const char* data = std::getenv("PARE_DATA")) {
    add(std::string(data) + "/models/onnx");
    add(std::string(data) + "/models/qonnx");
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// Some bytes are others, some are gone, some stand twice.
std::string mutated(std::string text, std::mt19937& random) {
  const auto place = [&] { return random() % text.size(); };
  for (std::size_t n = 1 + random() % 8; n > 0; --n) {
    const std::size_t at = place();
    const std::size_t length = std::min<std::size_t>(text.size() - at, 1 + random() % 64);
    switch (random() % 4) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text[at] = '\x7f';
        break;
      case 2:
        if (text.size() > 200) text.erase(at, length);
        break;
      default:
        text.insert(place(), text.substr(at, length));
    }
  }
  return text;
}

TEST(OnnxAllocation, MutatedNetworks) {
  constexpr unsigned kSeed = 20250721;
  std::mt19937 random(kSeed);
  const std::vector<std::string> paths = models();
  ASSERT_GT(paths.size(), 3U);
  int read = 0;
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    const std::string text = read_text(path);
    for (int n = 0; n < 100 && !text.empty(); ++n) {
      const Measured measured = expect_bounded(mutated(text, random), "/nonexistent", 0);
      read += measured.error.empty() ? 1 : 0;
    }
  }
  // Mutations that change nothing that matters are read: what is measured is more than refusals.
  EXPECT_GT(read, 0);
}

TEST(OnnxAllocation, DataOutsideOfTheFile) {
  const TemporaryFolder folder;
  std::ofstream(folder / "data") << std::string(4000, 'a');
  std::filesystem::create_symlink("/dev/zero", folder / "zero");
  for (const std::string place : {"data", "zero", "/dev/zero", "../data", "", ".", "./data/.."}) {
    for (const char* length : {"", "4000", "4000000000000", "-1", "x"}) {
      for (const char* offset : {"", "0", "3996", "99999999999999999999"}) {
        TestOnnx model({1, 4});
        model.node("MatMul", {"x", "w"}, "y");
        auto& tensor = *model.model().mutable_graph()->add_initializer();
        tensor.set_name("w");
        tensor.set_data_type(onnx::TensorProto::FLOAT);
        tensor.add_dims(4);
        tensor.add_dims(1 << 28);
        tensor.set_data_location(onnx::TensorProto::EXTERNAL);
        for (const auto& [key, value] :
             {std::pair{"location", place.c_str()}, std::pair{"length", length},
              std::pair{"offset", offset}}) {
          if (*value == '\0') continue;
          auto& entry = *tensor.add_external_data();
          entry.set_key(key);
          entry.set_value(value);
        }
        EXPECT_NE(expect_bounded(model.bytes(), folder.path()).error, "") << place;
      }
    }
  }
}

}  // namespace
}  // namespace pare::allocation
