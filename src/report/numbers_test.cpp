#include "report/numbers.h"

#include <gtest/gtest.h>

namespace pare::report {
namespace {

using Json = nlohmann::json;

TEST(Numbers, ArePercentsCountsAndWidths) {
  const Json object = {{"test", {{"accuracy", 0.73125}}}, {"bops", 168736.4}, {"weight_bits", 32}};
  EXPECT_EQ(percent_at(object, "/test/accuracy", 1), "73.1");
  EXPECT_EQ(count_at(object, "/bops"), "168 736");
  EXPECT_EQ(bits_at(object, "/weight_bits"), "float");
  EXPECT_EQ(bits_at({{"b", 6}}, "/b"), "6");
}

TEST(Numbers, GroupDigitsFromTheRight) {
  EXPECT_EQ(count(7), "7");
  EXPECT_EQ(count(999), "999");
  EXPECT_EQ(count(1000), "1 000");
  EXPECT_EQ(count(-123456), "-123 456");
  EXPECT_EQ(count(4652832), "4 652 832");
}

TEST(Numbers, WhatIsNotThereIsADash) {
  EXPECT_EQ(percent_at({{"a", 1}}, "/a/b", 1), "-");
  EXPECT_EQ(percent(nullptr, 1), "-");
  EXPECT_EQ(count("text"), "-");
  EXPECT_EQ(bits_at(Json::object(), "/b"), "-");
}

}  // namespace
}  // namespace pare::report
