#include "data/csv.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "data/csv_lines.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::vector<std::vector<std::string>> records(std::string_view text) {
  CsvLines lines(text, "x.csv");
  std::vector<std::vector<std::string>> all;
  std::vector<std::string> fields;
  while (lines.next(fields)) all.push_back(fields);
  return all;
}

std::string quoted(const std::string& field) {
  std::string text = "\"";
  for (const char c : field) text += c == '"' ? "\"\"" : std::string(1, c);
  return text + '"';
}

RC_GTEST_PROP(CsvLines, QuotedFieldsComeBackAsTheyWere, ()) {
  const auto alphabet = rc::gen::elementOf(std::string("ab,\"\r\n "));
  const auto field = rc::gen::container<std::string>(alphabet);
  const auto row = rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(field));
  const auto rows = *rc::gen::container<std::vector<std::vector<std::string>>>(row);
  const std::string end = *rc::gen::elementOf(std::vector<std::string>{"\n", "\r\n"});
  std::string text;
  for (const auto& fields : rows) {
    for (std::size_t i = 0; i < fields.size(); ++i) text += (i == 0 ? "" : ",") + quoted(fields[i]);
    text += end;
  }
  RC_ASSERT(records(text) == rows);
}

TEST(CsvLines, EmptyFieldsAndNoNewlineAtTheEnd) {
  EXPECT_THAT(records("a,,b\n,"), ElementsAre(ElementsAre("a", "", "b"), ElementsAre("", "")));
}

TEST(CsvLines, EmptyLinesAndAByteOrderMarkAreSkipped) {
  EXPECT_THAT(records("\xEF\xBB\xBF\na\n\r\n\nb\n\n"),
              ElementsAre(ElementsAre("a"), ElementsAre("b")));
}

TEST(CsvLines, BrokenQuotesAreNamedByLine) {
  const auto fails = [](std::string_view text, const char* message) {
    EXPECT_THAT([&] { records(text); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("x.csv: line 2"), HasSubstr(message))));
  };
  fails("a\n\"b\nc", "never closed");
  fails("a\nb\"c\n", "within a field");
  fails("a\n\"b\"c\n", "behind a closing quote");
}

TEST(Csv, FeaturesAreAllColumnsButTheLabel) {
  const LabelledTable table = parse_csv("x,y,z\r\n1,0,-2.5e1\r\n +3 , 2 ,.5\r\n", "x.csv", "y");
  EXPECT_THAT(table.features, ElementsAre("x", "z"));
  EXPECT_EQ(table.inputs, Tensor::from<float>({2, 2}, {1, -25, 3, 0.5}));
  EXPECT_EQ(table.labels, Tensor::from<std::int64_t>({2}, {0, 2}));
  EXPECT_TRUE(table.classes.empty());
}

TEST(Csv, NamesBecomeSortedClasses) {
  const LabelledTable table = parse_csv("x,y\n1,w\n2,\"g, q\"\n3,w\n", "x.csv", "y");
  EXPECT_THAT(table.classes, ElementsAre("g, q", "w"));
  EXPECT_EQ(table.labels, Tensor::from<std::int64_t>({3}, {1, 0, 1}));
}

TEST(Csv, WholeFloatsAreIntegers) {
  EXPECT_EQ(parse_csv("x,y\n1,0.0\n2,1.0\n", "x.csv", "y").labels,
            Tensor::from<std::int64_t>({2}, {0, 1}));
}

struct BadCsv {
  const char* text;
  std::vector<const char*> message;
};

class CsvIsRefused : public testing::TestWithParam<BadCsv> {};

TEST_P(CsvIsRefused, NamingWhereAndWhy) {
  for (const char* part : GetParam().message) {
    EXPECT_THAT([&] { parse_csv(GetParam().text, "bad.csv", "y"); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("bad.csv"), HasSubstr(part))));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, CsvIsRefused,
    testing::Values(BadCsv{"", {"empty"}}, BadCsv{"x,y\n", {"no rows"}},
                    BadCsv{"1,2\n3,4\n", {"line 1", "header"}},
                    BadCsv{"x,Y\n1,2\n", {"no column 'y'", "2 columns"}},
                    BadCsv{"y\n1\n", {"none of inputs"}}, BadCsv{"x,x,y\n1,2,0\n", {"named 'x'"}},
                    BadCsv{"x,,y\n1,2,0\n", {"no name"}},
                    BadCsv{"x,y\n1,0\n2\n", {"line 3", "1 fields, expected 2"}},
                    BadCsv{"x,y\n1,0\nabc,1\n", {"line 3", "column 'x'", "'abc' is no number"}},
                    BadCsv{"x,y\n,0\n", {"line 2", "column 'x'", "empty"}},
                    BadCsv{"x,y\nnan,0\n", {"line 2", "column 'x'", "finite"}},
                    BadCsv{"x,y\n-inf,0\n", {"finite"}}, BadCsv{"x,y\n1e39,0\n", {"finite"}},
                    BadCsv{"x,y\n1e999,0\n", {"finite"}}, BadCsv{"x,y\n0x10,0\n", {"no number"}},
                    BadCsv{"x,y\n1,\n", {"line 2", "column 'y'", "empty"}},
                    BadCsv{"x,y\n1,0.5\n", {"line 2", "label 0.5 is not an integer"}},
                    BadCsv{"x,y\n1,0\n2,nan\n", {"line 3", "not an integer"}}));

}  // namespace
}  // namespace pare::data
