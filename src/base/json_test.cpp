#include "base/json.h"

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

TEST(ParseJson, ReadsValues) {
  EXPECT_EQ(parse_json(R"({"a": [1, {"b": null}]})", "x").dump(), R"({"a":[1,{"b":null}]})");
  // The same key in two objects is fine.
  EXPECT_NO_THROW(parse_json(R"({"a": {"k": 1}, "b": {"k": 1}, "c": [{"k": 1}, {"k": 2}]})", "x"));
}

TEST(ParseJson, ErrorsNameThePlace) {
  const auto parse_error = [](const std::string& text) {
    return error_of([&] { parse_json(text, "m.pare: graph"); });
  };
  EXPECT_THAT(parse_error("{"), HasSubstr("m.pare: graph: is not valid JSON (at byte 2)"));
  EXPECT_THAT(parse_error("1e999"), HasSubstr("out of range"));
  EXPECT_THAT(parse_error("\"\xff\""), HasSubstr("not valid JSON"));
  EXPECT_THAT(parse_error(R"({"a": 1, "a": 2})"), HasSubstr("has the key 'a' twice"));
  EXPECT_THAT(parse_error(R"({"b": {"c": 0}, "a": {"a": {}, "a": 2}})"), HasSubstr("'a' twice"));
  EXPECT_THAT(parse_error(std::string(100'000, '[')), HasSubstr("nested more than 200 deep"));
}

TEST(Json, RequiredAndOptional) {
  const auto json =
      parse_json(R"({"i": -3, "d": 2, "s": "x", "v": [1, 2], "b": true, "n": null})", "x");
  EXPECT_EQ(required<int>(json, "i", "x"), -3);
  EXPECT_EQ(required<double>(json, "d", "x"), 2.0);
  EXPECT_EQ(required<std::string>(json, "s", "x"), "x");
  EXPECT_TRUE(required<bool>(json, "b", "x"));
  EXPECT_THAT(required<std::vector<std::int64_t>>(json, "v", "x"), ElementsAre(1, 2));
  EXPECT_EQ(optional<int>(json, "absent", "x"), std::nullopt);
  EXPECT_EQ(optional<int>(json, "n", "x"), std::nullopt);
  EXPECT_EQ(optional<int>(json, "d", "x"), 2);
}

TEST(Json, WrongTypesNameKeyFoundAndExpected) {
  const auto json =
      parse_json(R"({"i": -3, "big": 300, "f": 1.5, "s": "x", "v": [1, "two"], "o": {}})", "x");
  EXPECT_EQ(error_of([&] { required<int>(json, "none", "m: a"); }), "m: a: 'none' is missing");
  EXPECT_EQ(error_of([&] { required<int>(json, "s", "m: a"); }),
            "m: a.s: found \"x\", expected an integer of 32 bits");
  EXPECT_THAT(error_of([&] { required<unsigned>(json, "i", "m"); }),
              HasSubstr("an integer from 0"));
  EXPECT_THAT(error_of([&] { required<std::int8_t>(json, "big", "m"); }), HasSubstr("found 300"));
  EXPECT_THAT(error_of([&] { required<int>(json, "f", "m"); }), HasSubstr("found 1.5"));
  EXPECT_THAT(error_of([&] { required<double>(json, "s", "m"); }), HasSubstr("expected a number"));
  EXPECT_THAT(error_of([&] { required<std::string>(json, "o", "m"); }), HasSubstr("an object"));
  EXPECT_THAT(error_of([&] { required<std::vector<int>>(json, "v", "m"); }),
              HasSubstr("m.v[1]: found \"two\""));
  EXPECT_THAT(error_of([&] { optional<bool>(json, "i", "m"); }),
              HasSubstr("expected true or false"));
  EXPECT_THAT(error_of([&] { required<int>(json["v"], "i", "m"); }),
              HasSubstr("m: found an array of 2, expected an object"));
}

TEST(Json, UnknownKeysAreAnsweredWithTheNearest) {
  const auto json = parse_json(R"({"shap": 1})", "x");
  EXPECT_EQ(error_of([&] {
              check_keys(json, {"shape", "dtype"}, "m");
            }),
            "m: unknown key 'shap'; did you mean 'shape'?");
  EXPECT_EQ(error_of([&] {
              check_keys(json, {"x", "dtype"}, "m");
            }),
            "m: unknown key 'shap'; known keys: x, dtype");
  EXPECT_NO_THROW(check_keys(json, {"shap"}, "m"));
  EXPECT_THAT(error_of([] { check_keys(3, {}, "m"); }), HasSubstr("found 3, expected an object"));
}

}  // namespace
}  // namespace pare
