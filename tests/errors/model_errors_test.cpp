// What a user reads when a model file is wrong: which file, which tensor or layer, what was found,
// what was expected.
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/safetensors.h"
#include "model/checksum.h"
#include "model/model.h"
#include "rewrite/mlp.h"

namespace pare::model {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Model jets_model() { return {rewrite::mlp({}, {16}, {"g", "q", "w", "z", "t"}, 1), {}}; }

std::string error_of(std::span<const std::byte> bytes) {
  try {
    parse(bytes, "m.pare");
  } catch (const InputError& error) {
    return error.what();
  }
  return "(no error)";
}

/// The error of a model that is right but for `change`.
std::string error_after(const std::function<void(Safetensors&)>& change) {
  Safetensors contents = parse_safetensors(to_bytes(jets_model()), "m.pare");
  change(contents);
  if (!contents.metadata.empty()) contents.metadata[kChecksumKey] = checksum(contents);
  return error_of(pare::to_bytes(contents));
}

TEST(ModelErrors, TheModelOfTheseTestsIsRight) {
  EXPECT_EQ(error_after([](Safetensors&) {}), "(no error)");
}

TEST(ModelErrors, AMissingFileIsNamed) {
  try {
    load("/nowhere/m.pare");
    FAIL() << "read a file that is not there";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nowhere/m.pare"));
  }
}

TEST(ModelErrors, ACutFileIsRefusedWhereverItIsCut) {
  const auto bytes = to_bytes(jets_model());
  for (std::size_t size = 0; size < bytes.size(); size += size < 64 ? 1 : 997) {
    EXPECT_THAT(error_of(std::span(bytes).first(size)), HasSubstr("m.pare")) << size;
  }
}

TEST(ModelErrors, AHeaderThatClaimsMoreThanTheFileIsRefused) {
  auto bytes = to_bytes(jets_model());
  const std::uint64_t claimed = std::uint64_t{1} << 60;
  std::memcpy(bytes.data(), &claimed, sizeof claimed);
  EXPECT_THAT(error_of(bytes), AllOf(HasSubstr("m.pare"), HasSubstr("1152921504606846976")));
}

TEST(ModelErrors, ANewerFormatIsRefusedByNumber) {
  EXPECT_THAT(
      error_after([](Safetensors& s) { s.metadata["format_version"] = "7"; }),
      HasSubstr("m.pare: written by a newer pare, format_version 7; this one reads up to 2"));
  EXPECT_THAT(error_after([](Safetensors& s) { s.metadata["format_version"] = "-1"; }),
              HasSubstr("format_version is '-1', expected a number from 1"));
  EXPECT_THAT(error_after([](Safetensors& s) { s.metadata["format_version"] = "1.5"; }),
              HasSubstr("'1.5'"));
}

TEST(ModelErrors, ASafetensorsFileFromElsewhereIsRefused) {
  EXPECT_THAT(error_after([](Safetensors& s) { s.metadata.clear(); }),
              HasSubstr("m.pare: not a model of pare"));
  const std::string text = "solver = 3\n";
  EXPECT_THAT(error_of(std::as_bytes(std::span(text))), HasSubstr("m.pare"));
}

TEST(ModelErrors, AShapeMismatchNamesTheLayer) {
  const auto change = [](Safetensors& s) {
    auto graph = nlohmann::json::parse(s.metadata.at("graph"));
    for (auto& parameter : graph["parameters"]) {
      if (parameter["name"] == "fc3.weight") parameter["shape"] = {32, 64};
    }
    s.metadata["graph"] = graph.dump();
    s.tensors["graph/fc3.weight"] = Tensor(DType::kF32, {32, 64});
  };
  EXPECT_THAT(error_after(change),
              HasSubstr("m.pare: layer 3 'fc3': weight [32, 64] but input [32]"));
}

TEST(ModelErrors, TensorsThatDoNotFitTheGraphAreNamed) {
  EXPECT_THAT(error_after([](Safetensors& s) { s.tensors.erase("graph/fc2.bias"); }),
              HasSubstr("m.pare: tensor 'fc2.bias' is missing: expected f32 [32]"));
  EXPECT_THAT(error_after([](Safetensors& s) { s.tensors["graph/fc9.bias"] = Tensor(); }),
              HasSubstr("m.pare: tensor 'fc9.bias' belongs to no parameter"));
  EXPECT_THAT(error_after([](Safetensors& s) { s.tensors["fc1.bias"] = Tensor(); }),
              HasSubstr("m.pare: tensor 'fc1.bias' is no part of format 2"));
  EXPECT_THAT(
      error_after([](Safetensors& s) { s.tensors["graph/fc2.bias"] = Tensor(DType::kF64, {32}); }),
      HasSubstr("m.pare: tensor 'fc2.bias' is f64 [32], expected f32 [32]"));
}

TEST(ModelErrors, ABrokenGraphNamesThePlace) {
  EXPECT_THAT(error_after([](Safetensors& s) { s.metadata["graph"] = "{\"name\": "; }),
              HasSubstr("m.pare: graph"));
  EXPECT_THAT(error_after([](Safetensors& s) { s.metadata["graph"] = std::string(100000, '['); }),
              HasSubstr("m.pare: graph"));
  const auto rename = [](Safetensors& s) {
    auto graph = nlohmann::json::parse(s.metadata.at("graph"));
    graph["nodes"][0]["op"]["kind"] = "convolution_9d";
    s.metadata["graph"] = graph.dump();
  };
  EXPECT_THAT(error_after(rename),
              AllOf(HasSubstr("graph.nodes[0] 'fc1'.op: unknown kind 'convolution_9d'"),
                    HasSubstr("known: linear, conv, max_pool")));
  EXPECT_THAT(error_after([](Safetensors& s) { s.metadata["provenance"] = "[1]"; }),
              HasSubstr("m.pare: provenance"));
}

TEST(ModelErrors, TextThatIsNotUtf8IsNotWritten) {
  Model model = jets_model();
  model.graph.head.classes[2] = "\xff\xfe";
  try {
    to_bytes(model);
    FAIL() << "wrote a broken text";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("UTF-8"));
  }
}

}  // namespace
}  // namespace pare::model
