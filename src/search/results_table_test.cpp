#include "search/results_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"

namespace pare::search {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(ToCsv, QuotesOnlyWhatNeedsIt) {
  const ResultsTable table{{"cell", "bits"},
                           {{"a,b", 6}, {"say \"x\"", nullptr}, {"6", 0.1}, {"true", true}}};
  EXPECT_EQ(to_csv(table), "cell,bits\n\"a,b\",6\n\"say \"\"x\"\"\",\n\"6\",0.1\n\"true\",true\n");
}

TEST(ToCsv, WritesArraysAsTextOfJson) {
  EXPECT_EQ(to_csv({{"hidden"}, {{nlohmann::json{64, 32}}}}), "hidden\n\"[64,32]\"\n");
}

TEST(ParseCsv, ReadsLinesOfOtherPrograms) {
  const ResultsTable table = parse_csv("a,b\r\n1.5,x y\r\n\"line\nbreak\",", "t.csv");
  EXPECT_EQ(table.columns, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.rows[0][0], 1.5);
  EXPECT_EQ(table.rows[0][1], "x y");
  EXPECT_EQ(table.rows[1][0], "line\nbreak");
  EXPECT_TRUE(table.rows[1][1].is_null());
}

RC_GTEST_PROP(Csv, ReadingGivesWhatWasWritten, ()) {
  const auto texts = *rc::gen::container<std::vector<std::string>>(rc::gen::nonEmpty(
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab,\"\n\r 01.e-{[t")))));
  const auto numbers =
      *rc::gen::container<std::vector<double>>(texts.size(), rc::gen::arbitrary<double>());
  ResultsTable table{{"text", "number", "other"}, {}};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    table.rows.push_back({texts[i], numbers[i], i % 2 == 0 ? nlohmann::json() : nlohmann::json(i)});
  }
  RC_ASSERT(parse_csv(to_csv(table), "x") == table);
}

TEST(ParseCsv, RefusesBrokenFiles) {
  EXPECT_THAT([] { parse_csv("", "t.csv"); }, ThrowsMessage<InputError>(HasSubstr("t.csv")));
  EXPECT_THAT([] { parse_csv("a,b\n1,2\n3\n", "t.csv"); },
              ThrowsMessage<InputError>(HasSubstr("t.csv: line 3: 1 fields, the header has 2")));
  EXPECT_THAT([] { parse_csv("a\n\"x", "t.csv"); },
              ThrowsMessage<InputError>(HasSubstr("without its closing quote")));
  EXPECT_THAT([] { parse_csv("a\n\"x\"y\n", "t.csv"); },
              ThrowsMessage<InputError>(HasSubstr("text after a quoted field")));
}

TEST(ToJson, LeavesNullsOut) {
  EXPECT_EQ(to_json({{"a", "b"}, {{1, nullptr}}}), nlohmann::json::parse(R"([{"a": 1}])"));
}

}  // namespace
}  // namespace pare::search
