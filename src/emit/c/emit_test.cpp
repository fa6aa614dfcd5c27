#include "emit/c/emit.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "emit/c/names.h"
#include "emit/c/requantize_form.h"
#include "program/random_program.h"

namespace pare::emit::c {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Names, AreIdentifiersThatDiffer) {
  Names names;
  EXPECT_EQ(names.add("in_", "fc1.sum"), "in_fc1_sum");
  EXPECT_EQ(names.add("in_", "fc1 sum"), "in_fc1_sum_2");
  EXPECT_EQ(names.add("in_", "\"*/\\\n"), "in_x");
  EXPECT_EQ(names.add("in_", "int"), "in_int");
}

TEST(CommentText, CannotEndAComment) {
  EXPECT_EQ(comment_text("a*/b/*c?\?/d\\\ne\"'"), "a__b__c___d__e__");
}

TEST(Emit, IsNotBrokenByHostileNames) {
  program::Program program = program::random_program(4, {.has_loops = false});
  program.name = "x*/ #error \\\n";
  for (program::Buffer& buffer : program.buffers) buffer.name += "*/ \"?\?/\n#error \\\n";
  const Files files = emit(program, nullptr, {}, {});
  for (const File& file : {files.header, files.source, files.test}) {
    EXPECT_THAT(file.text, Not(HasSubstr("#error")));
    EXPECT_THAT(file.text, Not(HasSubstr("?\?/")));
  }
}

TEST(Emit, IsDeterministic) {
  const program::Program program = program::random_program(5);
  const Options options{.style = Style::kUnrolled, .max_trip_count = 3};
  EXPECT_EQ(emit(program, nullptr, {}, options).source.text,
            emit(program, nullptr, {}, options).source.text);
}

TEST(Emit, RefusesToUnrollWhatIsTooLarge) {
  program::Program program;
  program.name = "large";
  const program::Width bit{1, false};
  const auto x = add_buffer(program, {"x", bit, {400}});
  const auto y = add_buffer(program, {"y", {10, false}, {400}});
  const auto weight = add_constant(program, {"w",
                                             bit,
                                             {400, 400},
                                             program::Uniform{},
                                             std::nullopt,
                                             std::vector<std::int64_t>(160'000, 1)});
  program.inputs = {x};
  program.outputs = {y};
  program.sections.push_back({});
  program.sections[0].nodes = {{program::Linear{weight, std::nullopt, {10, false}}, {x}, {y}}};
  EXPECT_NO_THROW(emit(program, nullptr, {}, {}));
  try {
    emit(program, nullptr, {}, {.style = Style::kUnrolled});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("use the style 'table'"));
  }
}

/// The forms that are found, on every x.
TEST(ShortForm, EqualsTheFunctionForEveryX) {
  program::RandomNumbers random(1);
  int num_found = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::int64_t a = random.of_bits(10);
    const std::int64_t b = random.of_bits(10);
    const std::int64_t c = random.of_bits(6);
    const std::int64_t d = random.of_bits(6);
    const Requantizing function{{std::min(a, b), std::max(a, b)},
                                random.of_bits(23),
                                random.of_bits(30),
                                static_cast<int>(random.in(0, 32)),
                                static_cast<graph::Rounding>(random.in(0, 7)),
                                std::min(c, d),
                                std::max(c, d)};
    bool is_tied = false;
    const auto form = find_short_form(function);
    for (std::int64_t x = function.x.lowest; x <= function.x.highest; ++x) {
      if (form) {
        const std::int64_t inside = std::clamp(x, form->clamp.lowest, form->clamp.highest);
        const std::int64_t sum = form->multiplier * inside + form->addend;
        ASSERT_TRUE(CType({32, true}).range().contains(sum)) << i;
        ASSERT_EQ(sum >> form->shift, function(x)) << i << ", x = " << x;
      }
      const std::int64_t num = function.multiplier * x + function.addend;
      const std::int64_t step = std::int64_t{1} << function.shift;
      if (function.shift > 0 && ((num % step) + step) % step == step / 2) is_tied = true;
    }
    ASSERT_EQ(has_tie(function), is_tied) << i;
    num_found += form.has_value();
  }
  EXPECT_GT(num_found, 1500);
}

}  // namespace
}  // namespace pare::emit::c
