#include "interop/onnx_file.h"

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "interop/test_onnx.h"

namespace pare::interop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

OnnxFile parsed(const TestOnnx& model, const std::string& folder = "") {
  const std::string bytes = model.bytes();
  return parse_onnx(std::as_bytes(std::span(bytes)), "m.onnx", folder);
}

std::string refusal_of(const TestOnnx& model, const std::string& folder = "") {
  try {
    parsed(model, folder);
  } catch (const InputError& error) {
    return error.what();
  }
  return "(no error)";
}

/// A model with an initializer "t" to be filled.
TestOnnx with_tensor(onnx::TensorProto*& tensor, int type, const Shape& shape) {
  TestOnnx model({1, 2});
  model.node("Relu", {"x"}, "y").integers("t", shape, {}, type);
  tensor = model.model().mutable_graph()->mutable_initializer(0);
  return model;
}

TEST(OnnxFile, ReadsRawDataAndListsOfEveryType) {
  onnx::TensorProto* tensor = nullptr;
  TestOnnx raw = with_tensor(tensor, onnx::TensorProto::FLOAT16, {3});
  // 1, -2, the smallest number above 0.
  raw.model().mutable_graph()->mutable_initializer(0)->set_raw_data(
      std::string("\x00\x3c\x00\xc0\x01\x00", 6));
  EXPECT_THAT(parsed(raw).initializers.at("t").to_doubles(), ElementsAre(1, -2, 0x1p-24));

  TestOnnx list = with_tensor(tensor, onnx::TensorProto::BFLOAT16, {2});
  for (const int bits : {0x3F80, 0xC040}) {
    list.model().mutable_graph()->mutable_initializer(0)->add_int32_data(bits);
  }
  EXPECT_THAT(parsed(list).initializers.at("t").to_doubles(), ElementsAre(1, -3));

  constexpr int kInt4 = 22;
  TestOnnx packed = with_tensor(tensor, kInt4, {3});
  packed.model().mutable_graph()->mutable_initializer(0)->set_raw_data("\x8F\x03");
  EXPECT_THAT(parsed(packed).initializers.at("t").to_doubles(), ElementsAre(-1, -8, 3));
}

TEST(OnnxFile, RefusesDataThatDoNotFitTheirShape) {
  onnx::TensorProto* tensor = nullptr;
  TestOnnx model = with_tensor(tensor, onnx::TensorProto::FLOAT, {1000000, 1000000});
  model.model().mutable_graph()->mutable_initializer(0)->set_raw_data("abcd");
  EXPECT_THAT(refusal_of(model), HasSubstr("m.onnx: initializer 't': 4 bytes of data"));
  TestOnnx overflow = with_tensor(tensor, onnx::TensorProto::FLOAT, {1L << 40, 1L << 40});
  EXPECT_THAT(refusal_of(overflow), HasSubstr("initializer 't'"));
  TestOnnx text = with_tensor(tensor, onnx::TensorProto::STRING, {1});
  EXPECT_THAT(refusal_of(text), HasSubstr("expected numbers"));
}

TEST(OnnxFile, ReadsTensorsThatAreKeptBesideIt) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() + "/weights.bin", std::ios::binary) << "....\x01\x02";
  const auto model_at = [](const std::string& location, const std::string& offset) {
    onnx::TensorProto* unused = nullptr;
    TestOnnx model = with_tensor(unused, onnx::TensorProto::UINT8, {2});
    auto& tensor = *model.model().mutable_graph()->mutable_initializer(0);
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    const std::vector<std::pair<std::string, std::string>> entries = {
        {"location", location}, {"offset", offset}, {"length", "2"}};
    for (const auto& [key, value] : entries) {
      auto& entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    }
    return model;
  };
  const std::string path = folder.path();
  EXPECT_THAT(parsed(model_at("weights.bin", "4"), path).initializers.at("t").to_doubles(),
              ElementsAre(1, 2));
  EXPECT_THAT(refusal_of(model_at("weights.bin", "5"), path), HasSubstr("has 6 bytes"));
  EXPECT_THAT(refusal_of(model_at("weights.bin", "x"), path), HasSubstr("expected a number"));
  EXPECT_THAT(refusal_of(model_at("other.bin", "4"), path), HasSubstr("cannot be read"));
  EXPECT_THAT(refusal_of(model_at("../weights.bin", "4"), path), HasSubstr("beside the model"));
  EXPECT_THAT(refusal_of(model_at("/etc/passwd", "0"), path), HasSubstr("beside the model"));
}

TEST(OnnxFile, SaysWhatIsNoOnnx) {
  const std::string text = "not a model";
  EXPECT_THROW(parse_onnx(std::as_bytes(std::span(text)), "m.onnx", ""), InputError);
  EXPECT_THROW(parse_onnx({}, "m.onnx", ""), InputError);
  TestOnnx newer({1, 2}, 22);
  newer.node("Relu", {"x"}, "y");
  EXPECT_THAT(refusal_of(newer), HasSubstr("opset 22; 6 to 21 are read"));
}

}  // namespace
}  // namespace pare::interop
