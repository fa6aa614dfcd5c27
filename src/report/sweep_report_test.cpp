#include "report/sweep_report.h"

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

constexpr const char* kHeader =
    "label,stage,index,seeds,alive_weights.mean,bops.weight_only_input_32.mean,sparsity.mean,"
    "test.accuracy.mean,test.accuracy.sd,test.auc_macro.mean,test.auc_macro.sd\n";

class SweepReport : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_ + "/sweep.json")
        << R"({"name": "s", "description": "", "recipe": "tiny", "recipe_description": "why",)"
        << R"( "data_set": "jets/embedded", "data_train": ""})";
  }
  void write_summary(const std::string& text) { std::ofstream(folder_ + "/summary.csv") << text; }

  TemporaryFolder temporary_;
  std::string folder_ = temporary_.path();
};

TEST_F(SweepReport, HasTheFigureAndTheTable) {
  write_summary(std::string(kHeader) +
                "6 bit,qap-1,1,3,852.0,168736.0,0.8,0.73,0.001,0.93,0.002\n"
                "4 bit,qap-1,1,1,852.0,100000.0,0.8,0.71,,0.91,\n");
  const Page page = sweep_page(folder_);
  EXPECT_EQ(page.title, "s");
  EXPECT_THAT(page.lead, ElementsAre("why", HasSubstr("simulated jets")));
  EXPECT_EQ(page.sections.at(0).figures.at(0).spec, sweep_figure(folder_));
  EXPECT_THAT(
      page.sections.at(1).tables.at(0).rows,
      ElementsAre(ElementsAre("6 bit", "qap-1", "3", "80.0", "852", "168 736", "73.00 ± 0.10",
                              "93.00 ± 0.20"),
                  ElementsAre("4 bit", "qap-1", "1", "80.0", "852", "100 000", "71.00", "91.00")));
}

TEST_F(SweepReport, RefusesASweepWithoutResults) {
  EXPECT_TRUE(is_sweep(folder_));
  EXPECT_THAT([&] { sweep_page(folder_); }, ThrowsMessage<InputError>(HasSubstr("not there yet")));
  write_summary(kHeader);
  EXPECT_THAT([&] { sweep_page(folder_); },
              ThrowsMessage<InputError>(HasSubstr("no cell of this sweep is done yet")));
}

TEST_F(SweepReport, RefusesBrokenFiles) {
  write_summary("label\n1,2\n");
  EXPECT_THROW(sweep_page(folder_), InputError);
  std::ofstream(folder_ + "/sweep.json") << "{";
  EXPECT_THROW(sweep_page(folder_), InputError);
  std::ofstream(folder_ + "/sweep.json") << "{\"name\": 3}";
  EXPECT_THROW(sweep_page(folder_), InputError);
}

}  // namespace
}  // namespace pare::report
