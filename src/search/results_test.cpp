#include "search/results.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace pare::search {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class ReadStageResults : public testing::Test {
 protected:
  std::string file(const std::string& text) {
    const std::string path = folder_ + "/metrics.jsonl";
    std::ofstream(path) << text;
    return path;
  }

  TemporaryFolder temporary_;
  std::string folder_ = temporary_.path();
};

TEST_F(ReadStageResults, TakesStageEndsInOrder) {
  const json stages =
      read_stage_results(file("{\"event\":\"epoch\",\"epoch\":1}\n"
                              "{\"event\":\"stage_end\",\"stage\":\"float\"}\n"
                              "{\"event\":\"stage_end\",\"stage\":\"qat\"}\n"));
  ASSERT_EQ(stages.size(), 2U);
  EXPECT_EQ(stages[0].at("stage"), "float");
  EXPECT_EQ(stages[1].at("stage"), "qat");
}

TEST_F(ReadStageResults, RefusesWhatIsNoRun) {
  EXPECT_THROW(read_stage_results(folder_ + "/absent"), InputError);
  EXPECT_THAT([&] { read_stage_results(file("{}\n[]\n{")); },
              ThrowsMessage<InputError>(HasSubstr(":2: not a JSON object")));
  EXPECT_THAT([&] { read_stage_results(file("{\"event\":\"epoch\"}\n")); },
              ThrowsMessage<InputError>(HasSubstr("no stage has ended")));
}

TEST(Flatten, JoinsNamesByDots) {
  const auto flat =
      flatten(json::parse(R"({"test": {"auc": [1, 2], "accuracy": 0.5}, "x": null})"));
  ASSERT_EQ(flat.size(), 4U);
  EXPECT_EQ(flat[0], (std::pair<std::string, json>("test.accuracy", 0.5)));
  EXPECT_EQ(flat[1], (std::pair<std::string, json>("test.auc.0", 1)));
  EXPECT_EQ(flat[2], (std::pair<std::string, json>("test.auc.1", 2)));
  EXPECT_EQ(flat[3], (std::pair<std::string, json>("x", nullptr)));
}

/// Two groups; three seeds of the first, one of the second, which sets another key as well.
Grid small_grid() {
  Grid grid;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    grid.cells.push_back({.key = "a" + std::to_string(seed),
                          .name = "bits-6_seed-" + std::to_string(seed),
                          .group = "bits-6",
                          .label = "6 bit",
                          .settings = {{"quantize.bits", 6}},
                          .seed = seed});
  }
  grid.cells.push_back({.key = "b1",
                        .name = "bits-4_l1-0_seed-1",
                        .group = "bits-4_l1-0",
                        .label = "4 bit",
                        .settings = {{"quantize.bits", 4}, {"train.l1", 0.0}},
                        .seed = 1});
  return grid;
}

/// Two stages for each cell; their accuracy depends on the seed. Cell a3 has no results.
json stages_of(const Cell& cell) {
  if (cell.key == "a3") return nullptr;
  json stages = json::array();
  for (const int index : {0, 1}) {
    const double accuracy = 0.7 + 0.1 * index + 0.02 * static_cast<double>(cell.seed);
    stages.push_back({{"event", "stage_end"},
                      {"stage", index == 0 ? "float" : "qat"},
                      {"index", index},
                      {"note", "text"},
                      {"test", {{"accuracy", accuracy}}}});
  }
  stages[1]["epochs"] = 10 * cell.seed;
  return stages;
}

TEST(Tabulate, HasARowForEachCellAndStage) {
  const ResultsTable table = tabulate(small_grid(), stages_of);
  EXPECT_THAT(table.columns, ElementsAre("cell", "label", "seed", "quantize.bits", "train.l1",
                                         "stage", "index", "epochs", "note", "test.accuracy"));
  ASSERT_EQ(table.rows.size(), 6U);
  EXPECT_THAT(table.rows[0], ElementsAre("bits-6_seed-1", "6 bit", 1, 6, nullptr, "float", 0,
                                         nullptr, "text", 0.72));
  EXPECT_EQ(table.rows[5][0], "bits-4_l1-0_seed-1");
  EXPECT_EQ(table.rows[5][4], 0.0);
  EXPECT_EQ(table.rows[5][7], 10);
}

TEST(Summarise, AveragesOverSeedsByStage) {
  const ResultsTable table = summarise(small_grid(), stages_of);
  EXPECT_THAT(table.columns,
              ElementsAre("label", "quantize.bits", "train.l1", "stage", "index", "seeds",
                          "epochs.mean", "epochs.sd", "test.accuracy.mean", "test.accuracy.sd"));
  ASSERT_EQ(table.rows.size(), 4U);
  EXPECT_EQ(table.rows[0][0], "6 bit");
  EXPECT_EQ(table.rows[0][5], 2);
  EXPECT_TRUE(table.rows[0][6].is_null());
  EXPECT_NEAR(table.rows[0][8].get<double>(), 0.73, 1e-12);
  // Two values 0.02 apart: sd = 0.02 / sqrt(2).
  EXPECT_NEAR(table.rows[0][9].get<double>(), 0.02 / std::sqrt(2.0), 1e-12);
  EXPECT_EQ(table.rows[1][6], 15.0);
  EXPECT_EQ(table.rows[3][0], "4 bit");
  EXPECT_EQ(table.rows[3][5], 1);
  EXPECT_TRUE(table.rows[3][9].is_null());
}

TEST(Tabulate, OfNothingIsEmpty) {
  const ResultsTable table = tabulate(small_grid(), [](const Cell&) { return json(); });
  EXPECT_TRUE(table.rows.empty());
  EXPECT_TRUE(summarise(small_grid(), [](const Cell&) { return json(); }).rows.empty());
}

}  // namespace
}  // namespace pare::search
