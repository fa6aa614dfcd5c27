#include "data/envi.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
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

using EnviFile = FolderTest;

/// A header of 2 rows, 3 columns and 2 bands with fields exchanged; "" leaves one out.
std::string header_text(const std::map<std::string, std::string>& other = {}) {
  std::map<std::string, std::string> fields = {
      {"lines", "2"},     {"samples", "3"},    {"bands", "2"},       {"header offset", "0"},
      {"data type", "1"}, {"byte order", "0"}, {"interleave", "bip"}};
  for (const auto& [field, value] : other) fields[field] = value;
  std::string text = "ENVI\n";
  for (const auto& [field, value] : fields) {
    if (!value.empty()) text += fmt::format("{} = {}\n", field, value);
  }
  return text;
}

EnviHeader header_of(const std::map<std::string, std::string>& other = {}) {
  return parse_envi_header(header_text(other), "a.hdr");
}

std::vector<std::byte> bytes_of(const std::vector<int>& values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

/// Expects that the header with these fields is refused with a message that names `part`.
void expect_refused(const std::map<std::string, std::string>& other, const std::string& part) {
  EXPECT_THAT([&] { header_of(other); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("a.hdr"), HasSubstr(part))));
}

TEST(Envi, EveryInterleaveIsTheSameCube) {
  // Element (row, column, band) is 100 row + 10 column + band.
  const auto cube =
      Tensor::from<std::uint8_t>({2, 3, 2}, {0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121});
  EXPECT_EQ(parse_envi(header_of(), cube.bytes(), "a"), cube);
  const auto bsq = bytes_of({0, 10, 20, 100, 110, 120, 1, 11, 21, 101, 111, 121});
  EXPECT_EQ(parse_envi(header_of({{"interleave", "BSQ"}}), bsq, "a"), cube);
  const auto bil = bytes_of({0, 10, 20, 1, 11, 21, 100, 110, 120, 101, 111, 121});
  EXPECT_EQ(parse_envi(header_of({{"interleave", "bil"}}), bil, "a"), cube);
}

/// One element of the type, written in the order of the bytes given.
Tensor single(int type, int byte_order, const std::vector<int>& bytes) {
  return parse_envi(header_of({{"lines", "1"},
                               {"samples", "1"},
                               {"bands", "1"},
                               {"data type", fmt::format("{}", type)},
                               {"byte order", fmt::format("{}", byte_order)}}),
                    bytes_of(bytes), "a");
}

TEST(Envi, EveryTypeInBothByteOrders) {
  const std::vector<std::pair<int, Tensor>> known = {
      {1, Tensor::from<std::uint8_t>({1, 1, 1}, {0xFE})},
      {2, Tensor::from<std::int16_t>({1, 1, 1}, {-258})},
      {3, Tensor::from<std::int32_t>({1, 1, 1}, {-16'909'060})},
      {4, Tensor::from<float>({1, 1, 1}, {1.5F})},
      {5, Tensor::from<double>({1, 1, 1}, {-2.25})},
      {12, Tensor::from<std::uint16_t>({1, 1, 1}, {0xFEDC})},
      {13, Tensor::from<std::uint32_t>({1, 1, 1}, {0xFEDCBA98U})},
      {14, Tensor::from<std::int64_t>({1, 1, 1}, {-72'623'859'790'382'856})},
      {15, Tensor::from<std::uint64_t>({1, 1, 1}, {0xFEDCBA9876543210U})}};
  for (const auto& [type, value] : known) {
    std::vector<int> bytes;
    for (const std::byte byte : value.bytes()) bytes.push_back(std::to_integer<int>(byte));
    EXPECT_EQ(single(type, 0, bytes), value) << type;
    std::ranges::reverse(bytes);
    EXPECT_EQ(single(type, 1, bytes), value) << type;
  }
  // By hand: 0x0102 stored with the high byte first.
  EXPECT_EQ(single(12, 1, {1, 2}), Tensor::from<std::uint16_t>({1, 1, 1}, {0x0102}));
}

TEST(Envi, TheHeadersTextIsReadAsTheFormatSays) {
  const EnviHeader header = parse_envi_header(
      "ENVI\r\n"
      "; a comment with = and {\r\n"
      "description = {two\r\n lines = 9, with a field's name}\r\n"
      "Samples = 4\r\nlines   = 3\r\nbands = 2\r\nheader offset = 7\r\n"
      "data  type = 2\r\ninterleave = bil\r\nbyte order = 1\r\n\r\n"
      "wavelength = {400.5,\r\n 410.25 }\r\nmap info = {UTM, 1}\r\na line of nothing\r\n",
      "a.hdr");
  EXPECT_EQ(header.rows, 3);
  EXPECT_EQ(header.columns, 4);
  EXPECT_EQ(header.bands, 2);
  EXPECT_EQ(header.offset, 7);
  EXPECT_EQ(header.dtype, DType::kI16);
  EXPECT_EQ(header.interleave, Interleave::kByLine);
  EXPECT_TRUE(header.is_big_endian);
  EXPECT_THAT(header.band_names, ElementsAre("400.5", "410.25"));
  EXPECT_THAT(
      header_of({{"band names", "{red, near infrared}"}, {"wavelength", "{1, 2}"}}).band_names,
      ElementsAre("red", "near infrared"));
  EXPECT_FALSE(header_of({{"byte order", ""}}).is_big_endian);
}

TEST(Envi, BytesBeforeTheElementsArePassedOver) {
  const auto raw = bytes_of({9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const Tensor cube = parse_envi(header_of({{"header offset", "3"}}), raw, "a");
  EXPECT_EQ(cube.to_doubles().front(), 1);
  EXPECT_EQ(cube.to_doubles().back(), 12);
}

TEST(Envi, AHeaderThatLiesOfTheSizeIsRefused) {
  for (const std::size_t size : {0U, 11U, 13U}) {
    EXPECT_THAT([&] { parse_envi(header_of(), std::vector<std::byte>(size), "a.raw"); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("a.raw"),
                                                HasSubstr(fmt::format("{} bytes", size)),
                                                HasSubstr("says 12"), HasSubstr("bands = 2"))));
  }
  // 2^31 - 1 cubed times 8 leaves 64 bits: no wrapping round to something small.
  const std::string huge = "2147483647";
  const EnviHeader header =
      header_of({{"lines", huge}, {"samples", huge}, {"bands", huge}, {"data type", "5"}});
  EXPECT_THROW(parse_envi(header, std::vector<std::byte>(8), "a.raw"), InputError);
}

TEST(Envi, FieldsThatCannotBeAreRefusedByName) {
  for (const std::string field : {"lines", "samples", "bands", "data type", "interleave"}) {
    expect_refused({{field, ""}}, "field '" + field + "': missing");
    expect_refused({{field, "many"}}, "field '" + field + "'");
  }
  for (const std::string field : {"lines", "samples", "bands"}) {
    for (const std::string value :
         {"0", "-1", "2147483648", "99999999999999999999", "1.5", "3 4"}) {
      expect_refused({{field, value}}, "found '" + value + "'");
    }
  }
  expect_refused({{"header offset", "-1"}}, "header offset");
  expect_refused({{"byte order", "2"}}, "byte order");
  for (const std::string type : {"0", "7", "8", "10", "11", "16"}) {
    expect_refused({{"data type", type}}, "found " + type);
  }
  expect_refused({{"data type", "6"}}, "complex");
  expect_refused({{"data type", "9"}}, "complex");
  expect_refused({{"file compression", "1"}}, "compressed");
  expect_refused({{"major frame offsets", "{0, 4}"}}, "major frame offsets");
  expect_refused({{"wavelength", "{1, 2, 3}"}}, "3 entries, but there are 2 bands");
  expect_refused({{"band names", "{only}"}}, "1 entries");
}

TEST(Envi, TextThatIsNoHeaderIsRefused) {
  for (const std::string text : {"", "P5 3 2 255", "lines = 2\n"}) {
    EXPECT_THAT([&] { parse_envi_header(text, "a.hdr"); },
                ThrowsMessage<InputError>(HasSubstr("not \"ENVI\"")));
  }
  EXPECT_THAT([] { parse_envi_header(header_text() + "wavelength = {1,\n2", "a.hdr"); },
              ThrowsMessage<InputError>(HasSubstr("has no '}'")));
  EXPECT_THAT([] { parse_envi_header(header_text() + "bands = 2\n", "a.hdr"); },
              ThrowsMessage<InputError>(HasSubstr("field 'bands': there twice")));
}

TEST_F(EnviFile, TheRawFileLiesBesideTheHeader) {
  write_file_atomic(path("scene.hdr"), header_text());
  EXPECT_THAT([&] { read_envi(path("scene.hdr")); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("no raw file"), HasSubstr("scene.bsq"))));
  for (const char* ending : {".bip", ".bil", ".bsq", ".bin", ".raw", ".dat", ".img", ""}) {
    // Each goes before those already there.
    std::vector<std::byte> raw(12, static_cast<std::byte>(ending[0] == 0 ? 'n' : ending[2]));
    write_file_atomic(path("scene") + ending, raw);
    EXPECT_EQ(read_envi(path("scene.hdr")).values.bytes()[0], raw[0]) << ending;
  }
  write_file_atomic(path("b.img.hdr"), header_text({{"band names", "{x, y}"}}));
  write_file_atomic(path("b.img"), std::string("ABCDEFGHIJKL"));
  const EnviCube cube = read_envi(path("b.img.hdr"));
  EXPECT_EQ(cube.values.shape(), (Shape{2, 3, 2}));
  EXPECT_THAT(cube.band_names, ElementsAre("x", "y"));
  write_file_atomic(path("b.img"), std::string("short"));
  EXPECT_THAT([&] { read_envi(path("b.img.hdr")); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("b.img: 5 bytes"))));
}

}  // namespace
}  // namespace pare::data
