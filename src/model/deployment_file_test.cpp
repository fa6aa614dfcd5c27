// Files of format 2: what was frozen comes back bit for bit, and whatever is damaged is found.

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/safetensors.h"
#include "model/checksum.h"
#include "model/model.h"
#include "model/test_deployment.h"
#include "program/text.h"
#include "rewrite/mlp.h"

namespace pare::model {
namespace {

using ::testing::HasSubstr;

Model small_model() {
  Model model{rewrite::mlp({.hidden = {4}}, {3}, {"a", "b"}, 1), {{"pare", "0.1.0"}}};
  model.deployment = random_deployment({3, 4, 2}, 5, 7);
  return model;
}

/// The error of a model that is right but for `change`, its checksum right.
std::string error_after(const std::function<void(Safetensors&)>& change) {
  Safetensors contents = parse_safetensors(to_bytes(small_model()), "m.pare");
  change(contents);
  contents.metadata[kChecksumKey] = checksum(contents);
  try {
    parse(pare::to_bytes(contents), "m.pare");
  } catch (const InputError& error) {
    return error.what();
  }
  return "(no error)";
}

std::string error_after_interface(const std::function<void(nlohmann::json&)>& change) {
  return error_after([&](Safetensors& s) {
    auto interface = nlohmann::json::parse(s.metadata.at("interface"));
    change(interface);
    s.metadata["interface"] = interface.dump();
  });
}

TEST(DeploymentFile, RoundTrips) {
  const Model model = small_model();
  const auto bytes = to_bytes(model);
  const Model read = parse(bytes, "m.pare");
  EXPECT_EQ(read, model);
  EXPECT_EQ(to_bytes(read), bytes);
  EXPECT_EQ(error_after([](Safetensors&) {}), "(no error)");
}

TEST(DeploymentFile, HoldsTheProgramAsItsText) {
  const Model model = small_model();
  const Safetensors contents = parse_safetensors(to_bytes(model), "m.pare");
  EXPECT_EQ(contents.metadata.at("format_version"), "2");
  EXPECT_EQ(contents.metadata.at("program_version"), "1");
  EXPECT_EQ(contents.metadata.at("program_hash"), program::hash(model.deployment->program));
  const auto text = contents.tensors.at("program").as<std::uint8_t>();
  EXPECT_EQ(std::string(text.begin(), text.end()), program::print(model.deployment->program));
  EXPECT_EQ(contents.tensors.at("golden/codes/0").shape(), (Shape{5, 3}));
}

// Numbers that no decimal of few digits is.
TEST(DeploymentFile, KeepsNumbersToTheLastBit) {
  Model model = small_model();
  lower::Interface& interface = model.deployment->interface;
  interface.input.mean = {0.1 + 0.2, -0.0, 0x1.fffffffffffffp-1022};
  interface.input.scale = {1.0 / 3, 0x1.fffffffffffffp1023, 0x0.0000000000001p-1022};
  interface.input.codec = {{0x1.fffffep127F, 0x0.000002p-126F}, {0.1F, 0.7F}, {1, 1.0F / 3}};
  interface.output.offset = {-1.0 / 7, 1e-300};
  EXPECT_EQ(parse(to_bytes(model), "m.pare"), model);
  EXPECT_TRUE(std::signbit(parse(to_bytes(model), "").deployment->interface.input.mean[1]));
}

TEST(DeploymentFile, AFlippedBitIsFoundOrChangesNothing) {
  const Model model = small_model();
  const auto bytes = to_bytes(model);
  program::RandomNumbers random(1);
  int num_refused = 0;
  for (int i = 0; i < 10'000; ++i) {
    auto damaged = bytes;
    const auto place = static_cast<std::size_t>(random.in(0, std::ssize(bytes) - 1));
    damaged[place] ^= std::byte{1} << random.in(0, 7);
    try {
      ASSERT_EQ(parse(damaged, "m.pare"), model) << "byte " << place;
    } catch (const InputError&) {
      ++num_refused;
    }
  }
  EXPECT_GT(num_refused, 9'900);
}

TEST(DeploymentFile, ACutFileIsRefused) {
  const auto bytes = to_bytes(small_model());
  for (std::size_t size = 0; size < bytes.size(); size += 64) {
    EXPECT_THROW(parse(std::span(bytes).first(size), "m.pare"), InputError) << size;
  }
}

TEST(DeploymentFile, AFileOfFormatOneLoads) {
  Model model = small_model();
  model.deployment.reset();
  Safetensors contents = parse_safetensors(to_bytes(model), "m.pare");
  contents.metadata["format_version"] = "1";
  contents.metadata.erase("checksum");
  EXPECT_EQ(parse(pare::to_bytes(contents), "m.pare"), model);
}

TEST(DeploymentFile, DamageIsCalledDamage) {
  Safetensors contents = parse_safetensors(to_bytes(small_model()), "m.pare");
  contents.metadata["provenance"] = R"({"pare":"0.1.1"})";
  try {
    parse(pare::to_bytes(contents), "m.pare");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("m.pare: the file is damaged"));
  }
}

TEST(DeploymentFile, NewerIsRefusedByNumber) {
  EXPECT_THAT(error_after([](Safetensors& s) { s.metadata["format_version"] = "3"; }),
              HasSubstr("newer pare, format_version 3; this one reads up to 2"));
  EXPECT_THAT(error_after([](Safetensors& s) { s.metadata["program_version"] = "3"; }),
              HasSubstr("newer pare, program_version 3; this one reads up to 2"));
}

TEST(DeploymentFile, TheProgramIsTheOneOfItsHash) {
  EXPECT_THAT(error_after([](Safetensors& s) { s.tensors["program"].bytes()[0] = std::byte{' '}; }),
              HasSubstr("the program's SHA-256 is"));
  EXPECT_THAT(error_after([](Safetensors& s) { s.tensors.erase("program"); }),
              HasSubstr("tensor 'golden/codes/0' is no part"));
}

TEST(DeploymentFile, PartsThatDoNotFitAreNamed) {
  EXPECT_THAT(error_after([](Safetensors& s) { s.tensors.erase("golden/hashes/2"); }),
              HasSubstr("'golden/hashes/2' is missing"));
  EXPECT_THAT(error_after([](Safetensors& s) {
                s.tensors["golden/codes/0"] = s.tensors["golden/codes/0"].reshaped({3, 5});
              }),
              HasSubstr("codes of buffer 'x' are i8 [3, 5], expected i8 [5, 3]"));
  EXPECT_THAT(
      error_after([](Safetensors& s) { s.tensors["golden/codes/2"].bytes()[0] = std::byte{64}; }),
      HasSubstr("to 64, expected 0 … 63 (u6)"));
  EXPECT_THAT(error_after([](Safetensors& s) {
                s.metadata["golden"] = R"({"samples":5,"kept":6,"trip_counts":[]})";
              }),
              HasSubstr("kept of 6 samples"));
  EXPECT_THAT(error_after([](Safetensors& s) {
                s.metadata["golden"] = R"({"samples":5,"kept":5,"trip_counts":[1]})";
              }),
              HasSubstr("1 trip counts, expected 0"));
  EXPECT_THAT(error_after([](Safetensors& s) { s.metadata["notes"] = "[1]"; }),
              HasSubstr("notes[0]: found 1"));
  EXPECT_THAT(error_after([](Safetensors& s) { s.tensors["golden/codes/9"] = Tensor(); }),
              HasSubstr("'golden/codes/9' is no part"));
}

TEST(DeploymentFile, AnInterfaceThatDoesNotFitIsNamed) {
  EXPECT_THAT(error_after_interface([](auto& i) { i["input"]["colour"] = 1; }),
              HasSubstr("interface.input: unknown key 'colour'"));
  EXPECT_THAT(error_after_interface([](auto& i) { i["input"].erase("rounding"); }),
              HasSubstr("interface.input: 'rounding' is missing"));
  EXPECT_THAT(error_after_interface([](auto& i) { i["input"]["mean"] = {1}; }),
              HasSubstr("input.mean has 1 elements, expected 0 or 3"));
  EXPECT_THAT(error_after_interface([](auto& i) {
                i["input"]["scale"] = {1, 0, 1};
              }),
              HasSubstr("input.scale has a 0"));
  EXPECT_THAT(error_after_interface([](auto& i) { i["input"]["codes"]["highest"] = 128; }),
              HasSubstr("input codes -127 … 128, expected within -128 … 127 (s8)"));
  EXPECT_THAT(error_after_interface([](auto& i) { i["input"]["zero_point"] = 0.5; }),
              HasSubstr("input.zero_point is 0.5"));
  EXPECT_THAT(error_after_interface([](auto& i) { i["input"]["codec"][0]["divide"] = 0; }),
              HasSubstr("divides by 0"));
  EXPECT_THAT(error_after_interface([](auto& i) { i["input_dtype"] = "f16"; }),
              HasSubstr("interface.input_dtype: 'f16' is none of"));
  EXPECT_THAT(error_after_interface([](auto& i) { i["output_shape"] = {3}; }),
              HasSubstr("output [3], but the program's output is [2]"));
  EXPECT_THAT(error_after_interface([](auto& i) {
                i["output"]["offset"] = {1, 2, 3};
              }),
              HasSubstr("output.offset has 3 elements, expected 1 or 2"));
}

}  // namespace
}  // namespace pare::model
