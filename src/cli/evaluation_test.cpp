#include "cli/evaluation.h"

#include <gmock/gmock.h>

namespace pare::cli {
namespace {

using testing::HasSubstr;

metrics::Classification example() {
  const std::vector<float> values{0.8F, 0.2F, 0, /**/ 0.4F, 0.6F, 0, /**/ 0.3F, 0.7F, 0};
  const metrics::Scores scores{values, 3};
  return metrics::classify(scores, scores, std::vector<std::int64_t>{0, 0, 1});
}

TEST(Evaluation, ShowsTotalsAndClasses) {
  const std::string text = render_evaluation(example(), {"gluon", "quark"});
  EXPECT_THAT(text, HasSubstr("Accuracy 66.67 %, AUC 100.00 %"));
  EXPECT_THAT(text, HasSubstr("3 samples"));
  EXPECT_THAT(text, HasSubstr("gluon          2  100.00                         0.00"));
  EXPECT_THAT(text, HasSubstr("class 2        0       -                            -"));
  EXPECT_THAT(text, HasSubstr("Average accuracy 75.00 % (mean recall of the classes), Cohen's "
                              "kappa 40.00 %."));
  EXPECT_THAT(text, HasSubstr("gluon               1      1        0"));
}

TEST(Evaluation, JsonHasNullForWhatIsUndefined) {
  const nlohmann::json json = evaluation_json(example(), {"gluon", "quark"});
  EXPECT_EQ(json["samples"], 3);
  EXPECT_NEAR(json["accuracy"].get<double>(), 2.0 / 3, 1e-12);
  EXPECT_EQ(json["auc"]["quark"], 1.0);
  EXPECT_TRUE(json["auc"]["2"].is_null());
  EXPECT_EQ(json["background_efficiency"]["gluon"], 0.0);
  EXPECT_EQ(json["recall"]["gluon"], 0.5);
  EXPECT_TRUE(json["recall"]["2"].is_null());
  EXPECT_EQ(json["average_accuracy"], 0.75);
  // 3 samples, 2 right; 2 * 1 + 1 * 2 = 4: (3 * 2 - 4) / (9 - 4)
  EXPECT_NEAR(json["kappa"].get<double>(), 0.4, 1e-12);
  EXPECT_EQ(json["confusion"], nlohmann::json::parse("[[1,1,0],[0,1,0],[0,0,0]]"));
}

TEST(Evaluation, LeavesOutAConfusionMatrixThatFitsNoTerminal) {
  const std::vector<float> values(40);
  const metrics::Scores scores{values, 40};
  const auto result = metrics::classify(scores, scores, std::vector<std::int64_t>{3});
  EXPECT_THAT(render_evaluation(result, {}), testing::Not(HasSubstr("taken for")));
}

}  // namespace
}  // namespace pare::cli
