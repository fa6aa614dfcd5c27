#include "data/mat.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

#include <gmock/gmock.h>
#include <matio.h>

#include "base/error.h"
#include "base/file.h"
#include "data/test_folder.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::ThrowsMessage;

struct Version {
  mat_ft format;
  matio_compression compression;
  const char* name;
};

class Mat : public FolderTest, public testing::WithParamInterface<Version> {
 protected:
  std::string file() const { return path("a.mat"); }

  void open() { mat_.reset(Mat_CreateVer(file().c_str(), nullptr, GetParam().format)); }
  void close() { mat_.reset(); }

  template <class T>
  static matvar_t* variable(const char* name, matio_classes kind, matio_types type,
                            std::vector<std::size_t> dims, std::vector<T> values, int flags = 0) {
    return Mat_VarCreate(name, kind, type, static_cast<int>(dims.size()), dims.data(),
                         values.data(), flags);
  }

  void write(matvar_t* variable) {
    ASSERT_NE(variable, nullptr);
    ASSERT_EQ(Mat_VarWrite(mat_.get(), variable, GetParam().compression), 0);
    Mat_VarFree(variable);
  }

  template <class T>
  void write(const char* name, matio_classes kind, matio_types type,
             const std::vector<std::size_t>& dims, const std::vector<T>& values, int flags = 0) {
    write(variable(name, kind, type, dims, values, flags));
  }

  std::map<std::string, FoundArray> find(Values values) const {
    std::map<std::string, FoundArray> found;
    find_mat_arrays(file(), values, [&](FoundArray array) { found[array.name] = array; });
    return found;
  }

 private:
  struct Close {
    void operator()(mat_t* file) const { Mat_Close(file); }
  };
  std::unique_ptr<mat_t, Close> mat_;
};

TEST_P(Mat, ArraysKeepTheirIndices) {
  open();
  // MATLAB's X = [1 2 3; 4 5 6], which lies in the file as 1 4 2 5 3 6.
  write<double>("X", MAT_C_DOUBLE, MAT_T_DOUBLE, {2, 3}, {1, 4, 2, 5, 3, 6});
  // V(i, j, k) = 100 i + 10 j + k for i = 1 … 2, j = 1 … 3, k = 1 … 2.
  std::vector<std::int16_t> cube;
  for (int k = 1; k <= 2; ++k) {
    for (int j = 1; j <= 3; ++j) {
      for (int i = 1; i <= 2; ++i) cube.push_back(static_cast<std::int16_t>(100 * i + 10 * j + k));
    }
  }
  write("V", MAT_C_INT16, MAT_T_INT16, {2, 3, 2}, cube);
  close();
  EXPECT_EQ(read_mat(file(), "X"), Tensor::from<double>({2, 3}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(read_mat(file(), "V"),
            Tensor::from<std::int16_t>(
                {2, 3, 2}, {111, 112, 121, 122, 131, 132, 211, 212, 221, 222, 231, 232}));
}

TEST_P(Mat, EveryTypeOfNumber) {
  open();
  write<float>("f32", MAT_C_SINGLE, MAT_T_SINGLE, {1, 2}, {0.1f, -1});
  write<std::int8_t>("i8", MAT_C_INT8, MAT_T_INT8, {1, 2}, {-128, 127});
  write<std::uint8_t>("u8", MAT_C_UINT8, MAT_T_UINT8, {1, 2}, {0, 255});
  write<std::uint16_t>("u16", MAT_C_UINT16, MAT_T_UINT16, {1, 2}, {0, 65535});
  write<std::int32_t>("i32", MAT_C_INT32, MAT_T_INT32, {1, 2}, {-2147483647, 7});
  write<std::uint32_t>("u32", MAT_C_UINT32, MAT_T_UINT32, {1, 2}, {4294967295U, 7});
  write<std::int64_t>("i64", MAT_C_INT64, MAT_T_INT64, {1, 2}, {-(std::int64_t{1} << 60), 7});
  write<std::uint64_t>("u64", MAT_C_UINT64, MAT_T_UINT64, {1, 2}, {~std::uint64_t{0}, 7});
  write<std::uint8_t>("bool", MAT_C_UINT8, MAT_T_UINT8, {1, 2}, {0, 1}, MAT_F_LOGICAL);
  close();
  const auto found = find(Values::kRead);
  ASSERT_EQ(found.size(), 9u);
  for (const auto& [name, array] : found) {
    EXPECT_EQ(array.type, name);
    ASSERT_TRUE(array.values.has_value()) << name;
    EXPECT_EQ(name_of(array.values->dtype()), name);
    EXPECT_EQ(array.values->shape(), (Shape{1, 2}));
  }
  EXPECT_EQ(found.at("f32").values->as<float>()[0], 0.1f);
  EXPECT_EQ(found.at("i64").values->as<std::int64_t>()[0], -(std::int64_t{1} << 60));
  EXPECT_EQ(found.at("u64").values->as<std::uint64_t>()[0], ~std::uint64_t{0});
  EXPECT_THAT(found.at("bool").values->to_doubles(), ElementsAre(0, 1));
}

TEST_P(Mat, WhatHoldsNoRealNumbersIsNamed) {
  open();
  std::array<double, 2> re{1, 2};
  std::array<double, 2> im{3, 4};
  mat_complex_split_t split{re.data(), im.data()};
  std::array<std::size_t, 2> dims{1, 2};
  write(Mat_VarCreate("z", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dims.data(), &split, MAT_F_COMPLEX));
  write<std::uint8_t>("t", MAT_C_CHAR, MAT_T_UINT8, {1, 2}, {'h', 'i'});
  close();
  const auto found = find(Values::kRead);
  EXPECT_EQ(found.at("z").type, "complex");
  EXPECT_FALSE(found.at("z").values.has_value());
  EXPECT_EQ(found.at("t").type, "text");
  EXPECT_THAT([&] { read_mat(file(), "t"); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("a.mat: array 't' holds text, expected real numbers"))));
}

TEST_P(Mat, MissingArraysAreNamed) {
  open();
  write<double>("features", MAT_C_DOUBLE, MAT_T_DOUBLE, {1, 1}, {1});
  close();
  EXPECT_THAT([&] { read_mat(file(), "feature"); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("no array 'feature'; it has features"),
                                              HasSubstr("did you mean 'features'"))));
}

TEST_P(Mat, DamageIsRefusedOrReadAndNeverMore) {
  open();
  std::vector<double> values(64);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  write("X", MAT_C_DOUBLE, MAT_T_DOUBLE, {8, 8}, values);
  close();
  const std::vector<std::byte> whole = read_file(file());
  int refused = 0;
  const auto attempt = [&](std::span<const std::byte> bytes) {
    write_file_atomic(file(), bytes);
    try {
      find(Values::kRead);
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr("a.mat"));
      ++refused;
    }
  };
  for (std::size_t i = 0; i < 24; ++i) {
    attempt(std::span(whole).first(whole.size() * i / 24));
    std::vector<std::byte> changed = whole;
    changed[whole.size() * i / 24] ^= std::byte{0x81};
    attempt(changed);
  }
  EXPECT_GE(refused, 5);
}

INSTANTIATE_TEST_SUITE_P(Versions, Mat,
                         testing::Values(Version{MAT_FT_MAT5, MAT_COMPRESSION_NONE, "V5"},
                                         Version{MAT_FT_MAT5, MAT_COMPRESSION_ZLIB, "V7"},
                                         Version{MAT_FT_MAT73, MAT_COMPRESSION_NONE, "V73"}),
                         [](const auto& instance) { return std::string(instance.param.name); });

using MatParts = Mat;

TEST_P(MatParts, StructuresAndCellsAreReachedByTheirNames) {
  open();
  std::array<const char*, 2> fields{"trace", "rate"};
  std::array<std::size_t, 2> two{1, 2};
  std::array<std::size_t, 2> one{1, 1};
  const auto number = [](const char* name, double value) {
    return variable<double>(name, MAT_C_DOUBLE, MAT_T_DOUBLE, {1, 1}, {value});
  };
  matvar_t* many = Mat_VarCreateStruct("many", 2, two.data(), fields.data(), 2);
  matvar_t* single = Mat_VarCreateStruct("single", 2, one.data(), fields.data(), 2);
  for (std::size_t i = 0; i < 2; ++i) {
    Mat_VarSetStructFieldByName(many, "trace", i, number("trace", 10.0 + static_cast<double>(i)));
    Mat_VarSetStructFieldByName(many, "rate", i, number("rate", 20.0 + static_cast<double>(i)));
  }
  Mat_VarSetStructFieldByName(single, "trace", 0, number("trace", 30));
  Mat_VarSetStructFieldByName(single, "rate", 0, number("rate", 31));
  std::array<matvar_t*, 2> elements{number("", 40), number("", 41)};
  matvar_t* cells =
      Mat_VarCreate("cells", MAT_C_CELL, MAT_T_CELL, 2, two.data(), elements.data(), 0);
  for (matvar_t* variable : {many, single, cells}) write(variable);
  close();
  const std::map<std::string, double> expected = {
      {"many/0/trace", 10}, {"many/1/trace", 11}, {"many/0/rate", 20}, {"many/1/rate", 21},
      {"single/trace", 30}, {"single/rate", 31},  {"cells/0", 40},     {"cells/1", 41}};
  const auto found = find(Values::kRead);
  EXPECT_EQ(found.size(), expected.size());
  for (const auto& [name, value] : expected) {
    ASSERT_THAT(found, Contains(Key(name)));
    EXPECT_THAT(found.at(name).values->to_doubles(), ElementsAre(value));
    EXPECT_THAT(read_mat(file(), name).to_doubles(), ElementsAre(value));
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, MatParts,
                         testing::Values(Version{MAT_FT_MAT5, MAT_COMPRESSION_NONE, "V5"},
                                         Version{MAT_FT_MAT5, MAT_COMPRESSION_ZLIB, "V7"},
                                         Version{MAT_FT_MAT73, MAT_COMPRESSION_NONE, "V73"}),
                         [](const auto& instance) { return std::string(instance.param.name); });

using MatFiles = FolderTest;

TEST_F(MatFiles, ForeignFilesAreRefused) {
  write_file_atomic(path("a.mat"), "not a MATLAB file");
  EXPECT_THAT([&] { read_mat(path("a.mat"), "X"); },
              ThrowsMessage<InputError>(HasSubstr("a.mat: not a MATLAB file")));
  EXPECT_THAT([&] { read_mat(path("absent.mat"), "X"); },
              ThrowsMessage<InputError>(HasSubstr("no such file")));
}

/// A file of $PARE_DATA, or a skip.
std::string measured(const std::string& file) {
  const char* folder = std::getenv("PARE_DATA");
  return std::string(folder == nullptr ? "" : folder) + "/" + file;
}

TEST(MatMeasured, ASceneOfManyBands) {
  const std::string file = measured("hsi/salinas_subscene/data.mat");
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "PARE_DATA has no hsi/salinas_subscene";
  // Shapes as the data's own page has them: 204 bands of 13908 labelled pixels.
  const Tensor bands = read_mat(file, "X");
  EXPECT_EQ(bands.shape(), (Shape{204, 13908}));
  // A double matrix that the file stores as 16-bit integers.
  EXPECT_EQ(bands.dtype(), DType::kF64);
}

TEST(MatMeasured, NeuronsInCellsOfStructures) {
  const std::string file = measured(
      "calcium/DS13-GCaMP6s-m-V1/CAttached_Allen_Cux2f_102086_neuropil_subtracted_mini.mat");
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "PARE_DATA has no calcium/DS13";
  const Tensor time = read_mat(file, "CAttached/0/fluo_time");
  const Tensor trace = read_mat(file, "CAttached/0/fluo_mean");
  EXPECT_GT(time.size(), 100u);
  EXPECT_EQ(time.size(), trace.size());
}

}  // namespace
}  // namespace pare::data
