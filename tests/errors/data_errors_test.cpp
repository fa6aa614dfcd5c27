// Broken data files as a user meets them: each is refused by data::load with a message that names
// the file, what was found and what to do.

#include <filesystem>
#include <functional>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "data/load.h"
#include "data/npy.h"
#include "data/npz.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class DataErrors : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("pare_data_errors_" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    arrays_ = {{"X_train", Tensor::from<float>({4, 2}, {0, 1, 2, 3, 4, 5, 6, 7})},
               {"y_train", Tensor::from<std::uint8_t>({4}, {0, 1, 0, 1})},
               {"X_test", Tensor::from<float>({2, 2}, {0, 1, 2, 3})},
               {"y_test", Tensor::from<std::uint8_t>({2}, {0, 1})}};
    try {
      write_npz(path("mine.npz"), arrays_);
    } catch (const InputError& error) {
      GTEST_SKIP() << error.what();  // built without libzip
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Tensor& array(const std::string& name) {
    for (auto& [known, tensor] : arrays_) {
      if (known == name) return tensor;
    }
    throw InternalError("no such array");
  }

  Dataset load_arrays() const {
    write_npz(path("mine.npz"), arrays_);
    return load({.train = "mine.npz", .validation_fraction = 0.5, .base_folder = folder_.string()});
  }

  void expect_refused(const std::vector<std::string>& parts) const {
    for (const std::string& part : parts) {
      EXPECT_THAT([&] { load_arrays(); },
                  ThrowsMessage<InputError>(AllOf(HasSubstr("mine.npz"), HasSubstr(part))));
    }
  }

  std::filesystem::path folder_;
  NamedTensors arrays_;
};

TEST_F(DataErrors, TheUnbrokenFileLoads) { EXPECT_EQ(load_arrays().train.size(), 2); }

TEST_F(DataErrors, MissingFile) {
  EXPECT_THAT(
      [&] { load({.train = path("absent.npz")}); },
      ThrowsMessage<InputError>(AllOf(HasSubstr("absent.npz"), HasSubstr("check the path"))));
}

TEST_F(DataErrors, MissingFileOfANamedSet) {
  ::setenv("XDG_DATA_HOME", folder_.c_str(), 1);
  ::unsetenv("PARE_DATA");
  EXPECT_THAT([] { load({.set = "mnist"}); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("mnist/train-images-idx3-ubyte.gz"), HasSubstr("looked in"),
                        HasSubstr("pare data fetch mnist"), HasSubstr("PARE_DATA"))));
}

TEST_F(DataErrors, AFileOfANamedSetThatIsCut) {
  ::setenv("PARE_DATA", folder_.c_str(), 1);
  std::filesystem::create_directories(path("jets/embedded"));
  write_file_atomic(path("jets/embedded/jets-small.npz"), "cut");
  EXPECT_THAT([] { load({.set = "jets/embedded"}); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("jets-small.npz"), HasSubstr("3 bytes, expected 2793241"))));
  ::unsetenv("PARE_DATA");
}

TEST_F(DataErrors, TruncatedNpy) {
  auto bytes = format_npy(array("X_train"));
  bytes.resize(bytes.size() - 5);
  write_file_atomic(path("cut.npy"), bytes);
  EXPECT_THAT([&] { read_npy(path("cut.npy")); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("cut.npy"), HasSubstr("truncated"),
                                              HasSubstr("needs 32 bytes"), HasSubstr("27"),
                                              HasSubstr("write the file again"))));
}

TEST_F(DataErrors, TruncatedNpz) {
  write_npz(path("mine.npz"), arrays_);
  auto bytes = read_file(path("mine.npz"));
  bytes.resize(bytes.size() - 30);
  write_file_atomic(path("cut.npz"), bytes);
  EXPECT_THAT([&] { load({.train = path("cut.npz")}); },
              ThrowsMessage<InputError>(HasSubstr("cut.npz")));
}

TEST_F(DataErrors, MissingArray) {
  arrays_[1].first = "labels";
  expect_refused({"no array 'y_train'", "labels"});
}

TEST_F(DataErrors, LabelsOfAWrongType) {
  array("y_train") = Tensor::from<float>({4}, {0, 1, 0, 1});
  expect_refused({"array 'y_train'", "labels are f32", "expected integers", ".astype('int64')"});
}

TEST_F(DataErrors, LabelsThatAreOneHot) {
  array("y_train") = Tensor(DType::kU8, {4, 2});
  expect_refused({"array 'y_train'", "[4, 2]", "argmax"});
}

TEST_F(DataErrors, NaNNamesRowAndFeature) {
  array("X_train").as<float>()[5] = std::numeric_limits<float>::quiet_NaN();
  expect_refused({"array 'X_train'", "row 2, feature 1", "nan", "remove the row"});
}

TEST_F(DataErrors, InfinityInTheTestPart) {
  array("X_test").as<float>()[0] = std::numeric_limits<float>::infinity();
  expect_refused({"array 'X_test'", "row 0, feature 0", "inf"});
}

TEST_F(DataErrors, ADoubleThatFloat32CannotHold) {
  array("X_train") = Tensor::from<double>({4, 2}, {0, 1, 2, 3, 1e300, 5, 6, 7});
  expect_refused({"array 'X_train'", "row 2, feature 0", "float32"});
}

TEST_F(DataErrors, NegativeLabels) {
  array("y_train") = Tensor::from<std::int32_t>({4}, {0, 1, -1, 1});
  expect_refused({"array 'y_train'", "row 2", "out of range", "found -1"});
}

TEST_F(DataErrors, TestLabelsOutOfRange) {
  array("y_test").as<std::uint8_t>()[1] = 2;
  expect_refused(
      {"array 'y_test'", "row 1: label 2 out of range", "expected 0 to 1", "data.classes"});
}

TEST_F(DataErrors, LabelsThatAreNoClassNumbers) {
  array("y_train") = Tensor::from<std::int64_t>({4}, {0, 1, 1000000000, 1});
  expect_refused({"array 'y_train'", "label 1000000000", "number them 0, 1"});
}

TEST_F(DataErrors, OneClassAlone) {
  array("y_train") = Tensor(DType::kU8, {4});
  expect_refused({"array 'y_train'", "at least two classes"});
}

TEST_F(DataErrors, FewerLabelsThanRows) {
  array("y_train") = Tensor(DType::kU8, {3});
  expect_refused({"array 'X_train': 4 rows", "array 'y_train' has 3 labels"});
}

TEST_F(DataErrors, OtherFeaturesInTheTestPart) {
  array("X_test") = Tensor(DType::kF32, {2, 3});
  expect_refused({"test inputs have shape [2, 3]", "[4, 2]"});
}

TEST_F(DataErrors, NoSamples) {
  array("X_train") = Tensor(DType::kF32, {0, 2});
  array("y_train") = Tensor(DType::kU8, {0});
  expect_refused({"array 'X_train'", "no samples"});
}

TEST_F(DataErrors, InputsWithoutFeatures) {
  array("X_train") = Tensor(DType::kF32, {4});
  expect_refused({"array 'X_train'", "[4]", "expected [samples, features]"});
}

TEST_F(DataErrors, CsvNamesLineAndColumn) {
  write_file_atomic(path("a.csv"), "mass,width,y\n1,2,0\n3,nan,1\n");
  EXPECT_THAT([&] { load({.train = path("a.csv"), .test = path("a.csv")}); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("a.csv: line 3, column 'width'"),
                                              HasSubstr("nan"), HasSubstr("remove the row"))));
}

TEST_F(DataErrors, CsvFilesWithOtherColumns) {
  write_file_atomic(path("a.csv"), "mass,width,y\n1,2,0\n3,4,1\n");
  write_file_atomic(path("t.csv"), "width,mass,y\n1,2,0\n");
  EXPECT_THAT([&] { load({.train = path("a.csv"), .test = path("t.csv")}); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("t.csv"), HasSubstr("another order"),
                                              HasSubstr("expected mass, width"))));
}

}  // namespace
}  // namespace pare::data
