#include "report/run_report.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace pare::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr const char* kEpoch =
    R"({"event":"epoch","stage":"qat","epoch":1,"train_loss":0.8,"validation":{"loss":0.7,"accuracy":0.71}})"
    "\n";
constexpr const char* kStageEnd =
    R"({"event":"stage_end","stage":"qat","index":0,"epochs":7,"weight_bits":6,"activation_bits":32,)"
    R"("sparsity":0.8,"alive_weights":852,"nonzero_weights_after_quantization":700,)"
    R"("bops":{"weight_only_input_32":162592.4},"validation":{"accuracy":0.74},)"
    R"("test":{"accuracy":0.73125,"average_accuracy":0.615,"auc_macro":0.93,"auc":{"g":0.9,"q":0.8},)"
    R"("background_efficiency":{"g":0.0125}}})"
    "\n";

class RunReport : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_ + "/recipe.toml")
        << "name = \"tiny\"\ndescription = \"a test\"\nseed = 3\n[data]\nset = \"jets/embedded\"\n"
           "[[stage]]\nname = \"qat\"\n";
  }
  void write_metrics(const std::string& text) { std::ofstream(folder_ + "/metrics.jsonl") << text; }

  TemporaryFolder temporary_;
  std::string folder_ = temporary_.path();
};

TEST_F(RunReport, SaysWhatWasDoneOnWhatData) {
  write_metrics(std::string(kEpoch) + kStageEnd);
  const Page page = run_page(folder_);
  EXPECT_EQ(page.title, "tiny");
  ASSERT_EQ(page.lead.size(), 3U);
  EXPECT_EQ(page.lead[0], "a test");
  EXPECT_THAT(page.lead[1], HasSubstr("simulated jets"));
  EXPECT_THAT(page.lead[2], HasSubstr("Seed 3"));
}

TEST_F(RunReport, HasTheClassesInTheOrderOfTheData) {
  write_metrics(
      R"({"event":"stage_end","stage":"qat","test":{"classes":["q","g"],"auc":{"g":0.9,"q":0.8}}})"
      "\n");
  const Page page = run_page(folder_);
  const PageTable& classes = page.sections.back().tables.at(0);
  EXPECT_EQ(classes.rows.at(0).at(0), "q");
  EXPECT_EQ(classes.rows.at(1).at(0), "g");
}

TEST_F(RunReport, ShowsHowStagesWereFrozen) {
  write_metrics(
      R"({"event":"stage_end","stage":"float","forward":"training"})"
      "\n"
      R"({"event":"stage_end","stage":"qat","forward":"exact","frozen":{"program":"0123456789abcdef"},)"
      R"("gap":{"accuracy":0.0005,"different_codes":3,"codes":4000}})"
      "\n"
      R"({"event":"stage_end","stage":"half","forward":"training","not_frozen":"layer 2"})"
      "\n");
  const Page page = run_page(folder_);
  const auto& rows = page.sections.back().tables.at(0).rows;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0],
              ElementsAre("qat", "the integer program", "0.050", "3", "4 000", "0123456789ab"));
  EXPECT_EQ(rows[1].back(), "layer 2");
}

TEST_F(RunReport, ShowsWhatSymmetricWeightsChange) {
  write_metrics(R"({"event":"stage_end","stage":"snn","validation":{"accuracy":0.875},)"
                R"("affine":{"validation":{"accuracy":0.88,"delta":-0.005}}})"
                "\n");
  const Page page = run_page(folder_);
  EXPECT_EQ(page.sections.back().heading, "Affine weights");
  EXPECT_THAT(page.sections.back().tables.at(0).rows.at(0),
              ElementsAre("snn", "88.00", "87.50", "-0.50", "-", "-", "-"));
}

TEST_F(RunReport, HasStagesFiguresAndClasses) {
  write_metrics(std::string(kEpoch) + kStageEnd);
  const Page page = run_page(folder_);
  ASSERT_EQ(page.sections.size(), 4U);
  EXPECT_THAT(page.sections[0].tables.at(0).rows.at(0),
              ElementsAre("qat", "6 / float", "80.0", "852", "700", "162 592", "73.12", "61.50",
                          "-", "93.00", "74.00", "7"));
  EXPECT_EQ(page.sections[0].tables[0].columns.size(), 12U);
  EXPECT_EQ(page.sections[1].figures.size(), 1U);
  EXPECT_EQ(page.sections[2].figures.size(), 1U);
  EXPECT_THAT(page.sections[3].heading, HasSubstr("qat"));
  EXPECT_THAT(page.sections[3].tables.at(0).rows,
              ElementsAre(ElementsAre("g", "90.00", "1.250"), ElementsAre("q", "80.00", "-")));
}

TEST_F(RunReport, ShowsARunThatHasNotFinished) {
  write_metrics(kEpoch);
  const Page page = run_page(folder_);
  EXPECT_THAT(page.sections.at(0).paragraphs, ElementsAre("No stage has ended yet."));
  EXPECT_EQ(page.sections.size(), 2U);
  EXPECT_THAT([&] { run_figure(folder_); },
              ThrowsMessage<InputError>(HasSubstr("no stage has ended yet")));
}

TEST_F(RunReport, KnowsARunFromAnotherFolder) {
  EXPECT_FALSE(is_run(folder_));
  write_metrics(kEpoch);
  EXPECT_TRUE(is_run(folder_));
  EXPECT_FALSE(is_run(folder_ + "/absent"));
}

TEST(DescribeData, NamesTheUsersOwnFiles) {
  recipe::Data data;
  data.train = "mine.csv";
  EXPECT_EQ(describe_data(data), "mine.csv");
  data.test = "test.csv";
  EXPECT_EQ(describe_data(data), "mine.csv, test: test.csv");
}

}  // namespace
}  // namespace pare::report
