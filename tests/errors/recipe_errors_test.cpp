// What a user reads when a recipe is wrong: file, line, key, what was found, what was expected.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "recipe/recipe.h"

namespace pare::recipe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string error_of(const std::string& toml, const std::vector<std::string>& overrides = {}) {
  try {
    parse(toml, "r.toml", overrides);
  } catch (const InputError& error) {
    return error.what();
  }
  return "(no error)";
}

/// The error of a recipe that is right but for `stage`, whose first line is line 4.
std::string stage_error(const std::string& stage) {
  return error_of("[data]\nset = \"s\"\n[[stage]]\n" + stage);
}

std::string override_error(const std::string& override_text) {
  return error_of("[data]\nset = \"s\"\n[[stage]]\nname = \"qat\"\n", {override_text});
}

TEST(RecipeErrors, TheRecipeOfTheseTestsIsRight) {
  EXPECT_EQ(stage_error(""), "(no error)");
  EXPECT_EQ(override_error("train.epochs=2"), "(no error)");
}

TEST(RecipeErrors, AMissingFileIsNamed) {
  try {
    read("/no/such/recipe.toml");
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/no/such/recipe.toml: cannot read it: No such file"));
  }
}

TEST(RecipeErrors, BadTomlIsToldByLine) {
  EXPECT_THAT(error_of("[data]\nset = \n"), HasSubstr("r.toml:2: "));
  EXPECT_THAT(error_of("[data]\nset = \"a\"\nset = \"b\"\n"), HasSubstr("r.toml:3: "));
  EXPECT_THAT(error_of("name = \"\xff\xfe\"\n"), HasSubstr("r.toml:1: "));
  EXPECT_THAT(error_of("a = [1,\n}"), HasSubstr("r.toml:2: '}' closes nothing"));
  EXPECT_THAT(error_of("a = 3\"x\""), HasSubstr("r.toml:1: a quote inside of a word"));
  EXPECT_THAT(error_of("name = \"a\"\n [[ !stage]]\n"),
              HasSubstr("r.toml:2: expected a key after"));
}

TEST(RecipeErrors, AnUnknownKeyIsAnsweredWithTheNearest) {
  EXPECT_EQ(stage_error("train.epoch = 3"),
            "r.toml:4: unknown key 'stage.1.train.epoch'; did you mean 'epochs'?");
  EXPECT_EQ(stage_error("name = \"qat\"\nquantise = {}"),
            "r.toml:5: unknown key 'stage.qat.quantise'; did you mean 'quantize'?");
  EXPECT_THAT(error_of("sed = 3\n"), HasSubstr("unknown key 'sed'; did you mean 'seed'?"));
  EXPECT_THAT(error_of("[dta]\nset = \"s\"\n[[stage]]\n"), HasSubstr("did you mean 'data'?"));
  EXPECT_THAT(stage_error("quantize.layers = [{ match = \"a\", weight_bit = 3 }]"),
              HasSubstr("'stage.1.quantize.layers.1.weight_bit'; did you mean 'weight_bits'?"));
}

TEST(RecipeErrors, AnUnknownKeyFarFromAllIsAnsweredWithAll) {
  EXPECT_THAT(stage_error("prune = { sparsity = 0.5, xyzzy = 1 }"),
              HasSubstr("known keys: compact, exclude, fractions, norm, rewind, scope, "
                        "sparsity, structure"));
}

TEST(RecipeErrors, ImpossibleBits) {
  EXPECT_EQ(stage_error("quantize.weight_bits = 17"),
            "r.toml:4: stage.1.quantize.weight_bits: found 17 bits, expected 1 to 16, or 32 for "
            "float");
  for (const char* text : {"weight_bits = 0", "activation_bits = 31", "input_bits = -6",
                           "bits = 33", "layers = [{ match = \"*\", activation_bits = 24 }]"}) {
    EXPECT_THAT(stage_error(std::string("quantize.") + text), HasSubstr("expected 1 to 16, or 32"));
  }
  EXPECT_THAT(stage_error("quantize.weight_bits = 4.0"),
              HasSubstr("found 4.0, expected an integer"));
}

TEST(RecipeErrors, WrongTypes) {
  EXPECT_THAT(stage_error("train.epochs = \"3\""),
              HasSubstr("r.toml:4: stage.1.train.epochs: found \"3\", expected an integer"));
  EXPECT_THAT(stage_error("train.learning_rate = true"),
              HasSubstr("found true, expected a number"));
  EXPECT_THAT(stage_error("test = 1"), HasSubstr("found 1, expected true or false"));
  EXPECT_THAT(stage_error("name = [1]"), HasSubstr("found an array, expected a string"));
  EXPECT_THAT(stage_error("train = 3"), HasSubstr("found 3, expected a table"));
  EXPECT_THAT(stage_error("prune.fractions = 0.5"), HasSubstr("found 0.5, expected an array"));
  EXPECT_THAT(error_of("stage = {}\n"), HasSubstr("found a table, expected an array of tables"));
  EXPECT_THAT(error_of("stage = [1]\n"), HasSubstr("found 1, expected a table"));
  EXPECT_THAT(error_of("name = 2020-01-01\n"),
              HasSubstr("found a date or time, expected a string"));
}

TEST(RecipeErrors, ValuesOutOfRange) {
  EXPECT_THAT(stage_error("train.learning_rate = 0"),
              HasSubstr("found 0, expected a number above 0"));
  EXPECT_THAT(stage_error("train.learning_rate = inf"), HasSubstr("found inf, expected a number"));
  EXPECT_THAT(stage_error("train.l1 = nan"), HasSubstr("found nan, expected a number from 0"));
  EXPECT_THAT(stage_error("train.momentum = 1"), HasSubstr("expected a number from 0 to below 1"));
  EXPECT_THAT(stage_error("train.batch_size = 0"), HasSubstr("expected an integer from 1 to"));
  EXPECT_THAT(stage_error("train.epochs = 9223372036854775807"), HasSubstr("an integer from 0"));
  EXPECT_THAT(stage_error("prune.fractions = [0.5, 1.5]"), HasSubstr("prune.fractions: found 1.5"));
  EXPECT_THAT(error_of("seed = -1\n"), HasSubstr("found -1, expected an integer of at least 0"));
  EXPECT_THAT(error_of("model.hidden = [4, 0]\n"), HasSubstr("model.hidden: found 0"));
}

TEST(RecipeErrors, UnknownSpellingsAreAnsweredWithAllAndTheNearest) {
  EXPECT_THAT(stage_error("train.optimizer = \"adm\""),
              HasSubstr("found \"adm\", expected one of \"adam\", \"sgd\"; did you mean 'adam'?"));
  EXPECT_THAT(error_of("data.split = \"kfold\"\n"), HasSubstr("did you mean 'k_fold'?"));
}

TEST(RecipeErrors, PruneNeedsExactlyOneAmount) {
  EXPECT_THAT(stage_error("prune = {}"),
              AllOf(HasSubstr("stage.1.prune"), HasSubstr("fractions = [0.5, …] or sparsity")));
  EXPECT_THAT(stage_error("prune = { sparsity = 0.5, fractions = [0.1] }"),
              HasSubstr("found both"));
}

TEST(RecipeErrors, NamesOfStages) {
  EXPECT_THAT(stage_error("name = \"a\"\n[[stage]]\nname = \"a\""),
              HasSubstr("two stages are named 'a'"));
  // Only once the fractions are several stages do the names meet.
  EXPECT_THAT(stage_error("name = \"a\"\nprune.fractions = [0.1, 0.1]\n[[stage]]\nname = \"a-2\""),
              HasSubstr("two stages are named 'a-2'"));
  EXPECT_THAT(stage_error("name = \"../a\""), HasSubstr("expected 1 to 100 letters"));
  EXPECT_THAT(error_of("[data]\nset = \"s\"\n"), HasSubstr("no stages; add a [[stage]]"));
}

TEST(RecipeErrors, DataThatDoNotFitTogether) {
  const auto data_error = [](const std::string& keys) {
    return error_of("[data]\n" + keys + "\n[[stage]]\n");
  };
  EXPECT_THAT(data_error(""), HasSubstr("[data]: expected set"));
  EXPECT_THAT(data_error("set = \"s\"\ntrain = \"t\""), HasSubstr("found a set and files"));
  EXPECT_THAT(data_error("train = \"t\"\nsplit = \"given\""), HasSubstr("needs validation"));
  EXPECT_THAT(data_error("train = \"t\"\nvalidation = \"v\""), HasSubstr("only used with split"));
  EXPECT_THAT(data_error("set = \"s\"\nfold = 4"), HasSubstr("fold = 4, expected 0 to 3"));
  EXPECT_THAT(data_error("set = \"s\"\nclasses = [\"a\", \"a\"]"), HasSubstr("a name twice"));
}

TEST(RecipeErrors, Overrides) {
  EXPECT_THAT(override_error("train.epochs"), HasSubstr("'train.epochs': expected KEY.KEY=VALUE"));
  EXPECT_THAT(override_error("=3"), HasSubstr("an empty key"));
  EXPECT_THAT(override_error("train..epochs=3"), HasSubstr("an empty key"));
  EXPECT_THAT(override_error("train.epoch=3"), HasSubstr("'train.epoch'; did you mean 'epochs'?"));
  EXPECT_THAT(override_error("train.epochs=3x"), HasSubstr("found \"3x\", expected an integer"));
  EXPECT_THAT(override_error("model.hidden=[1,"), HasSubstr("override 'model.hidden=[1,'"));
  EXPECT_THAT(override_error("stage.qta.test=true"),
              HasSubstr("there is no 'qta'; there are: qat"));
  EXPECT_THAT(override_error("stage.qatt.test=true"), HasSubstr("did you mean 'qat'?"));
  EXPECT_THAT(override_error("stage.2.test=true"), HasSubstr("there is no '2'"));
  EXPECT_THAT(override_error("stage.qat=3"), HasSubstr("names a table; name a key of it"));
  EXPECT_THAT(override_error("data.set.x=3"), HasSubstr("'set' is a value, not a table"));
  EXPECT_THAT(override_error("name=a\nseed = 5"), HasSubstr("(no error)"));  // one text, one key
}

TEST(RecipeErrors, DepthAndSizeAreBounded) {
  EXPECT_THAT(error_of("a = " + std::string(100'000, '[')), HasSubstr("nested more than 32 deep"));
  std::string key = "a";
  for (int i = 0; i < 100'000; ++i) key += ".a";
  EXPECT_THAT(error_of(key + " = 1"), HasSubstr("a key has more than 16 parts"));
  EXPECT_THAT(error_of("[" + key + "]"), HasSubstr("a key has more than 16 parts"));
  EXPECT_THAT(error_of("# " + std::string(2 << 20, 'x')), HasSubstr("at most 1 MiB"));
  EXPECT_THAT(override_error(key + "=1"), HasSubstr("the key is too long"));
}

}  // namespace
}  // namespace pare::recipe
