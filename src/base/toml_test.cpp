#include "base/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace pare {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "(no error)";
}

TEST(TomlReader, AbsentKeysLeaveTheDefault) {
  const toml::table table = parse_toml("a = 3", "t");
  TomlReader reader(table, "t");
  int a = 1;
  double b = 2;
  std::vector<std::string> c = {"x"};
  reader.read("a", a);
  reader.read("b", b);
  reader.read("c", c);
  EXPECT_EQ(a, 3);
  EXPECT_EQ(b, 2);
  EXPECT_THAT(c, ElementsAre("x"));
  EXPECT_FALSE(reader.table("d"));
  EXPECT_TRUE(reader.tables("e").empty());
  EXPECT_NO_THROW(reader.finish());
}

TEST(TomlReader, IntegersKeepToTheirType) {
  const toml::table table = parse_toml("a = 300\nb = -1\nc = 9223372036854775807", "t");
  TomlReader reader(table, "t");
  std::uint8_t small = 0;
  std::uint64_t large = 0;
  EXPECT_THAT(error_of([&] { reader.read("a", small); }), HasSubstr("an integer from 0 to 255"));
  EXPECT_THAT(error_of([&] { reader.read("b", large); }), HasSubstr("an integer of at least 0"));
  reader.read("c", large);
  EXPECT_EQ(large, 9223372036854775807u);
}

TEST(TomlReader, AnyIntegerIsAReal) {
  const toml::table table =
      parse_toml("a = 3\nb = 9223372036854775807\nc = 122220000000000001", "t");
  TomlReader reader(table, "t");
  double a = 0;
  double b = 0;
  double c = 0;
  reader.read("a", a);
  reader.read("b", b);
  EXPECT_EQ(a, 3);
  EXPECT_EQ(b, 0x1p63);
  EXPECT_THAT(error_of([&] { reader.read("c", c, {.max = 1}); }), HasSubstr("122220000000000001"));
}

TEST(TomlReader, ErrorsNameTheLineOfTheKey) {
  const toml::table table = parse_toml("[x]\n[[x.y]]\nname = \"n\"\nz = 1\n", "file.toml");
  TomlReader reader(table, "file.toml");
  auto y = reader.table("x")->tables("y").at(0);
  std::string z;
  EXPECT_EQ(error_of([&] { y.read("z", z); }), "file.toml:4: x.y.n.z: found 1, expected a string");
  EXPECT_THAT(error_of([&] { y.fail("absent", "is needed"); }),
              HasSubstr("file.toml:2: x.y.n.absent: is needed"));
}

TEST(TomlReader, LongTextIsNotRepeatedInMessages) {
  const toml::table table = parse_toml("a = \"" + std::string(100'000, 'x') + '"', "t");
  TomlReader reader(table, "t");
  int a = 0;
  EXPECT_THAT(error_of([&] { reader.read("a", a); }), HasSubstr("found a text of 100000 bytes"));
}

TEST(ParseToml, DotsAndBracketsInsideOfTextAreNotDepth) {
  const std::string dots(100, '.');
  const std::string brackets(100, '[');
  const toml::table table = parse_toml("a = \"" + dots + "\\\"" + brackets + "\" # " + brackets +
                                           "\nb = '" + brackets + "'\nc = \"\"\"\n\"" + brackets +
                                           "\\\"\"\"\"\"\"\nd = '''" + brackets + "'''\n",
                                       "t");
  EXPECT_EQ(table.size(), 4u);
}

TEST(ParseToml, ManyNumbersOnOneLineAreNoLongKey) {
  std::string text = "a = [0.5";
  for (int i = 0; i < 1000; ++i) text += ", 0.5";
  EXPECT_NO_THROW(parse_toml(text + "]", "t"));
}

TEST(ParseToml, TheLineIsRightAfterLongText) {
  EXPECT_THAT(error_of([] {
                parse_toml("a = \"\"\"\n\n\"\"\"\nb.b.b.b.b.b.b.b.b.b.b.b.b.b.b.b.b.b = 1", "t");
              }),
              HasSubstr("t:4: a key has more than 16 parts"));
}

TEST(ParseToml, OnlyTextAndCommentsMayLeaveAscii) {
  const toml::table table =
      parse_toml("\xEF\xBB\xBF# é\na = \"é\"\nb = 'é'\nc = \"\"\"é\n é\"\"\"\n", "t");
  EXPECT_EQ(table["a"].value<std::string>(), "é");
  EXPECT_EQ(table["c"].value<std::string>(), "é\n é");
  for (const char* text : {"a = é", "a é = 1", "é = 1", "a = 1 é", "a = \"\"\"\\\n é\"\"\""}) {
    EXPECT_THAT(error_of([&] { parse_toml(text, "t"); }), HasSubstr("must stand inside of quotes"));
  }
}

TEST(ParseToml, QuotesBracketsAndEqualsSignsStandWhereTomlHasThem) {
  const toml::table table = parse_toml(
      "\xEF\xBB\xBF\"a\".'b'.c = {x=[{y=1},{\"y\"=2}],'z' . \"w\"=3}\r\n"
      "[t.\"u v\" . w]\nq=[\n[1],\n['x']#=\n]\n  [[ r ]]\n[ r.'s' ]\n",
      "t");
  EXPECT_EQ(table["a"]["b"]["c"]["x"][1]["y"].value<int>(), 2);
  EXPECT_EQ(table["a"]["b"]["c"]["z"]["w"].value<int>(), 3);
  EXPECT_EQ(table["t"]["u v"]["w"]["q"][1][0].value<std::string>(), "x");
  EXPECT_TRUE(table["r"][0]["s"].is_table());
  for (const char* text : {"a = +\"x\"", "a = +[\"x\"]", "a = +.\"x\"", "a = 1 = 2", "a = [\n+b=1]",
                           "a = [1, }", "[!a]", "a = {b = 1 c = 2}"}) {
    EXPECT_THROW(parse_toml(text, "t"), InputError) << text;
  }
}

TEST(ApplyOverride, SetsValuesOfEveryType) {
  toml::table table = parse_toml("a = 1\n[b]\nc = 2\n", "t");
  apply_override(table, "a=true");
  apply_override(table, "b.c=[1, 2]");
  apply_override(table, "b.d.e=0.5");
  apply_override(table, "f={x = 1}");
  apply_override(table, "g=jets/full");
  apply_override(table, "h=\"3\"");
  apply_override(table, "i=");
  apply_override(table, "j=a=b");
  EXPECT_TRUE(table["a"].is_boolean());
  EXPECT_EQ(table["b"]["c"].as_array()->size(), 2u);
  EXPECT_EQ(table["b"]["d"]["e"].value<double>(), 0.5);
  EXPECT_EQ(table["f"]["x"].value<int>(), 1);
  EXPECT_EQ(table["g"].value<std::string>(), "jets/full");
  EXPECT_EQ(table["h"].value<std::string>(), "3");
  EXPECT_EQ(table["i"].value<std::string>(), "");
  EXPECT_EQ(table["j"].value<std::string>(), "a=b");
}

TEST(ApplyOverride, ABareWordIsUtf8AsAllTomlIs) {
  toml::table table;
  apply_override(table, "name=Z\xC3\xBCrich");
  EXPECT_EQ(table["name"].value<std::string>(), "Z\xC3\xBCrich");
  EXPECT_THROW(apply_override(table, "name=Z\xF5rich"), InputError);
  EXPECT_THROW(apply_override(table, "name=two\nlines \xF5"), InputError);
}

TEST(ApplyOverride, TheLongestNameWins) {
  toml::table table = parse_toml("[[s]]\nname = \"a\"\n[[s]]\nname = \"a.b\"\n[[s]]\n", "t");
  apply_override(table, "s.a.b.x=1");
  apply_override(table, "s.a.y=2");
  apply_override(table, "s.3.z=3");
  apply_override(table, "s.1.w=4");
  EXPECT_EQ(table["s"][1]["x"].value<int>(), 1);
  EXPECT_EQ(table["s"][0]["y"].value<int>(), 2);
  EXPECT_EQ(table["s"][2]["z"].value<int>(), 3);
  EXPECT_EQ(table["s"][0]["w"].value<int>(), 4);
}

TEST(ApplyOverride, ElementsOfArraysAreCountedFrom1) {
  toml::table table = parse_toml("a = [64, 32, 16]\nb = [[1, 2], [3]]\nc = [1, \"x\"]\n", "t");
  apply_override(table, "a.1=8");
  apply_override(table, "a.3=4");
  apply_override(table, "b.1.2=[7]");
  apply_override(table, "c.2=y");
  EXPECT_EQ(table["a"][0].value<int>(), 8);
  EXPECT_EQ(table["a"][1].value<int>(), 32);
  EXPECT_EQ(table["a"][2].value<int>(), 4);
  EXPECT_EQ(table["b"][0][1][0].value<int>(), 7);
  EXPECT_EQ(table["b"][1][0].value<int>(), 3);
  EXPECT_EQ(table["c"][1].value<std::string>(), "y");
}

TEST(ApplyOverride, ElementsThatAreNotThereAreRefused) {
  toml::table table = parse_toml("a = [64, 32]\nb = []\n", "t");
  const auto apply = [&](const char* text) {
    return [&table, text] { apply_override(table, text); };
  };
  using testing::ThrowsMessage;
  for (const char* text : {"a.0=1", "a.3=1", "a.-1=1", "a.x=1", "a.1x=1"}) {
    EXPECT_THAT(apply(text),
                ThrowsMessage<InputError>(HasSubstr("the array has 2, counted from 1")));
  }
  EXPECT_THAT(apply("b.1=1"), ThrowsMessage<InputError>(HasSubstr("the array has 0")));
  EXPECT_THAT(apply("a.1.x=1"), ThrowsMessage<InputError>(HasSubstr("is a value, not a table")));
}

}  // namespace
}  // namespace pare
