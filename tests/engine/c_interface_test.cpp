// The C interface against the C++ one, and what it says when something is wrong.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/pare.h"
#include "lower/interface.h"
#include "model/model.h"
#include "model/test_deployment.h"
#include "program/reference.h"
#include "rewrite/mlp.h"

namespace pare::engine {
namespace {

const model::Deployment& deployment() {
  static const model::Deployment kDeployment = model::random_deployment({16, 20, 5}, 1, 3);
  return kDeployment;
}

/// The deployment as a model's bytes.
std::vector<std::byte> model_bytes() {
  return model::to_bytes(
      {.graph = rewrite::mlp({}, {16}, {"a", "b", "c", "d", "e"}, 1), .deployment = deployment()});
}

TEST(CInterface, RunsAModelFromMemory) {
  std::string error(200, '\0');
  const std::vector<std::byte> bytes = model_bytes();
  pare_model* model = pare_load_bytes(bytes.data(), bytes.size(), error.data(), error.size());
  ASSERT_NE(model, nullptr) << error;
  EXPECT_EQ(pare_input_size(model), 16);
  EXPECT_EQ(pare_output_size(model), 5);
  pare_session* session = pare_open(model, 2, error.data(), error.size());
  ASSERT_NE(session, nullptr) << error;

  constexpr std::size_t kNumSamples = 70;
  std::vector<float> raw;
  for (std::size_t i = 0; i < kNumSamples * 16; ++i) {
    raw.push_back(static_cast<float>(i % 97) / 97 - 0.4F);
  }
  std::vector<std::int64_t> inputs(raw.size());
  lower::map_input(deployment().interface, raw, inputs);
  std::vector<std::int32_t> codes(kNumSamples * 5);
  std::vector<std::int64_t> wide_codes(codes.size());
  std::vector<double> values(codes.size());
  ASSERT_EQ(pare_run_f32(session, raw.data(), codes.data(), kNumSamples), PARE_OK);
  ASSERT_EQ(pare_run_codes(session, inputs.data(), wide_codes.data(), kNumSamples), PARE_OK);
  ASSERT_EQ(pare_values(session, codes.data(), values.data(), kNumSamples), PARE_OK);

  std::vector<std::int64_t> expected;
  for (std::size_t s = 0; s < kNumSamples; ++s) {
    const program::Codes x(inputs.begin() + static_cast<std::ptrdiff_t>(16 * s),
                           inputs.begin() + static_cast<std::ptrdiff_t>(16 * s + 16));
    const program::Outputs outputs = program::run_reference(deployment().program, {{x}});
    expected.insert(expected.end(), outputs.outputs[0].begin(), outputs.outputs[0].end());
  }
  EXPECT_EQ(wide_codes, expected);
  EXPECT_EQ(std::vector<std::int64_t>(codes.begin(), codes.end()), expected);
  std::vector<double> expected_values(expected.size());
  lower::map_output(deployment().interface, expected, expected_values);
  EXPECT_EQ(values, expected_values);

  inputs[7] = 128;
  EXPECT_EQ(pare_run_codes(session, inputs.data(), wide_codes.data(), kNumSamples),
            PARE_CODE_OUT_OF_RANGE);
  EXPECT_EQ(pare_run_f32(session, nullptr, codes.data(), 1), PARE_NO_ARGUMENT);
  pare_close(session);
  pare_free(model);
}

TEST(CInterface, SaysWhyNot) {
  std::string error(200, '\0');
  EXPECT_EQ(pare_load("/no/such.pare", error.data(), error.size()), nullptr);
  EXPECT_NE(error.find("/no/such.pare"), std::string::npos) << error;
  // Cut to what fits, or not wanted.
  char small[4] = {'x', 'x', 'x', 'x'};
  EXPECT_EQ(pare_load_bytes(small, 4, small, 4), nullptr);
  EXPECT_EQ(small[3], '\0');
  EXPECT_EQ(pare_load(nullptr, nullptr, 0), nullptr);
  const std::vector<std::byte> graph_alone =
      model::to_bytes({.graph = rewrite::mlp({}, {16}, {"a", "b", "c", "d", "e"}, 1)});
  EXPECT_EQ(pare_load_bytes(graph_alone.data(), graph_alone.size(), error.data(), error.size()),
            nullptr);
  EXPECT_NE(error.find("float graph"), std::string::npos) << error;

  const std::vector<std::byte> bytes = model_bytes();
  pare_model* model = pare_load_bytes(bytes.data(), bytes.size(), nullptr, 0);
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(pare_open(model, 0, error.data(), error.size()), nullptr);
  EXPECT_EQ(pare_open(nullptr, 1, error.data(), error.size()), nullptr);
  pare_free(model);
  EXPECT_STREQ(pare_status_text(PARE_OK), "fine");
  EXPECT_EQ(pare_input_size(nullptr), 0);
}

}  // namespace
}  // namespace pare::engine
