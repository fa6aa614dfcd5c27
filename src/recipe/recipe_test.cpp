#include "recipe/recipe.h"

#include <cmath>
#include <fstream>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "recipe/fields.h"
#include "recipe/spelling.h"

namespace pare::recipe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Recipe parse_with(const std::string& rest, const std::vector<std::string>& overrides = {}) {
  return parse("[data]\nset = \"jets/embedded\"\n" + rest, "r.toml", overrides);
}

std::vector<std::string> stage_names(const Recipe& recipe) {
  std::vector<std::string> names;
  for (const Stage& stage : recipe.stages) names.push_back(stage.name);
  return names;
}

Stage stage_named(const std::string& name) {
  Stage stage;
  stage.name = name;
  return stage;
}

TEST(Recipe, WhatIsAbsentHasItsDefault) {
  const Recipe recipe = parse_with("[[stage]]\n");
  Recipe expected;
  expected.data.set = "jets/embedded";
  expected.stages = {stage_named("stage-1")};
  EXPECT_EQ(recipe, expected);
}

TEST(Recipe, ReadsEveryKind) {
  const Recipe recipe = parse_with(R"(
[model]
hidden = [8, 4]
batch_norm = "no_affine"
[train]
learning_rate = 1
[[stage]]
name = "qat"
test = false
[stage.quantize]
step = "pow2"
layers = [{match = "fc1", weight_bits = 8}]
)");
  EXPECT_THAT(recipe.model.hidden, ElementsAre(8, 4));
  EXPECT_EQ(recipe.model.batch_norm, BatchNormKind::kNoAffine);
  const Stage& stage = recipe.stages.at(0);
  EXPECT_EQ(stage.train.learning_rate, 1.0);
  EXPECT_FALSE(stage.test);
  EXPECT_EQ(stage.quantize->step, Step::kPow2);
  EXPECT_EQ(stage.quantize->layers,
            (std::vector<LayerQuantize>{{.match = "fc1", .weight_bits = 8}}));
}

TEST(Recipe, ReadsFormatsOfWeightsAndOfSingleLayers) {
  const Recipe recipe = parse_with(R"(
[[stage]]
[stage.quantize]
weight_format = "ternary"
layers = [{match = "output", weight_format = "uniform", weight_range = "sawb", weight_bits = 8}]
[[stage]]
quantize = { weight_range = "affine" }
)");
  EXPECT_EQ(recipe.stages.at(1).quantize->weight_range, WeightRange::kAffine);
  const Quantize& quantize = *recipe.stages.at(0).quantize;
  EXPECT_EQ(quantize.weight_format, WeightFormat::kTernary);
  EXPECT_EQ(quantize.weight_range, WeightRange::kAuto);
  EXPECT_EQ(quantize.layers, (std::vector<LayerQuantize>{{.match = "output",
                                                          .weight_bits = 8,
                                                          .weight_format = WeightFormat::kUniform,
                                                          .weight_range = WeightRange::kSawb}}));
}

TEST(Recipe, WantsSamplesForBiasCorrection) {
  try {
    parse_with("[[stage]]\nname = \"ptq\"\nquantize = { bias_correction = true }");
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("stage 'ptq': quantize.bias_correction needs calibration"));
  }
}

TEST(Recipe, WantsOneRangeOfTheInput) {
  const std::string head = "[[stage]]\nname = \"q\"\n";
  const Recipe recipe = parse_with(head + "quantize = { input_percentile = 99.9 }");
  EXPECT_EQ(recipe.stages.front().quantize->input_percentile, 99.9);
  EXPECT_EQ(parse_with(head + "quantize = {}").stages.front().quantize->input_percentile, 100);
  try {
    parse_with(head + "quantize = { input_percentile = 99.9, calibration = \"mse\" }");
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("stage 'q': quantize.input_percentile and quantize.cal"));
  }
}

TEST(Recipe, ReadsCalibration) {
  const Recipe recipe = parse_with(R"(
[[stage]]
[stage.quantize]
bits = 8
calibration = "percentile"
percentile = 99.9
calibration_samples = 64
bias_correction = true
)");
  const Quantize& quantize = *recipe.stages.at(0).quantize;
  EXPECT_EQ(quantize.calibration, Calibration::kPercentile);
  EXPECT_EQ(quantize.percentile, 99.9);
  EXPECT_EQ(quantize.calibration_samples, 64);
  EXPECT_TRUE(quantize.bias_correction);
}

TEST(Recipe, AStageOverridesSingleKeysOfTrain) {
  const Recipe recipe = parse_with(R"(
[[stage]]
[[stage]]
train = { epochs = 3 }
[train]
epochs = 7
batch_size = 64
)");
  EXPECT_EQ(recipe.stages.at(0).train.epochs, 7);
  EXPECT_EQ(recipe.stages.at(1).train.epochs, 3);
  EXPECT_EQ(recipe.stages.at(1).train.batch_size, 64);
}

TEST(Recipe, QuantizeDefaultsAreOverriddenKeyByKey) {
  const Recipe recipe = parse_with(R"(
[quantize]
weight_bits = 4
input_bits = 8
[[stage]]
[[stage]]
quantize = {}
[[stage]]
quantize = { weight_bits = 5 }
)");
  EXPECT_FALSE(recipe.stages.at(0).quantize);
  EXPECT_EQ(recipe.stages.at(1).quantize->weight_bits, 4);
  EXPECT_EQ(recipe.stages.at(1).quantize->activation_bits, 6);
  EXPECT_EQ(recipe.stages.at(2).quantize->weight_bits, 5);
  EXPECT_EQ(recipe.stages.at(2).quantize->input_bits, 8);
}

TEST(Recipe, BitsStandsForBothWidths) {
  const auto quantize = [](const std::string& text) {
    return *parse_with("[quantize]\nweight_bits = 3\n[[stage]]\nquantize = " + text)
                .stages[0]
                .quantize;
  };
  EXPECT_EQ(quantize("{ bits = 4 }").weight_bits, 4);
  EXPECT_EQ(quantize("{ bits = 4 }").activation_bits, 4);
  EXPECT_EQ(quantize("{ bits = 4, activation_bits = 5 }").activation_bits, 5);
  EXPECT_EQ(quantize("{ layers = [{ match = \"*\", bits = 2 }] }").layers.at(0).weight_bits, 2);
}

TEST(Recipe, ThirtyTwoBitsEverywhereQuantizeNothing) {
  EXPECT_FALSE(parse_with("[[stage]]\nquantize = { bits = 32 }").stages[0].quantize);
  EXPECT_TRUE(parse_with("[[stage]]\nquantize = { weight_bits = 32 }").stages[0].quantize);
  EXPECT_TRUE(
      parse_with("[[stage]]\nquantize = { bits = 32, layers = [{match = \"a\", bits = 4}] }")
          .stages[0]
          .quantize);
}

TEST(Recipe, SeveralFractionsBecomeSeveralStages) {
  const Recipe recipe = parse_with(R"(
[[stage]]
name = "float"
[[stage]]
name = "qap"
quantize = {}
prune = { fractions = [0.1, 0.111, 0] }
[[stage]]
name = "last"
prune = { fractions = [0.5] }
)");
  EXPECT_THAT(stage_names(recipe), ElementsAre("float", "qap-1", "qap-2", "qap-3", "last"));
  EXPECT_TRUE(recipe.stages[1].quantize);
  EXPECT_FALSE(recipe.stages[2].quantize);
  EXPECT_FALSE(recipe.stages[3].quantize);
  EXPECT_THAT(recipe.stages[2].prune->fractions, ElementsAre(0.111));
  EXPECT_THAT(recipe.stages[3].prune->fractions, ElementsAre(0));
}

TEST(Recipe, OverridesGoByTheNamesOfStages) {
  const std::string text = R"(
[[stage]]
name = "a"
[[stage]]
name = "a.b"
quantize = {}
[[stage]]
)";
  const Recipe recipe =
      parse_with(text, {"train.epochs=4", "stage.a.b.quantize.weight_bits=3",
                        "stage.a.train.epochs=5", "stage.3.test=false", "data.set=synthetic/blobs",
                        "name=two words", "model.hidden=[1, 2]", "stage.a.prune.sparsity=0.5"});
  EXPECT_EQ(recipe.stages[0].train.epochs, 5);
  EXPECT_EQ(recipe.stages[1].train.epochs, 4);
  EXPECT_EQ(recipe.stages[1].quantize->weight_bits, 3);
  EXPECT_FALSE(recipe.stages[2].test);
  EXPECT_EQ(recipe.data.set, "synthetic/blobs");
  EXPECT_EQ(recipe.name, "two words");
  EXPECT_THAT(recipe.model.hidden, ElementsAre(1, 2));
  EXPECT_EQ(recipe.stages[0].prune->sparsity, 0.5);
}

TEST(Recipe, GoesBackToOneMomentThatComesBeforeThePruning) {
  const auto message = [](int first, int second, const char* first_stage) {
    try {
      parse(fmt::format("[data]\nset = \"jets/embedded\"\n[train]\nepochs = 5\n"
                        "[[stage]]\nname = \"a\"\n{}"
                        "[[stage]]\nname = \"b\"\nprune = {{ sparsity = 0.5, rewind = {} }}\n"
                        "[[stage]]\nname = \"c\"\nprune = {{ sparsity = 0.6, rewind = {} }}\n",
                        first_stage, first, second),
            "x");
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("fine");
  };
  EXPECT_EQ(message(0, 0, ""), "fine");
  EXPECT_EQ(message(5, 5, ""), "fine");
  EXPECT_THAT(message(1, 2, ""), HasSubstr("stage 'c': prune.rewind = 2, but another stage has 1"));
  EXPECT_THAT(message(6, 6, ""), HasSubstr("the first stage, 'a', has 5 epochs"));
  EXPECT_THAT(message(1, 1, "prune = { sparsity = 0.1, rewind = 1 }\n"), HasSubstr("has 0 epochs"));
}

TEST(Recipe, ReadingAFileSetsItsFolderAndItsName) {
  const TemporaryFolder folder;
  std::ofstream(folder / "my.toml") << "[data]\ntrain = \"a.csv\"\n[[stage]]\n";
  const Recipe recipe = read(folder / "my.toml");
  EXPECT_EQ(recipe.name, "my");
  EXPECT_EQ(recipe.base_folder, folder.path());
  // As text it must name the same file wherever it is read.
  EXPECT_EQ(parse(to_toml(recipe), "x").data.train, folder / "a.csv");
}

// Fills every field with a random value that its limits allow.
class RandomFields {
 public:
  void operator()(const char*, std::string& value) {
    value = *rc::gen::container<std::string>(
        rc::gen::oneOf(rc::gen::inRange<char>(1, 127), rc::gen::element('"', '\\', '\n')));
  }
  void operator()(const char*, bool& value) { value = *rc::gen::arbitrary<bool>(); }
  template <std::integral T>
  void operator()(const char*, T& value, const IntRange& range) {
    const auto most = std::min<std::int64_t>(range.max, std::int64_t{1} << 60);
    value = static_cast<T>(*rc::gen::inRange<std::int64_t>(range.min, most));
  }
  void operator()(const char*, double& value, const RealRange& range) {
    const double unit = *rc::gen::inRange(1, 1'000'000'007) / 1'000'000'009.0;
    value = std::isfinite(range.max) ? unit : unit * std::pow(10, *rc::gen::inRange(-12, 12));
  }
  void operator()(const char*, int& value, BitWidths) {
    value = *rc::gen::element(1, 2, 4, 6, 8, 15, 16, 32);
  }
  template <class E>
  requires std::is_enum_v<E>
  void operator()(const char*, E& value) {
    value = static_cast<E>(*rc::gen::inRange<std::size_t>(0, spellings(E{}).size()));
  }
  template <class T, class... Range>
  void operator()(const char* key, std::optional<T>& value, const Range&... range) {
    if (!*rc::gen::arbitrary<bool>()) return value.reset();
    (*this)(key, value.emplace(), range...);
  }
  template <class T, class... Range>
  void operator()(const char* key, std::vector<T>& values, const Range&... range) {
    values.resize(*rc::gen::inRange<std::size_t>(0, 4));
    for (T& value : values) {
      if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string>) {
        visit_fields(value, *this);
        if constexpr (requires { value.match; }) value.match += "*";
      } else {
        (*this)(key, value, range...);
      }
    }
  }
};

template <class T>
T random_fields() {
  T value;
  visit_fields(value, RandomFields());
  return value;
}

Prune random_prune() {
  auto prune = random_fields<Prune>();
  if (prune.rewind) prune.rewind = 0;  // one moment for all stages, before any training
  prune.fractions.clear();
  if (!prune.sparsity) prune.fractions = {*rc::gen::inRange(0, 1000) / 1001.0};
  return prune;
}

Recipe random_recipe() {
  Recipe recipe;
  RandomFields random;
  random("name", recipe.name);
  random("description", recipe.description);
  random("seed", recipe.seed, IntRange{.min = 0});
  random("threads", recipe.threads, IntRange{1, 1024});
  recipe.neural_efficiency = *rc::gen::arbitrary<bool>();
  recipe.data = random_fields<Data>();
  recipe.data.set += "s";
  recipe.data.train = recipe.data.validation = recipe.data.test = "";
  recipe.data.cube = recipe.data.label_map = "";
  recipe.data.patch |= 1;
  recipe.model.import = "";
  recipe.data.classes = {"g", "q\n"};
  recipe.data.fold %= recipe.data.folds;
  recipe.model = random_fields<Model>();
  recipe.model.kind = recipe.model.convolutions.empty() ? ModelKind::kMlp : ModelKind::kCnn;
  const int count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) {
    Stage& stage = recipe.stages.emplace_back(stage_named("s" + std::to_string(i)));
    if (*rc::gen::arbitrary<bool>()) {
      stage.quantize = random_fields<Quantize>();
      if (stage.quantize->weight_bits == 32) stage.quantize->activation_bits = 3;
      if (stage.quantize->calibration == Calibration::kNone) {
        stage.quantize->bias_correction = false;
      } else {
        stage.quantize->input_percentile = 100;
      }
    }
    if (*rc::gen::arbitrary<bool>()) stage.spike = random_fields<Spike>();
    if (*rc::gen::arbitrary<bool>()) stage.prune = random_prune();
    stage.train = random_fields<Train>();
    stage.test = *rc::gen::arbitrary<bool>();
  }
  return recipe;
}

RC_GTEST_PROP(Recipe, ReadsBackAsWritten, ()) {
  const Recipe recipe = random_recipe();
  RC_ASSERT(parse(to_toml(recipe), "written") == recipe);
}

TEST(Recipe, EverySpellingIsReadAndWritten) {
  for (const std::string& schedule : spellings(Schedule{})) {
    const Recipe recipe = parse_with("[[stage]]\ntrain = { schedule = \"" + schedule + "\" }");
    EXPECT_THAT(to_toml(recipe), ::testing::HasSubstr("schedule = \"" + schedule + "\""));
  }
  EXPECT_EQ(spellings(Split{})[static_cast<std::size_t>(Split::kKFold)], "k_fold");
  EXPECT_EQ(spellings(Loss{})[static_cast<std::size_t>(Loss::kBinaryCrossEntropy)],
            "binary_cross_entropy");
}

// Every key of the schema, and every spelling of an enumeration, is on the user's page.
class Names {
 public:
  std::set<std::string> names;

  template <class T, class... Range>
  void operator()(const char* key, T& value, const Range&...) {
    names.insert(key);
    if constexpr (std::is_enum_v<T>) {
      for (const std::string& spelling : spellings(value)) names.insert('"' + spelling + '"');
    }
  }
};

TEST(RecipePage, NamesEveryKeyAndEveryValue) {
  const std::string page = read_text(PARE_SOURCE_DIR "/docs/recipe.md");
  Names found;
  found.names = {"name", "description", "seed", "threads", "neural_efficiency", "test", "bits"};
  Data data;
  Model model;
  Convolution convolution;
  Quantize quantize;
  LayerQuantize layer_bits;
  Prune prune;
  Train train;
  LayerRate layer_rate;
  visit_fields(data, found);
  visit_fields(model, found);
  visit_fields(convolution, found);
  visit_fields(quantize, found);
  visit_fields(layer_bits, found);
  visit_fields(prune, found);
  visit_fields(train, found);
  visit_fields(layer_rate, found);
  ASSERT_GT(found.names.size(), 60u);
  for (const std::string& name : found.names) {
    EXPECT_THAT(page, ::testing::HasSubstr("`" + name + "`")) << "docs/recipe.md";
  }
}

TEST(RecipePage, ItsExamplesAreRecipes) {
  const std::string page = read_text(PARE_SOURCE_DIR "/docs/recipe.md");
  const std::regex block("```toml\n([^`]*)```");
  int examples = 0;
  for (std::sregex_iterator it(page.begin(), page.end(), block), end; it != end; ++it) {
    EXPECT_NO_THROW(parse((*it)[1], "docs/recipe.md")) << (*it)[1];
    ++examples;
  }
  EXPECT_GE(examples, 2);
}

}  // namespace
}  // namespace pare::recipe
