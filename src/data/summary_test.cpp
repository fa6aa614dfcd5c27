#include "data/summary.h"

#include <limits>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "data/npz.h"
#include "data/test_folder.h"

namespace pare::data {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using Summary = FolderTest;

TEST_F(Summary, ArraysOfAnArchive) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  write_npz(path("a.npz"), {{"X", Tensor::from<float>({2, 2}, {1.5f, nan, -2, 0})},
                            {"y", Tensor::from<std::uint8_t>({3}, {4, 0, 4})}});
  const auto arrays = summarise_file(path("a.npz"));
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[0].name, "X");
  EXPECT_EQ(arrays[0].type, "f32");
  EXPECT_EQ(arrays[0].shape, (Shape{2, 2}));
  EXPECT_EQ(arrays[0].min, -2);
  EXPECT_EQ(arrays[0].max, 1.5);
  EXPECT_EQ(arrays[0].num_not_finite, 1);
  EXPECT_THAT(arrays[0].counts, IsEmpty());
  EXPECT_THAT(arrays[1].counts, ElementsAre(Pair("0", 1), Pair("4", 2)));
}

TEST_F(Summary, ColumnsOfACsvFile) {
  write_file_atomic(path("a.csv"), "x,kind,n\n1.5,w,1\n2,g,2\n-3,w,1\n");
  const auto columns = summarise_file(path("a.csv"));
  ASSERT_EQ(columns.size(), 3u);
  EXPECT_EQ(columns[0].type, "number");
  EXPECT_EQ(columns[0].min, -3);
  EXPECT_THAT(columns[0].counts, IsEmpty());
  EXPECT_EQ(columns[1].type, "text");
  EXPECT_EQ(columns[1].min, std::nullopt);
  EXPECT_THAT(columns[1].counts, ElementsAre(Pair("g", 1), Pair("w", 2)));
  EXPECT_THAT(columns[2].counts, ElementsAre(Pair("1", 2), Pair("2", 1)));
  EXPECT_EQ(columns[2].shape, (Shape{3}));
}

TEST_F(Summary, ManyValuesAreNotCounted) {
  Tensor many(DType::kI32, {1000});
  for (int i = 0; i < 1000; ++i) many.as<std::int32_t>()[static_cast<std::size_t>(i)] = i;
  const ArraySummary summary = summarise("n", many);
  EXPECT_THAT(summary.counts, IsEmpty());
  EXPECT_EQ(summary.max, 999);
}

TEST_F(Summary, BrokenFiles) {
  write_file_atomic(path("a.csv"), "x,y\n1\n");
  EXPECT_THROW(summarise_file(path("a.csv")), InputError);
  write_file_atomic(path("e.csv"), "");
  EXPECT_THROW(summarise_file(path("e.csv")), InputError);
  EXPECT_THROW(summarise_file(path("absent.npz")), InputError);
}

}  // namespace
}  // namespace pare::data
