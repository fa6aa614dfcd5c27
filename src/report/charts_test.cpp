#include "report/charts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace pare::report {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(LearningCurves, NumberEpochsThroughAndMarkStages) {
  std::vector<json> epochs;
  for (const char* stage : {"float", "float", "qat"}) {
    epochs.push_back({{"stage", stage},
                      {"epoch", 1},
                      {"train_loss", 0.5},
                      {"validation", {{"loss", nullptr}, {"accuracy", 0.7}}}});
  }
  const json spec = learning_curves(epochs);
  const json& rules = spec.at("/vconcat/0/layer/0/data/values"_json_pointer);
  EXPECT_EQ(rules,
            json::parse(R"([{"epoch": 1, "stage": "float"}, {"epoch": 3, "stage": "qat"}])"));
  const json& losses = spec.at("/vconcat/0/layer/2/data/values"_json_pointer);
  ASSERT_EQ(losses.size(), 6U);
  EXPECT_EQ(losses[4].at("epoch"), 3);
  EXPECT_EQ(losses[4].at("value"), 0.5);
  EXPECT_TRUE(losses[5].at("value").is_null());
  EXPECT_EQ(spec.at("/vconcat/1/layer/2/data/values/2/value"_json_pointer), 0.7);
}

TEST(AccuracyAgainstBops, TakesTheValidationWhereThereIsNoTest) {
  const std::vector<json> stages = {
      {{"stage", "a"}, {"bops", {{"weight_only_input_32", 10}}}, {"test", {{"accuracy", 0.7}}}},
      {{"stage", "b"},
       {"bops", {{"weight_only_input_32", 5}}},
       {"validation", {{"accuracy", 0.6}}}}};
  const json points = accuracy_against_bops(stages).at("data").at("values");
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].at("accuracy"), 0.7);
  EXPECT_EQ(points[0].at("split"), "test");
  EXPECT_EQ(points[1].at("accuracy"), 0.6);
  EXPECT_EQ(points[1].at("split"), "validation");
  EXPECT_EQ(points[1].at("bops"), 5);
}

search::ResultsTable summary() {
  return {{"label", "stage", "seeds", "bops.weight_only_input_32.mean", "test.auc_macro.mean",
           "test.auc_macro.sd", "test.accuracy.mean"},
          {{"6 bit", "a", 3, 100.0, 0.9, 0.01, 0.7},
           {"6 bit", "b", 3, 50.0, 0.8, 0.02, 0.6},
           {"4 bit", "a", 1, 60.0, 0.85, nullptr, 0.65},
           {"4 bit", "b", 1, nullptr, 0.85, nullptr, 0.65}}};
}

TEST(SweepAgainstBops, HasASeriesALabelAndBarsOfOneDeviation) {
  const json spec = sweep_against_bops(summary());
  const json& points = spec.at("data").at("values");
  ASSERT_EQ(points.size(), 3U);
  EXPECT_EQ(points[1].at("bops"), 50.0);
  EXPECT_DOUBLE_EQ(points[1].at("low").get<double>(), 0.78);
  EXPECT_DOUBLE_EQ(points[1].at("high").get<double>(), 0.82);
  EXPECT_EQ(points[2].at("low"), 0.85);
  EXPECT_TRUE(points[2].at("sd").is_null());
  EXPECT_EQ(spec.at("/encoding/color/scale/domain"_json_pointer), (json{"6 bit", "4 bit"}));
  EXPECT_EQ(spec.at("/encoding/x/scale/type"_json_pointer), "log");
}

TEST(MeasureOf, IsTheFirstThatWasMeasured) {
  search::ResultsTable table = summary();
  EXPECT_EQ(measure_of(table).column, "test.auc_macro");
  table.columns[4] = "other";
  EXPECT_EQ(measure_of(table).column, "test.accuracy");
  table.columns[6] = "other too";
  EXPECT_THAT([&] { measure_of(table); }, ThrowsMessage<InputError>(HasSubstr("nothing to draw")));
}

}  // namespace
}  // namespace pare::report
