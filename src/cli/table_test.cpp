#include "cli/table.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"

namespace pare::cli {
namespace {

TEST(Table, AlignsColumnsAndRulesOffTheTotal) {
  const Table table{{{"layer", Align::kLeft}, {"bits"}, {"BOPs"}},
                    {{"fc1", "6", "239 616"}, {"output", "12", "8 480"}},
                    {"total", "", "412 960"}};
  EXPECT_EQ(render(table),
            "layer   bits     BOPs\n"
            "------  ----  -------\n"
            "fc1        6  239 616\n"
            "output    12    8 480\n"
            "------  ----  -------\n"
            "total         412 960");
}

TEST(Table, WithoutRowsOrTotalIsTitlesAndRule) {
  EXPECT_EQ(render({{{"layer", Align::kLeft}}, {}, {}}), "layer\n-----");
}

TEST(Table, CountsCodePointsNotBytes) {
  EXPECT_EQ(display_width("Σ|w| ≥ 2"), 8U);
  const Table table{{{"η"}, {"x"}}, {{"0.5", "1"}}, {}};
  EXPECT_EQ(render(table), "  η  x\n---  -\n0.5  1");
}

TEST(Table, LeavesNoTrailingSpaces) {
  const Table table{{{"a", Align::kLeft}, {"b", Align::kLeft}}, {{"x"}, {"", ""}}, {}};
  EXPECT_EQ(render(table), "a  b\n-  -\nx\n");
}

TEST(Table, DefusesControlCharacters) {
  EXPECT_EQ(render({{{"n", Align::kLeft}}, {{"\x1b[2J"}}, {}}), "n\n----\n?[2J");
}

TEST(Table, RefusesTooManyCells) {
  EXPECT_THROW(render({{{"n"}}, {{"1", "2"}}, {}}), InternalError);
}

TEST(Grouped, SplitsThousands) {
  EXPECT_EQ(grouped(std::int64_t{0}), "0");
  EXPECT_EQ(grouped(std::int64_t{999}), "999");
  EXPECT_EQ(grouped(std::int64_t{1000}), "1 000");
  EXPECT_EQ(grouped(std::int64_t{1118208}), "1 118 208");
  EXPECT_EQ(grouped(std::int64_t{-123456}), "-123 456");
  EXPECT_EQ(grouped(std::numeric_limits<std::int64_t>::min()), "-9 223 372 036 854 775 808");
}

TEST(Grouped, DropsTrailingZerosOfDecimals) {
  EXPECT_EQ(grouped(62387.20, 2), "62 387.2");
  EXPECT_EQ(grouped(412960.0, 2), "412 960");
  EXPECT_EQ(grouped(1000.0, 0), "1 000");
  EXPECT_EQ(grouped(-1234.5, 1), "-1 234.5");
  EXPECT_EQ(grouped(std::numeric_limits<double>::quiet_NaN(), 2), "nan");
}

}  // namespace
}  // namespace pare::cli
