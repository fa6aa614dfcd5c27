#include "rewrite/layer_settings.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "rewrite/mlp.h"

namespace pare::rewrite {
namespace {

using recipe::Calibration;
using recipe::WeightFormat;
using recipe::WeightRange;
using testing::HasSubstr;

TEST(LayerSettings, TakeTheRangeOfTheirFormat) {
  const auto range = [](WeightFormat format, Calibration calibration) {
    return settings_of({.weight_format = format, .calibration = calibration}, "fc1").weight_range;
  };
  EXPECT_EQ(range(WeightFormat::kUniform, Calibration::kNone), WeightRange::kMaxAbs);
  EXPECT_EQ(range(WeightFormat::kUniform, Calibration::kMinMax), WeightRange::kMaxAbs);
  EXPECT_EQ(range(WeightFormat::kUniform, Calibration::kPercentile), WeightRange::kPercentile);
  EXPECT_EQ(range(WeightFormat::kUniform, Calibration::kMse), WeightRange::kMse);
  EXPECT_EQ(range(WeightFormat::kTernary, Calibration::kMse), WeightRange::kThresholdMean);
  EXPECT_EQ(range(WeightFormat::kBinary, Calibration::kMse), WeightRange::kMeanAbs);
}

TEST(LayerSettings, LetALaterPatternChangeOneKey) {
  const recipe::Quantize options{
      .weight_format = WeightFormat::kTernary,
      .weight_range = WeightRange::kLearned,
      .layers = {{.match = "fc*", .activation_bits = 3},
                 {.match = "output", .weight_bits = 8, .weight_format = WeightFormat::kUniform},
                 {.match = "fc2", .weight_range = WeightRange::kThresholdMean}}};
  const LayerSettings fc1 = settings_of(options, "fc1");
  EXPECT_EQ(fc1.weight_format, WeightFormat::kTernary);
  EXPECT_EQ(fc1.weight_range, WeightRange::kLearned);
  EXPECT_EQ(fc1.activation_bits, 3);
  EXPECT_EQ(settings_of(options, "fc2").weight_range, WeightRange::kThresholdMean);
  const LayerSettings output = settings_of(options, "output");
  EXPECT_EQ(output.weight_bits, 8);
  EXPECT_EQ(output.weight_range, WeightRange::kMaxAbs) << "the format's own, not the stage's";
}

std::string message(const recipe::Quantize& options) {
  try {
    check_settings(mlp({.hidden = {4}}, {2}, {"a", "b"}, 1), options);
  } catch (const InputError& error) {
    return error.what();
  }
  return "fine";
}

TEST(LayerSettings, AreRefusedWhereTheyDoNotFit) {
  EXPECT_EQ(message({.weight_range = WeightRange::kTwiceMeanAbs}), "fine");
  EXPECT_EQ(message({.weight_bits = 8, .weight_range = WeightRange::kSawb}), "fine");
  EXPECT_THAT(message({.weight_bits = 6, .weight_range = WeightRange::kSawb}),
              HasSubstr("layer 'fc1': weight_range = \"sawb\" has coefficients for 4 and 8 bits, "
                        "not for 6; take \"twice_mean_abs\""));
  EXPECT_THAT(message({.weight_format = WeightFormat::kTernary, .weight_range = WeightRange::kMse}),
              HasSubstr("weight_range = \"mse\" does not go with weight_format = \"ternary\"; "
                        "expected one of auto, threshold_mean, learned, max_abs"));
  EXPECT_EQ(message({.weight_range = WeightRange::kAffine}), "fine");
  EXPECT_EQ(message({.weight_range = WeightRange::kMinMax}), "fine");
  EXPECT_THAT(
      message({.weight_format = WeightFormat::kBinary, .weight_range = WeightRange::kAffine}),
      HasSubstr("weight_range = \"affine\" does not go with weight_format = \"binary\"; expected "
                "one of auto, mean_abs"));
  EXPECT_THAT(
      message({.layers = {{.match = "output", .weight_range = WeightRange::kThresholdMean}}}),
      HasSubstr("layer 'output': weight_range = \"threshold_mean\""));
  EXPECT_THAT(
      message({.weight_bits = 32,
               .layers = {{.match = "fc1", .weight_format = WeightFormat::kTernary}}}),
      HasSubstr("\"fc1\" gives layer 'fc1' weight_format = \"ternary\", but its weight_bits "
                "are 32"));
  EXPECT_EQ(message({.weight_bits = 32,
                     .layers = {{.match = "fc1",
                                 .weight_bits = 2,
                                 .weight_format = WeightFormat::kTernary}}}),
            "fine");
}

}  // namespace
}  // namespace pare::rewrite
