#include "search/figure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace pare::search {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

const nlohmann::json kStages = nlohmann::json::parse(R"([
  {"stage": "float", "validation": {"loss": 0.5}},
  {"stage": "qat", "validation": {"loss": 0.75, "accuracy": null}, "forward": "exact"}
])");

TEST(FindFigure, LooksInTheLastStageOrTheOneNamed) {
  EXPECT_EQ(find_figure(kStages, {"validation.loss"}), 0.75);
  EXPECT_EQ(find_figure(kStages, {"validation.loss", "float"}), 0.5);
}

TEST(FindFigure, HasNothingWhereThereIsNoNumber) {
  EXPECT_EQ(find_figure(kStages, {"validation.accuracy"}), std::nullopt);
  EXPECT_EQ(find_figure(kStages, {"forward"}), std::nullopt);
}

TEST(FindFigure, SaysWhatThereIs) {
  EXPECT_THAT([] { find_figure(kStages, {"validation.los"}); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("no figure 'validation.los'"),
                                              HasSubstr("did you mean 'validation.loss'"))));
  EXPECT_THAT(
      [] {
        find_figure(kStages, {"validation.loss", "qap"});
      },
      ThrowsMessage<InputError>(HasSubstr("its stages are: float, qat")));
}

TEST(ToCost, TurnsWhatIsMaximised) {
  EXPECT_EQ(to_cost({"a", "", Goal::kMaximise}, 3), -3);
  EXPECT_EQ(to_cost({"a", "", Goal::kMinimise}, 3), 3);
}

}  // namespace
}  // namespace pare::search
