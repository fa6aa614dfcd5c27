#include "cost/hardware.h"

#include <string>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "cost/hardware_45nm_toml.h"

namespace pare::cost {
namespace {

using testing::HasSubstr;

/// The built-in profile with `from` replaced by `to`, read back; what it is refused with.
std::string refusal(const std::string& from, const std::string& to) {
  std::string text(kHardware45nmToml);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  try {
    parse_hardware(text, "mine.toml");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

// Horowitz 2014, as cited in the literature.
TEST(Hardware, PublishedPointsAreExact) {
  const Hardware hardware = find_hardware("45nm");
  EXPECT_EQ(hardware.integer_add.at(8), 0.03);
  EXPECT_EQ(hardware.integer_add.at(32), 0.1);
  EXPECT_EQ(hardware.integer_multiply.at(8), 0.2);
  EXPECT_EQ(hardware.integer_multiply.at(32), 3.1);
  EXPECT_EQ(hardware.float_add.at(16), 0.4);
  EXPECT_EQ(hardware.float_add.at(32), 0.9);
  EXPECT_EQ(hardware.float_multiply.at(16), 1.1);
  EXPECT_EQ(hardware.float_multiply.at(32), 3.7);
}

TEST(Hardware, PowerLawsBetweenAndOutside) {
  const EnergyCurve curve{{{8, 1}, {32, 16}}, 1};
  EXPECT_NEAR(curve.at(16), 4, 1e-12);  // through (8, 1) and (32, 16): (b / 8)^2
  EXPECT_NEAR(curve.at(4), 0.5, 1e-12);
  EXPECT_NEAR(curve.at(64), 32, 1e-12);
  EXPECT_NEAR((EnergyCurve{{{8, 0.2}}, 2}.at(6)), 0.2 * 36 / 64, 1e-12);
}

TEST(Hardware, SmallestMemoryThatHolds) {
  const Hardware hardware = find_hardware("45nm");
  EXPECT_EQ(memory_for(hardware, 8 * 8192).name, "8 KB SRAM");
  EXPECT_EQ(memory_for(hardware, 8 * 8192).picojoules, 10);
  EXPECT_EQ(memory_for(hardware, 8 * 8192 + 1).name, "32 KB SRAM");
  EXPECT_EQ(memory_for(hardware, 8 * 32768 + 1).picojoules, 100);
  const Memory& dram = memory_for(hardware, std::int64_t{1} << 60);
  EXPECT_EQ(dram.picojoules, 1300);
  EXPECT_EQ(dram.up_to, 2600);
  EXPECT_EQ(memory_for(hardware, 1).up_to, 10);
}

TEST(Hardware, WithoutAMemoryThatHoldsIsRefused) {
  Hardware hardware = find_hardware("45nm");
  hardware.memories.pop_back();
  EXPECT_THROW(memory_for(hardware, std::int64_t{1} << 40), InputError);
}

TEST(Hardware, FileOfOnesOwn) {
  const TemporaryFolder folder;
  const std::string path = folder / "mine.toml";
  std::string text(kHardware45nmToml);
  text.replace(text.find("45nm"), 4, "mine");
  write_file_atomic(path, text);
  EXPECT_EQ(find_hardware(path).name, "mine");
  EXPECT_THROW(find_hardware("28nm"), InputError);
}

TEST(Hardware, MistakesAreNamed) {
  EXPECT_THAT(refusal("exponent = 1", "exponant = 1"), HasSubstr("exponant"));
  EXPECT_THAT(refusal("[8, 32]", "[32, 8]"), HasSubstr("ascend"));
  EXPECT_THAT(refusal("[8, 32]", "[8]"), HasSubstr("2 energies for 1 widths"));
  EXPECT_THAT(refusal("[0.03, 0.1]", "[0, 0.1]"), HasSubstr("picojoules"));
  EXPECT_THAT(refusal("bytes = 32768", "bytes = 4096"), HasSubstr("smallest first"));
  EXPECT_THAT(refusal("bytes = 8192", ""), HasSubstr("holds everything"));
  EXPECT_THAT(refusal("up_to = 2600", "up_to = 26"), HasSubstr("up_to"));
  EXPECT_THAT(refusal("picojoules = 1300", ""), HasSubstr("picojoules"));
  EXPECT_THAT(refusal("[float_add]", "[float_sum]"), HasSubstr("float_add"));
}

}  // namespace
}  // namespace pare::cost
