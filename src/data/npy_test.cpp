#include "data/npy.h"

#include <array>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::vector<std::byte> to_bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// A file of version 1 with this dictionary and these elements.
std::vector<std::byte> npy(std::string_view dictionary, std::string_view elements) {
  std::string file = "\x93NUMPY";
  file += '\x01';
  file += '\x00';
  file += static_cast<char>(dictionary.size() & 0xff);
  file += static_cast<char>(dictionary.size() >> 8);
  file += dictionary;
  file += elements;
  return to_bytes(file);
}

std::string_view view(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr std::array kAllDTypes = {DType::kBool, DType::kU8,  DType::kI8,  DType::kU16,
                                   DType::kI16,  DType::kI32, DType::kU32, DType::kI64,
                                   DType::kU64,  DType::kF32, DType::kF64};

Tensor random_tensor() {
  const DType dtype = *rc::gen::elementOf(kAllDTypes);
  Shape shape;
  const int rank = *rc::gen::inRange(0, 5);
  for (int axis = 0; axis < rank; ++axis) shape.push_back(*rc::gen::inRange(0, 5));
  Tensor tensor(dtype, shape);
  for (std::byte& byte : tensor.bytes()) {
    byte = static_cast<std::byte>(*rc::gen::inRange(0, dtype == DType::kBool ? 2 : 256));
  }
  return tensor;
}

RC_GTEST_PROP(Npy, ReadsWhatItWrote, ()) {
  const Tensor tensor = random_tensor();
  const auto bytes = format_npy(tensor);
  RC_ASSERT(parse_npy(bytes, "x.npy") == tensor);
  RC_ASSERT((bytes.size() - tensor.bytes().size()) % 64 == 0u);
}

RC_GTEST_PROP(Npy, EveryCutIsRefused, ()) {
  const auto bytes = format_npy(random_tensor());
  const auto length = *rc::gen::inRange<std::size_t>(0, bytes.size());
  RC_ASSERT_THROWS_AS(parse_npy(std::span(bytes).first(length), "x.npy"), InputError);
}

TEST(Npy, WritesTheHeaderThatTheFormatAsksFor) {
  const auto bytes = format_npy(Tensor::from<float>({2, 1}, {1.0f, 2.0f}));
  ASSERT_EQ(bytes.size(), 128u + 8u);
  const std::string_view text = view(bytes);
  EXPECT_EQ(text.substr(0, 10), std::string_view("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_EQ(text.substr(10, 59), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }");
  EXPECT_EQ(text[127], '\n');
}

TEST(Npy, EveryCutOfASmallFileIsRefusedAndNamed) {
  const auto bytes = format_npy(Tensor::from<std::int16_t>({3}, {1, 2, 3}));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THAT([&] { parse_npy(std::span(bytes).first(length), "cut.npy"); },
                ThrowsMessage<InputError>(HasSubstr("cut.npy")))
        << length;
  }
}

TEST(Npy, TruncatedElementsAreCounted) {
  auto bytes = format_npy(Tensor(DType::kF64, {4, 5}));
  bytes.resize(bytes.size() - 9);
  EXPECT_THAT([&] { parse_npy(bytes, "x.npy"); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("truncated"), HasSubstr("needs 160 bytes"), HasSubstr("151"))));
}

TEST(Npy, BytesBehindTheElementsAreRefused) {
  auto bytes = format_npy(Tensor(DType::kU8, {4}));
  bytes.push_back(std::byte{0});
  EXPECT_THAT([&] { parse_npy(bytes, "x.npy"); }, ThrowsMessage<InputError>(HasSubstr("too long")));
}

TEST(Npy, BigEndianIsSwapped) {
  const auto bytes = npy("{'descr': '>i4', 'fortran_order': False, 'shape': (2,), }",
                         {"\x00\x00\x01\x02\xff\xff\xff\xfe", 8});
  EXPECT_EQ(parse_npy(bytes, "x"), Tensor::from<std::int32_t>({2}, {258, -2}));
}

TEST(Npy, ColumnMajorIsTransposed) {
  const auto bytes = npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}",
                         {"\x00\x03\x01\x04\x02\x05", 6});
  EXPECT_EQ(parse_npy(bytes, "x"), Tensor::from<std::uint8_t>({2, 3}, {0, 1, 2, 3, 4, 5}));
}

TEST(Npy, ColumnMajorOfThreeAxes) {
  // Element (i, j, k) of shape (2, 3, 2) is 6 i + 2 j + k; the first axis turns fastest.
  const auto bytes = npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}",
                         {"\x00\x06\x02\x08\x04\x0a\x01\x07\x03\x09\x05\x0b", 12});
  EXPECT_EQ(parse_npy(bytes, "x"),
            Tensor::from<std::uint8_t>({2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
}

TEST(Npy, LaterVersionsHaveLongerLengths) {
  auto bytes = npy("{'descr': '<u2', 'fortran_order': False, 'shape': (1,), }", {"\x07\x00", 2});
  for (const int version : {2, 3}) {
    auto later = bytes;
    later[6] = static_cast<std::byte>(version);
    later.insert(later.begin() + 10, {std::byte{0}, std::byte{0}});
    EXPECT_EQ(parse_npy(later, "x"), Tensor::from<std::uint16_t>({1}, {7}));
  }
  bytes[6] = std::byte{4};
  EXPECT_THAT([&] { parse_npy(bytes, "x"); },
              ThrowsMessage<InputError>(HasSubstr("format version 4")));
}

TEST(Npy, HugeClaimsAreRefusedBeforeAllocating) {
  for (const char* shape : {"(4611686018427387904,)", "(4294967296, 4294967296, 4294967296)",
                            "(9223372036854775807, 2)"}) {
    const auto bytes =
        npy(fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': {}, }}", shape),
            "12345678");
    EXPECT_THAT([&] { parse_npy(bytes, "x.npy"); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("x.npy"), HasSubstr("8 are there"))));
  }
}

TEST(Npy, BooleansAreZeroOrOne) {
  const auto bytes =
      npy("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }", {"\x00\x01\x02", 3});
  EXPECT_THAT([&] { parse_npy(bytes, "x"); },
              ThrowsMessage<InputError>(HasSubstr("element 2 of a bool array is 2")));
}

struct BadHeader {
  const char* dictionary;
  const char* message;
};

class NpyHeaderIsRefused : public testing::TestWithParam<BadHeader> {};

TEST_P(NpyHeaderIsRefused, NamingWhy) {
  EXPECT_THAT(
      [&] { parse_npy(npy(GetParam().dictionary, "\x00\x00\x00\x00"), "bad.npy"); },
      ThrowsMessage<InputError>(AllOf(HasSubstr("bad.npy"), HasSubstr(GetParam().message))));
}

INSTANTIATE_TEST_SUITE_P(
    All, NpyHeaderIsRefused,
    testing::Values(
        BadHeader{"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "'<c8'"},
        BadHeader{"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "'|O'"},
        BadHeader{"{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", ".astype()"},
        BadHeader{"{'descr': '|f4', 'fortran_order': False, 'shape': (1,), }", "'|f4'"},
        BadHeader{"{'descr': '', 'fortran_order': False, 'shape': (1,), }", "element type ''"},
        BadHeader{"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "records"},
        BadHeader{"{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }", "True or False"},
        BadHeader{"{'descr': '<f4', 'fortran_order': False, 'shape': (1), }", "comma"},
        BadHeader{"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "size of an axis"},
        BadHeader{"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
                  "size of an axis"},
        BadHeader{"{'descr': '<f4', 'fortran_order': False, 'shape': 1, }", "expected '('"},
        BadHeader{"{'descr': '<f4', 'fortran_order': False, }", "lacks"},
        BadHeader{"{'descr': '<f4', 'descr': '<f4', 'shape': (1,), }", "stands twice"},
        BadHeader{"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "unknown key"},
        BadHeader{"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } 1", "text after"},
        BadHeader{"{'descr': '<f4", "not closed"}, BadHeader{"{'a\\'b': 1}", "escape"},
        BadHeader{"", "expected '{'"}));

TEST(Npy, WritesAndReadsFiles) {
  const TemporaryFolder folder;
  const std::string path = folder / "array.npy";
  const Tensor tensor = Tensor::from<double>({2, 2}, {1, 2, 3, 4});
  write_npy(path, tensor);
  EXPECT_EQ(read_npy(path), tensor);
}

TEST(Npy, ReadsTheJetsOfOthersWriting) {
  const char* folder = std::getenv("PARE_DATA");
  const std::string path = std::string(folder == nullptr ? "" : folder) + "/jets/y_test.npy";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "PARE_DATA has no jets/y_test.npy";
  const Tensor labels = read_npy(path);
  EXPECT_EQ(labels.dtype(), DType::kU8);
  EXPECT_EQ(labels.shape(), (Shape{60000}));
}

}  // namespace
}  // namespace pare::data
