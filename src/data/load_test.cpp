#include "data/load.h"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "data/npz.h"
#include "data/standardise.h"
#include "data/test_folder.h"

namespace pare::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

using Load = FolderTest;

/// `rows` samples of two features: the row's number and a constant; labels 0 1 2 0 1 2 …
NamedTensors numbered(std::int64_t rows, const std::string& suffix, float offset = 0) {
  Tensor inputs(DType::kF32, {rows, 2});
  Tensor labels(DType::kU8, {rows});
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
    inputs.as<float>()[2 * i] = static_cast<float>(i) + offset;
    inputs.as<float>()[2 * i + 1] = 7;
    labels.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(i % 3);
  }
  return {{"X" + suffix, inputs}, {"y" + suffix, labels}};
}

NamedTensors both(NamedTensors a, const NamedTensors& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<double> first_feature(const Samples& samples) {
  std::vector<double> values;
  for (std::size_t i = 0; i < static_cast<std::size_t>(samples.size()); ++i) {
    values.push_back(static_cast<double>(samples.inputs.as<float>()[2 * i]));
  }
  return values;
}

TEST_F(Load, OneFileWithSuffixes) {
  write_npz(path("a.npz"), both(numbered(120, "_train"), numbered(30, "_test", 1000)));
  const Dataset set = load({.train = "a.npz", .base_folder = folder_.string()});
  EXPECT_EQ(set.name, "a.npz");
  EXPECT_THAT(set.classes, ElementsAre("0", "1", "2"));
  EXPECT_EQ(set.train.size(), 90);
  EXPECT_EQ(set.validation.size(), 30);
  EXPECT_EQ(set.test.size(), 30);
  EXPECT_EQ(set.test.inputs.as<float>()[0], 1000);
  EXPECT_EQ(set.train.labels.dtype(), DType::kI64);
  // Rows are in one part or the other.
  auto rows = first_feature(set.train);
  const auto others = first_feature(set.validation);
  rows.insert(rows.end(), others.begin(), others.end());
  std::sort(rows.begin(), rows.end());
  std::vector<double> all(120);
  std::iota(all.begin(), all.end(), 0.0);
  EXPECT_EQ(rows, all);
}

TEST_F(Load, StatisticsAreOfTheTrainingPartAlone) {
  write_npz(path("a.npz"), both(numbered(120, "_train"), numbered(30, "_test", 1000)));
  const Dataset set = load({.train = path("a.npz")});
  const Standardisation expected = statistics(set.train.inputs);
  EXPECT_EQ(set.standardisation.mean, expected.mean);
  EXPECT_EQ(set.standardisation.scale, expected.scale);
  EXPECT_EQ(set.standardisation.scale[1], 1.0);
  const Dataset raw = load({.train = path("a.npz"), .standardise = Standardise::kNone});
  EXPECT_TRUE(raw.standardisation.mean.empty());
  EXPECT_EQ(raw.train, set.train);
}

TEST_F(Load, EachFileByItsOwnStatistics) {
  write_npz(path("a.npz"), both(numbered(120, "_train"), numbered(30, "_test", 1000)));
  const Dataset set = load({.train = path("a.npz"), .standardise = Standardise::kEachFile});
  EXPECT_DOUBLE_EQ(set.standardisation.mean[0], 59.5);  // of all 120 rows
  const Tensor test = standardise(set.test.inputs, set.standardisation);
  const Standardisation of_test = statistics(test);
  EXPECT_NEAR(of_test.mean[0], 0, 1e-5);
  EXPECT_NEAR(of_test.scale[0], 1, 1e-5);
}

TEST_F(Load, GivenValidation) {
  write_npz(path("a.npz"), both(numbered(12, ""), {}));
  write_npz(path("v.npz"), numbered(6, "_validation", 50));
  write_npz(path("t.npz"), numbered(3, "_test", 90));
  const Request request{.train = "a.npz",
                        .validation = "v.npz",
                        .test = "t.npz",
                        .split = Split::kGiven,
                        .base_folder = folder_.string()};
  const Dataset set = load(request);
  EXPECT_EQ(set.train.size(), 12);
  EXPECT_EQ(first_feature(set.validation).front(), 50);
  EXPECT_EQ(first_feature(set.test).front(), 90);
}

TEST_F(Load, FoldsOfOneSeedFitTogether) {
  write_npz(path("a.npz"), both(numbered(10, "_train"), numbered(3, "_test")));
  std::vector<double> validated;
  for (int fold = 0; fold < 3; ++fold) {
    const Dataset set =
        load({.train = path("a.npz"), .split = Split::kKFold, .folds = 3, .fold = fold});
    EXPECT_EQ(set.train.size() + set.validation.size(), 10);
    for (const double row : first_feature(set.validation)) validated.push_back(row);
  }
  EXPECT_THAT(validated, testing::UnorderedElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST_F(Load, FewerTrainingSamplesStayBalanced) {
  write_npz(path("a.npz"), both(numbered(120, "_train"), numbered(30, "_test")));
  const Dataset set = load({.train = path("a.npz"), .max_train_samples = 30});
  EXPECT_EQ(set.train.size(), 30);
  EXPECT_EQ(set.validation.size(), 30);
  std::vector<int> counts(3);
  for (const auto label : set.train.labels.as<std::int64_t>())
    ++counts[static_cast<std::size_t>(label)];
  EXPECT_THAT(counts, ElementsAre(10, 10, 10));
}

TEST_F(Load, LabelNoiseLeavesTheTestPartAlone) {
  write_npz(path("a.npz"), both(numbered(300, "_train"), numbered(300, "_test")));
  const Dataset clean = load({.train = path("a.npz")});
  const Dataset noised = load({.train = path("a.npz"), .label_noise = 0.5});
  EXPECT_EQ(noised.test, clean.test);
  // Rows of the first half may change, those of the second must not.
  int changed = 0;
  for (const Samples* part : {&noised.train, &noised.validation}) {
    const auto rows = first_feature(*part);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const bool is_changed =
          static_cast<double>(part->labels.as<std::int64_t>()[i]) != std::fmod(rows[i], 3);
      EXPECT_FALSE(is_changed && rows[i] >= 150);
      changed += is_changed ? 1 : 0;
    }
  }
  EXPECT_NEAR(changed, 100, 30);
}

TEST_F(Load, CsvWithNamedClasses) {
  write_file_atomic(path("a.csv"), "x,kind\n1,w\n2,g\n3,w\n4,g\n5,w\n6,g\n7,w\n8,g\n");
  write_file_atomic(path("t.csv"), "x,kind\n1,w\n");
  const Request request{.train = path("a.csv"), .test = path("t.csv"), .labels = "kind"};
  const Dataset set = load(request);
  EXPECT_THAT(set.classes, ElementsAre("g", "w"));
  EXPECT_THAT(set.features, ElementsAre("x"));
  // The test file has only w, which is still class 1.
  EXPECT_EQ(set.test.labels.as<std::int64_t>()[0], 1);

  Request ordered = request;
  ordered.classes = {"w", "g"};
  EXPECT_EQ(load(ordered).test.labels.as<std::int64_t>()[0], 0);
  ordered.classes = {"w", "q"};
  EXPECT_THAT([&] { load(ordered); },
              ThrowsMessage<InputError>(HasSubstr("label 'g' is none of the classes w, q")));
}

TEST_F(Load, TheEmbeddedJets) {
  const Dataset set = load({.set = "jets/embedded"});
  EXPECT_EQ(set.train.inputs.shape(), (Shape{30000, 16}));
  EXPECT_EQ(set.validation.size(), 10000);
  EXPECT_EQ(set.test.size(), 10000);
  EXPECT_THAT(set.classes, ElementsAre("g", "q", "w", "z", "t"));
  EXPECT_THAT(set.description, HasSubstr("simulated jets (PYTHIA 8 + FastJet)"));
  std::vector<int> counts(5);
  for (const auto label : set.validation.labels.as<std::int64_t>()) {
    ++counts[static_cast<std::size_t>(label)];
  }
  EXPECT_THAT(counts, testing::Each(2000));
}

TEST_F(Load, TheSyntheticSetIsTheSameForEverySeed) {
  const Request request{.set = "synthetic/mixture", .synthetic_samples = 1000, .seed = 1};
  Request other = request;
  other.seed = 2;
  const Dataset a = load(request);
  const Dataset b = load(other);
  EXPECT_EQ(a.test, b.test);
  EXPECT_NE(a.train, b.train);  // another split
  EXPECT_EQ(a.test.size(), 200);
  EXPECT_THAT(a.description, HasSubstr("synthetic"));
}

struct BadRequest {
  Request request;
  const char* message;
};

TEST_F(Load, RequestsThatCannotBeMetAreNamed) {
  write_npz(path("a.npz"), both(numbered(12, "_train"), numbered(3, "_test")));
  write_npz(path("no_test.npz"), numbered(12, "_train"));
  const std::string file = path("a.npz");
  const std::vector<BadRequest> cases = {
      {{}, "neither a set nor files"},
      {{.set = "jets", .train = file}, "remove one"},
      {{.set = "jets", .test = file}, "data.train in the place of data.set"},
      {{.train = file, .validation = file}, "data.split is not \"given\""},
      {{.train = file, .validation_fraction = 1}, "data.validation_fraction: 1"},
      {{.train = file, .validation_fraction = std::nan("")}, "data.validation_fraction: nan"},
      {{.train = file, .validation_fraction = 0.01}, "0 validation samples"},
      {{.train = file, .label_noise = 2}, "data.label_noise: 2"},
      {{.train = file, .max_train_samples = -1}, "data.max_train_samples: -1"},
      {{.train = file, .split = Split::kKFold, .folds = 13}, "data.folds: 13"},
      {{.train = file, .split = Split::kKFold, .folds = 4, .fold = 4}, "data.fold: 4"},
      {{.train = file, .split = Split::kGiven}, "X_validation"},
      {{.set = "synthetic/mixture", .split = Split::kGiven}, "no validation samples"},
      {{.set = "synthetic/mixture", .synthetic_samples = 3}, "at least 50"},
      {{.set = "synthetic/mixture", .classes = {"a", "b"}}, "2 names"},
      {{.train = path("no_test.npz")}, "X_test and y_test"},
      {{.train = path("a.doc")}, "expected .npz, .csv, .mat"}};
  for (const BadRequest& bad : cases) {
    EXPECT_THAT([&] { load(bad.request); }, ThrowsMessage<InputError>(HasSubstr(bad.message)));
  }
}

}  // namespace
}  // namespace pare::data
