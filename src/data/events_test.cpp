#include "data/events.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <numeric>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "data/load.h"
#include "data/test_folder.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

using EventList = FolderTest;

std::vector<std::byte> stored(const std::vector<Event>& events) {
  std::vector<std::byte> bytes;
  for (const Event& event : events) {
    for (const std::int64_t byte : {event.column, event.row, event.polarity << 7 | event.time >> 16,
                                    event.time >> 8 & 0xFF, event.time & 0xFF}) {
      bytes.push_back(static_cast<std::byte>(byte));
    }
  }
  return bytes;
}

std::vector<float> counted(const std::vector<Event>& events, const Framing& framing) {
  std::vector<float> counts(static_cast<std::size_t>(framing.frames * 2 * 34 * 34));
  count_events(events, framing, counts);
  return counts;
}

std::size_t place(std::size_t frame, std::size_t polarity, std::size_t row, std::size_t column) {
  return ((frame * 2 + polarity) * 34 + row) * 34 + column;
}

TEST(Events, OfBytesByHand) {
  // The first two events of N-MNIST's first training recording: 12 10 80 03 7d, 14 11 80 04 24.
  // Then every bit of a time, and polarity 0.
  const std::vector<std::byte> bytes = {
      std::byte{0x12}, std::byte{0x10}, std::byte{0x80}, std::byte{0x03}, std::byte{0x7d},
      std::byte{0x14}, std::byte{0x11}, std::byte{0x80}, std::byte{0x04}, std::byte{0x24},
      std::byte{0x21}, std::byte{0x00}, std::byte{0x7f}, std::byte{0xff}, std::byte{0xff}};
  EXPECT_THAT(parse_events(bytes, "a"),
              ElementsAre(Event{.time = 893, .row = 16, .column = 18, .polarity = 1},
                          Event{.time = 1060, .row = 17, .column = 20, .polarity = 1},
                          Event{.time = 8388607, .row = 0, .column = 33, .polarity = 0}));
}

TEST(Events, EveryCutAndWhatCannotBeIsRefused) {
  const auto refused = [](const std::vector<std::byte>& bytes, const std::string& message) {
    EXPECT_THAT([&] { parse_events(bytes, "a.bs2"); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("a.bs2"), HasSubstr(message))));
  };
  const auto two = stored({{.time = 5}, {.time = 6}});
  for (std::size_t size = 0; size < 10; ++size) {
    if (size != 5) refused({two.begin(), two.begin() + static_cast<std::ptrdiff_t>(size)}, "bytes");
  }
  refused(stored({{}, {.row = 34}}), "event 1: row 34, column 0");
  refused(stored({{.column = 34}}), "event 0: row 0, column 34");
  refused(stored({{.time = 5}, {.time = 4}}), "event 1: time 4 us, before the 5 us");
}

TEST(Events, EqualPartsOfTheRecording) {
  // From 100 to 109: ten microseconds, two frames of five.
  const std::vector<Event> events = {{.time = 100, .row = 1, .column = 2, .polarity = 0},
                                     {.time = 104, .row = 1, .column = 2, .polarity = 0},
                                     {.time = 105, .row = 1, .column = 2, .polarity = 0},
                                     {.time = 109, .row = 3, .column = 4, .polarity = 1}};
  const std::vector<float> counts = counted(events, {.frames = 2});
  EXPECT_EQ(counts[place(0, 0, 1, 2)], 2);
  EXPECT_EQ(counts[place(1, 0, 1, 2)], 1);
  EXPECT_EQ(counts[place(1, 1, 3, 4)], 1);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0.0F), 4);
}

TEST(Events, FramesOfATimeLeaveOutWhatIsBehindThem) {
  const std::vector<Event> events = {{.time = 0}, {.time = 9}, {.time = 10}, {.time = 20}};
  const std::vector<float> counts = counted(events, {.frames = 2, .frame_us = 10});
  EXPECT_EQ(counts[place(0, 0, 0, 0)], 2);
  EXPECT_EQ(counts[place(1, 0, 0, 0)], 1);
}

RC_GTEST_PROP(Events, AreAllCountedOnceInEqualParts, ()) {
  std::vector<Event> events;
  std::int64_t time = 0;
  const int count = *rc::gen::inRange(1, 50);
  for (int i = 0; i < count; ++i) {
    time += *rc::gen::inRange(0, 1000);
    events.push_back({.time = time,
                      .row = *rc::gen::inRange(0, 34),
                      .column = *rc::gen::inRange(0, 34),
                      .polarity = *rc::gen::inRange(0, 2)});
  }
  RC_ASSERT(parse_events(stored(events), "a") == events);
  const Framing framing{.frames = *rc::gen::inRange(1, 20)};
  const std::vector<float> counts = counted(events, framing);
  RC_ASSERT(std::accumulate(counts.begin(), counts.end(), 0.0F) == static_cast<float>(count));
  const auto last = events.back();
  const auto at = [](std::int64_t x) { return static_cast<std::size_t>(x); };
  // A recording of fewer microseconds than frames leaves some empty, the last one, too.
  const std::int64_t duration = last.time - events.front().time + 1;
  const std::int64_t frame =
      duration >= framing.frames ? framing.frames - 1 : (duration - 1) * framing.frames / duration;
  RC_ASSERT(counts[place(at(frame), at(last.polarity), at(last.row), at(last.column))] >= 1);
}

TEST_F(EventList, NamesRecordingsAndTheirLabels) {
  write_file_atomic(path("a.bs2"), stored({{.row = 1}}));
  write_file_atomic(path("7.bs2"), stored({{.row = 2}, {.row = 2}}));
  write_file_atomic(path("list.txt"), std::string_view("#name\tclass\r\n7\t3\r\n\r\na\t0"));
  const LabelledEvents read = read_event_list(path("list.txt"), {.frames = 1});
  EXPECT_EQ(read.inputs.shape(), (Shape{2, 1, 2, 34, 34}));
  EXPECT_THAT(read.labels.to_doubles(), ElementsAre(3, 0));
  EXPECT_EQ(read.inputs.as<float>()[2 * 34], 2);
  EXPECT_EQ(read.inputs.as<float>()[2 * 34 * 34 + 34], 1);
}

TEST_F(EventList, LinesThatCannotBeAreNamed) {
  const auto refused = [&](std::string_view text, const std::string& message) {
    write_file_atomic(path("list.txt"), text);
    EXPECT_THAT([&] { read_event_list(path("list.txt"), {}); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("list.txt"), HasSubstr(message))));
  };
  refused("# nothing\n", "no recordings");
  for (const char* line :
       {"a 3", "a\t", "a\tx", "a\t-1", "a\t65536", "\t3", "../a\t3", "a\t3\t4"}) {
    refused("#\n" + std::string(line) + "\n", "line 2");
  }
  write_file_atomic(path("list.txt"), std::string_view("missing\t3\n"));
  EXPECT_THAT([&] { read_event_list(path("list.txt"), {}); },
              ThrowsMessage<InputError>(HasSubstr("missing.bs2")));
  EXPECT_THAT([&] { read_event_list(path("list.txt"), {.frames = 1'000'000'000}); },
              ThrowsMessage<InputError>(HasSubstr("8 GiB")));
}

TEST_F(EventList, IsATrainingFile) {
  std::string text;
  for (int i = 0; i < 12; ++i) {
    write_file_atomic(path(std::to_string(i) + ".bs2"), stored({{.row = i}}));
    text += std::to_string(i) + "\t" + std::to_string(i % 2) + "\n";
  }
  write_file_atomic(path("list.txt"), text);
  Request request{.train = path("list.txt"), .test = path("list.txt"), .frames = 3};
  EXPECT_THAT([&] { load(request); }, ThrowsMessage<InputError>(HasSubstr("data.standardise")));
  request.standardise = Standardise::kNone;
  const Dataset set = load(request);
  EXPECT_EQ(set.test.inputs.shape(), (Shape{12, 3, 2, 34, 34}));
  EXPECT_THAT(set.classes, ElementsAre("0", "1"));
}

TEST(Events, ReadsNMnist) {
  const char* folder = std::getenv("PARE_DATA");
  const std::string list =
      std::string(folder == nullptr ? "" : folder) + "/events/nmnist_small/test100.txt";
  if (!std::filesystem::exists(list)) GTEST_SKIP() << "PARE_DATA has no events/nmnist_small";
  const LabelledEvents read = read_event_list(list, {.frames = 5});
  EXPECT_EQ(read.inputs.shape(), (Shape{100, 5, 2, 34, 34}));
  const auto labels = read.labels.as<std::int64_t>();
  EXPECT_EQ(*std::max_element(labels.begin(), labels.end()), 9);
}

}  // namespace
}  // namespace pare::data
