#include "data/npz.h"

#include <algorithm>
#include <cstring>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "data/test_folder.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Npz : public FolderTest {
 protected:
  std::string path() const { return FolderTest::path("a.npz"); }

  /// An archive of one array of a million zeros: packed about 1000 to 1.
  std::vector<std::byte> zeros() const {
    write_npz(path(), {{"X", Tensor(DType::kU8, {1000000})}});
    return read_file(path());
  }

  /// Overwrites the unpacked size that the central directory claims.
  static void claim(std::vector<std::byte>& zip, std::uint32_t size) {
    const char magic[] = {'P', 'K', 1, 2};
    const auto at = std::search(zip.begin(), zip.end(), std::as_bytes(std::span(magic)).begin(),
                                std::as_bytes(std::span(magic)).end());
    ASSERT_NE(at, zip.end());
    std::memcpy(&*at + 24, &size, sizeof(size));
  }
};

TEST_F(Npz, ReadsWhatItWrote) {
  const Tensor x = Tensor::from<float>({2, 2}, {1, 2, 3, 4});
  const Tensor y = Tensor::from<std::int64_t>({2}, {0, 1});
  write_npz(path(), {{"X", x}, {"y", y}});
  const NpzReader reader(path());
  EXPECT_THAT(reader.names(), ElementsAre("X", "y"));
  EXPECT_EQ(reader.read("X"), x);
  EXPECT_EQ(reader.read("y"), y);
}

TEST_F(Npz, EqualArraysGiveEqualBytes) {
  const auto first = zeros();
  EXPECT_EQ(first, zeros());
}

TEST_F(Npz, AMissingArrayIsNamedWithThoseThere) {
  write_npz(path(), {{"X_train", Tensor()}, {"y_train", Tensor()}});
  const NpzReader reader(path());
  EXPECT_FALSE(reader.has("X_tran"));
  EXPECT_THAT([&] { reader.read("X_tran"); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("a.npz: no array 'X_tran'"),
                                              HasSubstr("X_train, y_train"),
                                              HasSubstr("did you mean 'X_train'"))));
}

TEST_F(Npz, NotAZipArchive) {
  write_file_atomic(path(), "hello");
  EXPECT_THAT([&] { NpzReader reader(path()); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("a.npz"), HasSubstr("zip archive"))));
}

TEST_F(Npz, ACutArchive) {
  auto bytes = zeros();
  bytes.resize(bytes.size() / 2);
  write_file_atomic(path(), bytes);
  EXPECT_THROW(NpzReader{path()}, InputError);
}

TEST_F(Npz, ADamagedEntryIsNamed) {
  write_npz(path(), {{"X", Tensor::from<float>({4}, {1.5f, 2.5f, 3.5f, 4.5f})}});
  auto bytes = read_file(path());
  bytes[60] ^= std::byte{0x55};
  write_file_atomic(path(), bytes);
  EXPECT_THAT([&] { NpzReader(path()).read("X"); },
              ThrowsMessage<InputError>(HasSubstr("a.npz: array 'X'")));
}

TEST_F(Npz, AClaimThatDeflateCannotMeetIsRefused) {
  auto bytes = zeros();
  claim(bytes, 0xfffffff0);
  write_file_atomic(path(), bytes);
  EXPECT_THAT([&] { NpzReader(path()).read("X"); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("4294967280 bytes claimed"), HasSubstr("cannot be"))));
}

TEST_F(Npz, AWrongClaimWithinReasonIsRefused) {
  for (const std::uint32_t size : {999999u, 1000200u}) {
    auto bytes = zeros();
    claim(bytes, size);
    write_file_atomic(path(), bytes);
    EXPECT_THROW(NpzReader(path()).read("X"), InputError) << size;
  }
}

TEST_F(Npz, EveryFlippedByteIsReadOrRefused) {
  write_npz(path(), {{"X", Tensor::from<float>({4}, {1.5f, 2.5f, 3.5f, 4.5f})}});
  const auto whole = read_file(path());
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto bytes = whole;
    bytes[at] ^= std::byte{0xff};
    write_file_atomic(path(), bytes);
    try {
      const NpzReader reader(path());
      for (const std::string& name : reader.names()) reader.read(name);
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 50);
}

TEST_F(Npz, WritingWhereThereIsNoFolder) {
  EXPECT_THROW(write_npz((folder_ / "no" / "a.npz").string(), {{"X", Tensor()}}), InputError);
}

}  // namespace
}  // namespace pare::data
