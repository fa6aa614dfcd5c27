#include "data/user_part.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "data/load.h"
#include "data/npz.h"
#include "data/test_folder.h"

namespace pare::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

using Part = FolderTest;

/// A CIFAR-10 record whose pixels are all `value`.
std::string record(char label, char value) {
  return std::string(1, label) + std::string(std::size_t{3} * 32 * 32, value);
}

TEST_F(Part, CifarFilesThatMatchAreJoinedInOrder) {
  write_file_atomic(path("data_batch_2.bin"), record(4, 20));
  write_file_atomic(path("data_batch_1.bin"), record(1, 10) + record(2, 11));
  write_file_atomic(path("test_batch.bin"), record(9, 0));
  const UserPart part =
      read_user_part("data_batch_?.bin", "_train", {.base_folder = folder_.string()});
  EXPECT_EQ(part.samples.inputs.shape(), (Shape{3, 3, 32, 32}));
  EXPECT_THAT(part.samples.labels.to_doubles(), ElementsAre(1, 2, 4));
  EXPECT_EQ(part.samples.inputs.as<float>()[std::size_t{2} * 3072], 20);
  EXPECT_THAT([&] { read_user_part("x*.bin", "", {.base_folder = folder_.string()}); },
              ThrowsMessage<InputError>(HasSubstr("no file matches")));
  EXPECT_THAT([&] { read_user_part(path("test_batch.bin"), "", {.labels = "animal"}); },
              ThrowsMessage<InputError>(HasSubstr("\"fine\" or \"coarse\"")));
}

TEST_F(Part, JoinedFilesBringTheirClassesTogether) {
  write_file_atomic(path("1.csv"), "x,y\n1,cat\n2,dog\n");
  write_file_atomic(path("2.csv"), "x,y\n3,bee\n4,dog\n");
  const UserPart part = read_user_part(path("*.csv"), "", {});
  EXPECT_THAT(part.label_names, ElementsAre("bee", "cat", "dog"));
  EXPECT_THAT(part.samples.labels.to_doubles(), ElementsAre(1, 2, 0, 2));
  write_file_atomic(path("3.csv"), "x,z,y\n3,1,bee\n");
  EXPECT_THAT([&] { read_user_part(path("*.csv"), "", {}); },
              ThrowsMessage<InputError>(HasSubstr("must be alike")));
}

TEST_F(Part, IdxImagesFindTheirLabels) {
  write_file_atomic(
      path("train-images-idx3-ubyte"),
      std::string("\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x03\x01\x02\x03\x04\x05\x06", 22));
  write_file_atomic(path("train-labels-idx1-ubyte"),
                    std::string("\0\0\x08\x01\0\0\0\x02\x07\x00", 10));
  const UserPart part = read_user_part(path("train-images-idx3-ubyte"), "", {});
  EXPECT_EQ(part.samples.inputs, Tensor::from<float>({2, 1, 1, 3}, {1, 2, 3, 4, 5, 6}));
  EXPECT_THAT(part.samples.labels.to_doubles(), ElementsAre(7, 0));
}

TEST_F(Part, AxesAndFirstLabelOfAnArchive) {
  write_npz(path("a.npz"), {{"X", Tensor::from<float>({1, 2, 1, 3}, {1, 2, 3, 4, 5, 6})},
                            {"y", Tensor::from<std::int32_t>({3}, {1, 2, 1})}});
  const UserPart part = read_user_part(path("a.npz"), "", {.axes = "HWCN", .first_label = 1});
  EXPECT_EQ(part.samples.inputs, Tensor::from<float>({3, 1, 1, 2}, {1, 4, 2, 5, 3, 6}));
  EXPECT_THAT(part.samples.labels.to_doubles(), ElementsAre(0, 1, 0));
  EXPECT_THAT([&] { read_user_part(path("a.npz"), "", {.axes = "HWCN", .first_label = 2}); },
              ThrowsMessage<InputError>(HasSubstr("row 0: label out of range, expected 2")));
  EXPECT_THAT([&] { read_user_part(path("a.npz"), "", {}); },
              ThrowsMessage<InputError>(HasSubstr("data.axes")));
  EXPECT_THAT([&] { load({.train = path("a.npz"), .axes = "HWC"}); },
              ThrowsMessage<InputError>(HasSubstr("no N")));
}

TEST_F(Part, OtherEndingsAreRefusedWithThoseThatAreRead) {
  EXPECT_THAT([&] { read_user_part(path("a.doc"), "", {}); },
              ThrowsMessage<InputError>(HasSubstr("expected .npz, .csv, .mat, .h5")));
}

}  // namespace
}  // namespace pare::data
