#include "search/search_file.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "search/search_plan.h"

namespace pare::search {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr const char* kFile = R"(
name = "widths"
recipe = "r.toml"
trials = 12
seed = 3

[objective]
minimise = "validation.loss"

[against]
maximise = "test.accuracy"
stage = "qat"

[set]
"train.epochs" = 25
"data.set" = "jets/embedded"

[[variable]]
key = "model.hidden.1"
range = [8, 128]
step = 8
scale = "log"

[[variable]]
key = "quantize.bits"
values = [12, 4, 6]

[[variable]]
key = "model.batch_norm"
values = ["none", "full"]

[retrain]
trials = "all"
seeds = [1, 2]
set = { "train.epochs" = 250 }
)";

/// The file with the first occurrence of `from` replaced by `to`.
std::string with(const std::string& from, const std::string& to) {
  std::string text = kFile;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

void expect_error(const std::string& text, const std::string& message) {
  EXPECT_THAT([&] { parse_search_file(text, "s.toml"); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("s.toml"), HasSubstr(message))))
      << text;
}

TEST(ParseSearchFile, ReadsEveryKey) {
  const SearchFile file = parse_search_file(kFile, "s.toml");
  EXPECT_EQ(file.name, "widths");
  EXPECT_EQ(file.recipe, "r.toml");
  EXPECT_EQ(file.method, Method::kBayes);
  EXPECT_EQ(file.trials, 12);
  EXPECT_EQ(file.initial, 5);
  EXPECT_EQ(file.seed, 3U);
  EXPECT_EQ(file.objective.name, "validation.loss");
  EXPECT_EQ(file.objective.goal, Goal::kMinimise);
  EXPECT_EQ(file.against->name, "test.accuracy");
  EXPECT_EQ(file.against->stage, "qat");
  EXPECT_EQ(file.against->goal, Goal::kMaximise);
  ASSERT_EQ(file.set.size(), 2U);
  EXPECT_EQ(file.set[0], (Setting{"train.epochs", 25}));
  const std::vector<Variable>& variables = file.space.variables;
  ASSERT_EQ(variables.size(), 3U);
  EXPECT_EQ(variables[0].values.size(), 16U);
  EXPECT_EQ(variables[0].values.back(), 128);
  EXPECT_EQ(variables[0].scale, Scale::kLog);
  EXPECT_THAT(variables[1].values, ElementsAre(4, 6, 12));  // numbers are put in order
  EXPECT_THAT(variables[2].values, ElementsAre("none", "full"));
  EXPECT_EQ(file.retrain.trials, Retrained::kAll);
  EXPECT_THAT(file.retrain.seeds, ElementsAre(1, 2));
  EXPECT_EQ(file.retrain.set[0], (Setting{"train.epochs", 250}));
}

TEST(ParseSearchFile, SaysWhatIsWrong) {
  expect_error(with("trials = 12", "trails = 12"), "did you mean 'trials'");
  expect_error(with("name = \"widths\"", ""), "every search needs a name");
  expect_error(with("name = \"widths\"", "name = \"a/b\""), "only letters");
  expect_error(with("recipe = \"r.toml\"", ""), "expected the recipe's path");
  expect_error(with("trials = 12", "trials = 0"), "trials");
  expect_error(with("trials = 12", "method = \"bayess\""), "did you mean 'bayes'");
  expect_error(with("minimise = \"validation.loss\"", ""), "expected either minimise");
  expect_error(with("maximise", "minimise = \"x\"\nmaximise"), "expected either minimise");
  expect_error(with("range = [8, 128]", "range = [128, 8]"), "the first and the last integer");
  expect_error(with("range = [8, 128]", "range = [8]"), "the first and the last integer");
  expect_error(with("range = [8, 128]", "range = [1, 9007199254740992]"), "a larger step");
  expect_error(with("range = [8, 128]", "range = [0, 128]"), "numbers above 0");
  expect_error(with("values = [12, 4, 6]", "values = []"), "a list of 1 to 1000");
  expect_error(with("values = [12, 4, 6]", "values = [4, 4]"), "4 is there twice");
  expect_error(with("values = [12, 4, 6]", ""), "expected either range");
  expect_error(with("key = \"quantize.bits\"", "key = \"seed\""), "the seed is no variable");
  expect_error(with("key = \"quantize.bits\"", "key = \"train.epochs\""), "is set twice");
  expect_error(with("key = \"quantize.bits\"", ""), "expected a key of the recipe");
  expect_error(with("trials = \"all\"", "trials = \"some\""), "\"front\", \"best\", \"all\"");
  expect_error(with("{ \"train.epochs\" = 250 }", "{ seed = 2 }"), "give seeds as");
  expect_error(with("\"train.epochs\" = 25", "\"train.epochs\" = nan"), "expected a finite number");
  expect_error("name = \"a\"\nrecipe = \"r\"\nobjective = { minimise = \"x\" }\n",
               "there is no [[variable]]");
  expect_error(
      "name = \"a\"\nrecipe = \"r\"\nmethod = \"parego\"\nobjective = { minimise = \"x\" }\n"
      "variable = [{ key = \"k\", values = [1] }]\n",
      "parego weighs two figures");
}

class ReadSearch : public testing::Test {
 protected:
  ReadSearch() {
    write_file_atomic(folder_.path() + "/r.toml",
                      "seed = 4\n[data]\nset = \"jets/embedded\"\n[model]\nhidden = [64, 32]\n"
                      "[[stage]]\nname = \"qat\"\nquantize = {}\n");
  }
  SearchPlan parse(const std::string& text) const {
    return parse_search(text, "s.toml", folder_.path());
  }
  void expect_plan_error(const std::string& text, const std::string& message) const {
    EXPECT_THAT([&] { parse(text); }, ThrowsMessage<InputError>(HasSubstr(message)));
  }

  TemporaryFolder folder_;
};

TEST_F(ReadSearch, ResolvesPoints) {
  const SearchPlan plan = parse(kFile);
  EXPECT_EQ(plan.recipe.seed, 4U);
  EXPECT_EQ(plan.recipe.stages.at(0).train.epochs, 25);
  const ResolvedPoint resolved = resolve(plan, {3, 1, 0});
  EXPECT_THAT(resolved.overrides,
              ElementsAre("train.epochs=25", "data.set=\"jets/embedded\"", "model.hidden.1=32",
                          "quantize.bits=6", "model.batch_norm=\"none\""));
  EXPECT_EQ(resolved.threads, 1);
  EXPECT_NE(resolved.key, resolve(plan, {3, 1, 1}).key);
}

TEST_F(ReadSearch, RefusesWhatTheRecipeDoesNotTake) {
  expect_plan_error(with("model.hidden.1", "model.hiden.1"), "did you mean 'hidden'");
  expect_plan_error(with("model.hidden.1", "model.hidden.3"), "there is no element '3'");
  expect_plan_error(with("values = [12, 4, 6]", "values = [4, 20]"), "quantize.bits=20");
  expect_plan_error(with("values = [\"none\", \"full\"]", "values = [\"none\", \"ful\"]"),
                    "did you mean 'full'");
  expect_plan_error(with("stage = \"qat\"", "stage = \"qaat\""), "did you mean 'qat'");
}

const std::string kSearches = std::string(PARE_SOURCE_DIR) + "/recipes/searches";

TEST(ReadSearches, EverySearchThatComesWithPareIsValid) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kSearches)) {
    SCOPED_TRACE(entry.path().string());
    EXPECT_NO_THROW(read_search(entry.path().string()));
    ++count;
  }
  EXPECT_GE(count, 1);
}

TEST(ReadSearches, TheSearchOfTheDocumentationIsValid) {
  const std::string page = read_text(std::string(PARE_SOURCE_DIR) + "/docs/search.md");
  const std::string fence = "```toml\n";
  const std::size_t begin = page.find(fence) + fence.size();
  const std::string text = page.substr(begin, page.find("```", begin) - begin);
  EXPECT_EQ(parse_search(text, "docs/search.md", kSearches).file.space.variables.size(), 2U);
}

}  // namespace
}  // namespace pare::search
