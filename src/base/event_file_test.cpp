#include "base/event_file.h"

#include <cstring>
#include <filesystem>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/file.h"
#include "base/temporary_folder.h"

namespace pare {
namespace {

template <class T>
T take(std::string_view& bytes) {
  T value{};
  if (bytes.size() < sizeof value) throw std::runtime_error("record cut off");
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

std::string_view take(std::string_view& bytes, std::size_t size) {
  if (bytes.size() < size) throw std::runtime_error("record cut off");
  const std::string_view taken = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return taken;
}

std::uint64_t take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto b = take<std::uint8_t>(bytes);
    value |= std::uint64_t{b & 0x7Fu} << shift;
    if (b < 0x80) return value;
  }
  throw std::runtime_error("varint too long");
}

/// A protobuf message as its fields, in order: number, and the raw bytes or the varint's value.
struct Field {
  std::uint64_t number;
  std::uint64_t varint;
  std::string_view bytes;
};

std::vector<Field> parse_message(std::string_view message) {
  std::vector<Field> fields;
  while (!message.empty()) {
    const std::uint64_t key = take_varint(message);
    Field field{key >> 3, 0, {}};
    switch (key & 7) {
      case 0:
        field.varint = take_varint(message);
        break;
      case 1:
        field.bytes = take(message, 8);
        break;
      case 2:
        field.bytes = take(message, take_varint(message));
        break;
      case 5:
        field.bytes = take(message, 4);
        break;
      default:
        throw std::runtime_error("unknown wire type");
    }
    fields.push_back(field);
  }
  return fields;
}

template <class T>
T value_of(std::string_view bytes) {
  return take<T>(bytes);
}

struct Event {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string file_version;
  std::vector<std::pair<std::string, float>> scalars;

  bool operator==(const Event&) const = default;
};

Event parse_event(std::string_view message) {
  Event event;
  for (const Field& field : parse_message(message)) {
    if (field.number == 1) event.wall_time = value_of<double>(field.bytes);
    if (field.number == 2) event.step = static_cast<std::int64_t>(field.varint);
    if (field.number == 3) event.file_version = field.bytes;
    if (field.number != 5) continue;
    for (const Field& value : parse_message(field.bytes)) {
      const auto parts = parse_message(value.bytes);
      event.scalars.emplace_back(parts.at(0).bytes, value_of<float>(parts.at(1).bytes));
    }
  }
  return event;
}

/// Reads the file as TensorBoard does, holding every CRC against its bytes.
std::vector<Event> read_events(const std::string& path) {
  const std::string file = read_text(path);
  std::string_view rest = file;
  std::vector<Event> events;
  while (!rest.empty()) {
    const std::string_view length_bytes = rest.substr(0, 8);
    const auto length = take<std::uint64_t>(rest);
    EXPECT_EQ(take<std::uint32_t>(rest), masked_crc32c(std::as_bytes(std::span(length_bytes))));
    const std::string_view event = take(rest, length);
    EXPECT_EQ(take<std::uint32_t>(rest), masked_crc32c(std::as_bytes(std::span(event))));
    events.push_back(parse_event(event));
  }
  return events;
}

class EventFileTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string path_ = folder_ / "events.out.tfevents.pare_test";
};

TEST_F(EventFileTest, HoldsWhatWasAppended) {
  const std::string long_tag(300, 't');  // its length takes a varint of two bytes
  EventFile file(path_, 1700000000.25);
  file.append(1700000001.5, 3,
              std::vector<ScalarSummary>{{"train/loss", 0.75F}, {"accuracy", -1e30F}});
  file.append(1700000002.0, std::int64_t{1} << 40, std::vector<ScalarSummary>{{long_tag, 1}});
  const std::vector<Event> expected = {
      {1700000000.25, 0, "brain.Event:2", {}},
      {1700000001.5, 3, "", {{"train/loss", 0.75F}, {"accuracy", -1e30F}}},
      {1700000002.0, std::int64_t{1} << 40, "", {{long_tag, 1}}}};
  EXPECT_EQ(read_events(path_), expected);
  EXPECT_EQ(file.offset(), std::filesystem::file_size(path_));
}

TEST_F(EventFileTest, ResumesWhereTheCheckpointSawIt) {
  std::uint64_t checkpoint = 0;
  {
    EventFile file(path_, 1);
    file.append(2, 1, std::vector<ScalarSummary>{{"loss", 1}});
    checkpoint = file.offset();
    file.append(3, 2, std::vector<ScalarSummary>{{"lost", 2}});
  }
  EventFile file(path_, 4, checkpoint);
  file.append(5, 2, std::vector<ScalarSummary>{{"loss", 3}});
  const std::vector<Event> expected = {
      {1, 0, "brain.Event:2", {}}, {2, 1, "", {{"loss", 1}}}, {5, 2, "", {{"loss", 3}}}};
  EXPECT_EQ(read_events(path_), expected);
}

}  // namespace
}  // namespace pare
