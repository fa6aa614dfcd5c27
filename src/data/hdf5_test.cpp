#include "data/hdf5.h"

#include <array>
#include <map>

#include <gmock/gmock.h>
#include <hdf5.h>

#include "base/error.h"
#include "base/file.h"
#include "data/test_folder.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// How a dataset is stored.
enum class Storage { kContiguous, kCompact, kChunked };

/// A file of the oldest format that the library writes, or of the newest.
class Hdf5 : public FolderTest, public testing::WithParamInterface<H5F_libver_t> {
 protected:
  std::string file() const { return path("a.h5"); }

  void open() {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(access, GetParam(), H5F_LIBVER_LATEST);
    file_ = H5Fcreate(file().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    ASSERT_GE(file_, 0);
  }

  void close() {
    H5Fclose(file_);
    file_ = -1;
  }

  void TearDown() override {
    if (file_ >= 0) H5Fclose(file_);
  }

  template <class T>
  void write(const char* name, hid_t stored, hid_t given, const std::vector<hsize_t>& sizes,
             const std::vector<T>& values, Storage storage = Storage::kContiguous) {
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    if (storage == Storage::kCompact) H5Pset_layout(creation, H5D_COMPACT);
    if (storage == Storage::kChunked) {
      std::vector<hsize_t> chunk = sizes;
      chunk[0] = (chunk[0] + 1) / 2;
      H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
      H5Pset_shuffle(creation);
      H5Pset_deflate(creation, 6);
      H5Pset_fletcher32(creation);
    }
    const hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    const hid_t space = H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr);
    const hid_t set = H5Dcreate2(file_, name, stored, space, links, creation, H5P_DEFAULT);
    ASSERT_GE(set, 0);
    ASSERT_GE(H5Dwrite(set, given, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Pclose(links);
    H5Pclose(creation);
  }

  std::map<std::string, FoundArray> find(Values values) const {
    std::map<std::string, FoundArray> found;
    find_hdf5_arrays(file(), values, [&](FoundArray array) { found[array.name] = array; });
    return found;
  }

  hid_t file_ = -1;
};

TEST_P(Hdf5, DatasetsAreRowMajorHoweverTheyAreStored) {
  open();
  const std::vector<int> values = {1, 2, 3, 4, 5, 6};
  write("plain", H5T_STD_I16LE, H5T_NATIVE_INT, {2, 3}, values);
  write("group/deep/packed", H5T_IEEE_F32LE, H5T_NATIVE_INT, {2, 3}, values, Storage::kChunked);
  write("small", H5T_STD_U8LE, H5T_NATIVE_INT, {6}, values, Storage::kCompact);
  close();
  EXPECT_EQ(read_hdf5(file(), "plain"), Tensor::from<std::int16_t>({2, 3}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(read_hdf5(file(), "group/deep/packed"),
            Tensor::from<float>({2, 3}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(read_hdf5(file(), "small"), Tensor::from<std::uint8_t>({6}, {1, 2, 3, 4, 5, 6}));
  std::vector<std::string> names;
  find_hdf5_arrays(file(), Values::kSkip, [&](const FoundArray& array) {
    names.push_back(array.name);
    EXPECT_FALSE(array.values.has_value());
  });
  EXPECT_THAT(names, ElementsAre("group/deep/packed", "plain", "small"));
}

TEST_P(Hdf5, EveryTypeOfNumber) {
  open();
  const std::vector<double> values = {0, 1, 100};
  const std::map<std::string, std::pair<hid_t, const char*>> types = {
      {"i8", {H5T_STD_I8LE, "i8"}},         {"u8", {H5T_STD_U8LE, "u8"}},
      {"i16_big", {H5T_STD_I16BE, "i16"}},  {"u16", {H5T_STD_U16LE, "u16"}},
      {"i32", {H5T_STD_I32LE, "i32"}},      {"u32_big", {H5T_STD_U32BE, "u32"}},
      {"i64", {H5T_STD_I64LE, "i64"}},      {"u64", {H5T_STD_U64LE, "u64"}},
      {"f32_big", {H5T_IEEE_F32BE, "f32"}}, {"f64", {H5T_IEEE_F64LE, "f64"}}};
  for (const auto& [name, type] : types) {
    write(name.c_str(), type.first, H5T_NATIVE_DOUBLE, {3}, values);
  }
  close();
  const auto found = find(Values::kRead);
  ASSERT_EQ(found.size(), types.size());
  for (const auto& [name, array] : found) {
    EXPECT_EQ(array.type, types.at(name).second);
    ASSERT_TRUE(array.values.has_value());
    EXPECT_EQ(name_of(array.values->dtype()), array.type);
    EXPECT_THAT(array.values->to_doubles(), ElementsAre(0, 1, 100)) << name;
  }
}

TEST_P(Hdf5, HalfFloatsAreFloatsAndTruthValuesBooleans) {
  open();
  // As h5py writes them.
  const hid_t half = H5Tcopy(H5T_IEEE_F32LE);
  H5Tset_fields(half, 15, 10, 5, 0, 10);
  H5Tset_size(half, 2);
  H5Tset_ebias(half, 15);
  write<float>("half", half, H5T_NATIVE_FLOAT, {2}, {0.5f, -2});
  const hid_t truth = H5Tenum_create(H5T_NATIVE_INT8);
  std::int8_t value = 0;
  H5Tenum_insert(truth, "FALSE", &value);
  value = 1;
  H5Tenum_insert(truth, "TRUE", &value);
  write<std::int8_t>("truth", truth, truth, {3}, {0, 1, 1});
  H5Tclose(half);
  H5Tclose(truth);
  close();
  EXPECT_EQ(read_hdf5(file(), "half"), Tensor::from<float>({2}, {0.5f, -2}));
  const Tensor booleans = read_hdf5(file(), "truth");
  EXPECT_EQ(booleans.dtype(), DType::kBool);
  EXPECT_THAT(booleans.to_doubles(), ElementsAre(0, 1, 1));
}

TEST_P(Hdf5, ManyDatasetsInAGroup) {
  open();
  for (int i = 0; i < 100; ++i) {
    write<int>(("many/" + std::to_string(i)).c_str(), H5T_STD_I32LE, H5T_NATIVE_INT, {1}, {i});
  }
  close();
  EXPECT_EQ(find(Values::kSkip).size(), 100u);
  EXPECT_THAT(read_hdf5(file(), "many/57").to_doubles(), ElementsAre(57));
}

TEST_P(Hdf5, WhatHoldsNoNumbersIsNamedAndWhatLiesElsewhereIsRefused) {
  open();
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, 4);
  write<char>("t", text, text, {1}, {'a', 'b', 'c', 'd'});
  H5Tclose(text);
  write<int>("X", H5T_STD_I32LE, H5T_NATIVE_INT, {1}, {1});
  // A link to another file is no dataset of this one.
  H5Lcreate_external("/etc/passwd", "x", file_, "outside", H5P_DEFAULT, H5P_DEFAULT);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_external(creation, "/etc/passwd", 0, 16);
  const hsize_t size = 16;
  const hid_t space = H5Screate_simple(1, &size, nullptr);
  H5Dclose(H5Dcreate2(file_, "raw", H5T_STD_U8LE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
  H5Sclose(space);
  H5Pclose(creation);
  close();
  EXPECT_EQ(find(Values::kSkip).at("t").type, "text");
  EXPECT_THAT([&] { read_hdf5(file(), "t"); },
              ThrowsMessage<InputError>(HasSubstr("array 't' holds text")));
  EXPECT_THAT([&] { read_hdf5(file(), "outside"); },
              ThrowsMessage<InputError>(HasSubstr("no array 'outside'; it has X, raw, t")));
  EXPECT_THAT([&] { read_hdf5(file(), "raw"); },
              ThrowsMessage<InputError>(HasSubstr("other files")));
}

TEST_P(Hdf5, AClaimBeyondTheFileIsRefused) {
  open();
  // Declared, never written: the file holds only the claim.
  const std::array<hsize_t, 2> sizes{1'000'000, 1'000'000};
  const std::array<hsize_t, 2> chunk{1, 1'000'000};
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(creation, 2, chunk.data());
  const hid_t space = H5Screate_simple(2, sizes.data(), nullptr);
  H5Dclose(H5Dcreate2(file_, "X", H5T_IEEE_F64LE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
  H5Sclose(space);
  H5Pclose(creation);
  close();
  EXPECT_THAT(
      [&] { read_hdf5(file(), "X"); },
      ThrowsMessage<InputError>(AllOf(HasSubstr("a.h5: array 'X'"), HasSubstr("can hold"))));
}

TEST_P(Hdf5, DamageIsRefusedOrReadAndNeverMore) {
  open();
  std::vector<int> values(64, 3);
  write("group/X", H5T_STD_I32LE, H5T_NATIVE_INT, {8, 8}, values, Storage::kChunked);
  close();
  const std::vector<std::byte> whole = read_file(file());
  int refused = 0;
  const auto attempt = [&](std::span<const std::byte> bytes) {
    write_file_atomic(file(), bytes);
    try {
      find(Values::kRead);
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr("a.h5"));
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

INSTANTIATE_TEST_SUITE_P(Formats, Hdf5, testing::Values(H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST),
                         [](const auto& instance) {
                           return std::string(instance.param == H5F_LIBVER_EARLIEST ? "Oldest"
                                                                                    : "Newest");
                         });

using Hdf5Files = FolderTest;

TEST_F(Hdf5Files, ForeignFilesAreRefused) {
  write_file_atomic(path("a.h5"), "not an HDF5 file");
  EXPECT_THAT([&] { read_hdf5(path("a.h5"), "X"); },
              ThrowsMessage<InputError>(HasSubstr("a.h5: not an HDF5 file")));
}

}  // namespace
}  // namespace pare::data
