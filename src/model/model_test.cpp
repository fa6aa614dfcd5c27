#include "model/model.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/safetensors.h"
#include "base/temporary_folder.h"
#include "graph/test_graphs.h"
#include "rewrite/mlp.h"
#include "rewrite/prune.h"
#include "rewrite/quantize.h"

namespace pare::model {
namespace {

Model jets_model() {
  auto graph = rewrite::mlp({.dropout = 0.1}, {16}, {"g", "q", "w", "z", "t"}, 1);
  graph.inputs.front().mean = std::vector<double>(16, 0.1);
  graph.inputs.front().scale = std::vector<double>(16, 3);
  graph = rewrite::quantize(graph, {}, 4.5);
  graph = rewrite::prune(graph, {.sparsity = 0.8});
  return {graph, {{"pare", "0.1.0"}, {"recipe", "seed = 1\n"}, {"data", "simulated jets"}}};
}

TEST(Model, RoundTripsThroughAFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "model.pare";
  const Model model = jets_model();
  save(path, model);
  EXPECT_EQ(load(path), model);
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST(Model, IsTheSameBytesForTheSameModel) {
  EXPECT_EQ(to_bytes(jets_model()), to_bytes(jets_model()));
}

// The names of docs/formats/pare.md, which other readers rely on.
TEST(Model, IsASafetensorsFileThatAnyoneCanRead) {
  const Safetensors contents = parse_safetensors(to_bytes(jets_model()), "test");
  EXPECT_EQ(contents.metadata.at("format_version"), "2");
  EXPECT_THAT(contents.metadata.at("graph"), testing::HasSubstr("\"fc1.weight\""));
  EXPECT_THAT(contents.metadata.at("provenance"), testing::HasSubstr("simulated jets"));
  EXPECT_EQ(contents.tensors.at("graph/fc1.weight").shape(), (Shape{64, 16}));
  EXPECT_EQ(contents.tensors.at("graph/fc1.weight.mask").dtype(), DType::kU8);
}

RC_GTEST_PROP(Model, RoundTripsEveryGraph, ()) {
  const Model model{graph::random_graph(), {{"seed", "1"}}};
  RC_ASSERT(parse(to_bytes(model), "test") == model);
}

// Whatever one byte becomes, the file is refused or holds together.
RC_GTEST_PROP(Model, SurvivesADamagedByte, ()) {
  static const auto bytes =
      to_bytes({rewrite::quantize(rewrite::mlp({.hidden = {2}}, {2}, {"a", "b"}, 1), {}, 1), {}});
  auto damaged = bytes;
  const auto place =
      *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(0, bytes.size()));
  damaged[place] = static_cast<std::byte>(*rc::gen::arbitrary<std::uint8_t>());
  try {
    to_bytes(parse(damaged, "test"));
  } catch (const InputError&) {
  }
}

}  // namespace
}  // namespace pare::model
