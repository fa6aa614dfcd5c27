#include "base/safetensors.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/philox.h"
#include "base/temporary_folder.h"

namespace pare {
namespace {

using ::testing::HasSubstr;

/// A file of this header and this many zero bytes of data.
std::vector<std::byte> file_of(const std::string& header, std::size_t data_bytes = 0) {
  std::vector<std::byte> bytes(8 + header.size() + data_bytes);
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

std::string error_of(const std::vector<std::byte>& bytes) {
  try {
    parse_safetensors(bytes, "a.pare");
  } catch (const InputError& error) {
    return error.what();
  }
  return "(no error)";
}

std::string error_of(const std::string& header, std::size_t data_bytes = 0) {
  return error_of(file_of(header, data_bytes));
}

Safetensors example() {
  Safetensors contents;
  contents.tensors["fc1.weight"] = Tensor::from<float>({2, 2}, {1, -2, 3.5F, 0});
  contents.tensors["a.mask"] = Tensor::from<std::uint8_t>({3}, {1, 0, 1});
  contents.tensors["b.scale"] = Tensor::scalar(0.25);
  contents.tensors["empty"] = Tensor(DType::kI64, {0, 4});
  contents.metadata["format_version"] = "1";
  contents.metadata["graph"] = R"({"inputs": ["x"]})";
  return contents;
}

TEST(Safetensors, ReadsBackWhatWasWritten) {
  EXPECT_EQ(parse_safetensors(to_bytes(example()), "x"), example());
  EXPECT_EQ(parse_safetensors(to_bytes({}), "x"), Safetensors{});

  const TemporaryFolder folder;
  const std::string path = folder / "example.safetensors";
  write_safetensors(path, example());
  EXPECT_EQ(read_safetensors(path), example());
}

RC_GTEST_PROP(Safetensors, ReadsBackAnyTensors, ()) {
  const auto names = *rc::gen::container<std::vector<std::string>>(
      rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
  const Philox random(*rc::gen::arbitrary<std::uint64_t>(), RandomStream::kInit);
  Safetensors contents;
  std::uint64_t index = 0;
  for (const std::string& name : names) {
    const auto dtype = static_cast<DType>(random.below(index++, 11));
    Tensor tensor(dtype, {static_cast<std::int64_t>(random.below(index++, 4)), 3});
    const std::uint64_t limit = dtype == DType::kBool ? 2 : 256;
    for (std::byte& b : tensor.bytes()) b = static_cast<std::byte>(random.below(index++, limit));
    contents.tensors[name] = tensor;
    contents.metadata[name + "\n\"\\"] = name;
  }
  RC_ASSERT(parse_safetensors(to_bytes(contents), "x") == contents);
}

TEST(Safetensors, EveryTensorIsAlignedToItsElement) {
  const auto bytes = to_bytes(example());
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(length % 8, 0u);
  const std::string header(reinterpret_cast<const char*>(bytes.data()) + 8, length);
  EXPECT_THAT(header, HasSubstr(R"("b.scale":{"data_offsets":[0,8],"dtype":"F64","shape":[]})"));
  EXPECT_THAT(header, HasSubstr(R"("fc1.weight":{"data_offsets":[8,24])"));
  EXPECT_THAT(header, HasSubstr(R"("a.mask":{"data_offsets":[24,27])"));
}

// The example of the format's own page, with its field order and trailing spaces.
TEST(Safetensors, ReadsForeignOrderAndPadding) {
  const auto bytes = file_of(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[4,5]},)"
                             R"("a":{"shape":[1],"data_offsets":[0,4],"dtype":"F32"}}      )",
                             5);
  const Safetensors contents = parse_safetensors(bytes, "x");
  EXPECT_EQ(contents.tensors.at("a"), Tensor::from<float>({1}, {0}));
  EXPECT_EQ(contents.tensors.at("b"), Tensor::from<std::uint8_t>({1}, {0}));
}

TEST(SafetensorsErrors, HeaderLength) {
  EXPECT_THAT(error_of(std::vector<std::byte>(3)), HasSubstr("a.pare: 3 bytes are too few"));
  std::vector<std::byte> huge(64);
  huge[7] = std::byte{0x10};  // 2^60
  EXPECT_THAT(error_of(huge), HasSubstr("header of 1152921504606846976 bytes but has only 56"));
}

TEST(SafetensorsErrors, HeaderIsNotTheJsonExpected) {
  EXPECT_THAT(error_of("{"), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of("{} x"), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of("{\"\xff\":1}"), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("an array, expected an object"));
  EXPECT_THAT(error_of("1e999"), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of(R"({"a":3})"), HasSubstr("tensor 'a': found a number"));
  EXPECT_THAT(error_of(R"({"__metadata__":{"k":1}})"), HasSubstr("'k': found a number"));
  EXPECT_THAT(error_of(R"({"a":{"kind":1}})"), HasSubstr("unknown field 'kind'"));
  EXPECT_THAT(error_of(R"({"a":{"shape":[-1]}})"), HasSubstr("a negative number"));
  EXPECT_THAT(error_of(R"({"a":{"shape":[1.5]}})"), HasSubstr("a fraction"));
  EXPECT_THAT(error_of(R"({"a":{"shape":[18446744073709551615]}})"), HasSubstr("above 2^63"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"F32","shape":[1]}})"), HasSubstr("is missing"));
}

TEST(SafetensorsErrors, DuplicateKeys) {
  const std::string entry = R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  EXPECT_THAT(error_of(R"({"a":)" + entry + R"(,"a":)" + entry + "}"),
              HasSubstr("'a' appears twice"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"U8","dtype":"U8"}})"), HasSubstr("'dtype' appears twice"));
  EXPECT_THAT(error_of(R"({"__metadata__":{},"__metadata__":{}})"), HasSubstr("appears twice"));
  EXPECT_THAT(error_of(R"({"__metadata__":{"k":"","k":""}})"), HasSubstr("'k' appears twice"));
}

TEST(SafetensorsErrors, DeepNestingIsRefusedAtItsFirstLevel) {
  std::string nested = R"({"a":{"shape":)" + std::string(1'000'000, '[');
  EXPECT_THAT(error_of(nested), HasSubstr("found an array"));
  std::string objects = R"({"a":{"shape":)";
  for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
  EXPECT_THAT(error_of(objects), HasSubstr("found an object"));
}

TEST(SafetensorsErrors, UnknownTypesAreNamed) {
  EXPECT_THAT(error_of(R"({"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})", 4),
              HasSubstr("tensor 'a': dtype BF16 is not supported; expected one of BOOL, U8"));
}

TEST(SafetensorsErrors, DataMustMatchShapesAndCoverTheFile) {
  const auto with = [](const std::string& shape, const std::string& offsets) {
    return R"({"a":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  EXPECT_EQ(error_of(with("[2]", "[0,8]"), 8), "(no error)");
  EXPECT_THAT(error_of(with("[2]", "[0,8]"), 7), HasSubstr("is the file cut off?"));
  EXPECT_THAT(error_of(with("[2]", "[0,8]"), 9), HasSubstr("end at byte 8 of 9"));
  EXPECT_THAT(error_of(with("[2]", "[8,0]"), 8), HasSubstr("not within"));
  EXPECT_THAT(error_of(with("[3]", "[0,8]"), 8), HasSubstr("do not make F32 of shape [3]"));
  EXPECT_THAT(error_of(with("[2]", "[0,8,9]"), 9), HasSubstr("3 data_offsets, expected 2"));
  EXPECT_THAT(error_of(with("[1]", "[4,8]"), 8), HasSubstr("starts at byte 4"));
  EXPECT_THAT(error_of(with("[4611686018427387904,4]", "[0,0]"), 0), HasSubstr("do not make"));
}

TEST(SafetensorsErrors, OverlapsAreRefusedBeforeAnythingIsCopied) {
  const std::string entry = R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  EXPECT_THAT(error_of(R"({"a":)" + entry + R"(,"b":)" + entry + "}", 4),
              HasSubstr("tensor 'b' starts at byte 0 of the data, expected 4"));
}

TEST(SafetensorsErrors, BooleansAreZeroOrOne) {
  auto bytes = file_of(R"({"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", 1);
  bytes.back() = std::byte{2};
  EXPECT_THAT(error_of(bytes), HasSubstr("BOOL data other than 0 and 1"));
}

TEST(SafetensorsErrors, NamesMustBeUtf8) {
  Safetensors contents;
  contents.tensors["\xff"] = Tensor();
  EXPECT_THROW(to_bytes(contents), InputError);
}

// Cutting the file anywhere, or flipping any bit, gives an error or other contents: never a crash.
TEST(SafetensorsErrors, TruncationsAndFlippedBits) {
  const auto whole = to_bytes(example());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(parse_safetensors(std::span(whole).first(size), "x"), InputError) << size;
  }
  int refused = 0;
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    auto flipped = whole;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    try {
      parse_safetensors(flipped, "x");
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace pare
