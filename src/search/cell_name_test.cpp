#include "search/cell_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace pare::search {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(FileName, KeepsOnlySafeCharacters) {
  EXPECT_EQ(file_name("bits-6_l1-1e-05"), "bits-6_l1-1e-05");
  EXPECT_EQ(file_name("../a b/[64,32]\n\xc3\xa4"), "-.-a-b--64-32----");
  EXPECT_EQ(file_name(".."), "-.");
  EXPECT_EQ(file_name(std::string(500, 'x')).size(), 120U);
}

TEST(GroupName, HoldsTheLastPartOfEachKey) {
  EXPECT_EQ(group_name({{"quantize.bits", 6}, {"model.batch_norm", "none"}}),
            "bits-6_batch_norm-none");
  EXPECT_EQ(group_name({{"data.label_noise", 0.5}}), "label_noise-0.5");
  EXPECT_EQ(group_name({}), "base");
}

TEST(FillLabel, ReplacesKeysByValues) {
  const std::vector<Setting> settings = {{"quantize.bits", 6}, {"data.label_noise", 0.5}};
  EXPECT_EQ(fill_label("{bits} bit, {data.label_noise} noise", settings, "x"), "6 bit, 0.5 noise");
  EXPECT_EQ(fill_label("plain", settings, "x"), "plain");
  EXPECT_EQ(fill_label("{name}", {{"data.name", ""}}, "x"), "");
}

TEST(FillLabel, AWholeKeyComesBeforeALastPart) {
  const std::vector<Setting> settings = {{"stage.qat.l1", 1}, {"l1", 2}};
  EXPECT_EQ(fill_label("{l1}", settings, "x"), "2");
}

TEST(FillLabel, RefusesUnknownKeysAndOpenBraces) {
  const std::vector<Setting> settings = {{"quantize.bits", 6}};
  EXPECT_THAT([&] { fill_label("{bit}", settings, "s.toml, [[cell]] 1"); },
              ThrowsMessage<InputError>(HasSubstr("s.toml, [[cell]] 1, label: '{bit}' is not a key "
                                                  "of this cell's 'set'; did you mean 'bits'?")));
  EXPECT_THAT([&] { fill_label("{bits", settings, "x"); },
              ThrowsMessage<InputError>(HasSubstr("'{' without '}'")));
}

}  // namespace
}  // namespace pare::search
