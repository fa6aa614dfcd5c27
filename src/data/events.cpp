#include "data/events.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"

namespace pare::data {
namespace {

constexpr std::size_t kEventBytes = 5;
constexpr std::int64_t kPixels = kEventRows * kEventColumns;
constexpr std::int64_t kMaxFrameBytes = std::int64_t{8} << 30;
constexpr int kMaxLabel = 65535;

Event event_of(std::span<const std::byte> bytes) {
  const auto at = [&](std::size_t i) { return std::to_integer<std::int64_t>(bytes[i]); };
  return {.time = (at(2) & 0x7F) << 16 | at(3) << 8 | at(4),
          .row = at(1),
          .column = at(0),
          .polarity = at(2) >> 7};
}

/// A line of a list.
struct Entry {
  std::string name;
  std::int64_t label = 0;
};

Entry parse_entry(std::string_view line, std::size_t number, const std::string& path) {
  const std::size_t tab = line.find('\t');
  const std::string_view label = tab == std::string_view::npos ? "" : line.substr(tab + 1);
  Entry entry{.name = std::string(line.substr(0, tab))};
  const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), entry.label);
  const bool is_number = error == std::errc{} && end == label.data() + label.size();
  const bool is_name = !entry.name.empty() && entry.name.find('/') == std::string::npos;
  if (is_name && is_number && entry.label >= 0 && entry.label <= kMaxLabel) return entry;
  throw InputError(
      fmt::format("{}: line {}: found '{}', expected the name of a recording beside this file "
                  "(without .bs2), a tab, and its label from 0 to {}",
                  path, number, line.substr(0, 60), kMaxLabel));
}

std::vector<Entry> read_entries(const std::string& path) {
  const std::string text = read_text(path);
  std::vector<Entry> entries;
  std::string_view rest = text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty() && line.front() != '#') entries.push_back(parse_entry(line, number, path));
  }
  if (entries.empty()) {
    throw InputError(
        fmt::format("{}: no recordings; expected lines of a name, a tab and a label", path));
  }
  return entries;
}

}  // namespace

std::vector<Event> parse_events(std::span<const std::byte> bytes, const std::string& origin) {
  if (bytes.empty() || bytes.size() % kEventBytes != 0) {
    throw InputError(fmt::format(
        "{}: {} bytes, expected a whole number of events of {} bytes; the file is cut, or another "
        "format",
        origin, bytes.size(), kEventBytes));
  }
  std::vector<Event> events;
  events.reserve(bytes.size() / kEventBytes);
  for (std::size_t at = 0; at < bytes.size(); at += kEventBytes) {
    const Event event = event_of(bytes.subspan(at, kEventBytes));
    if (event.row >= kEventRows || event.column >= kEventColumns) {
      throw InputError(
          fmt::format("{}: event {}: row {}, column {}, expected a pixel of {} x {}; "
                      "the file is damaged, or of another sensor",
                      origin, events.size(), event.row, event.column, kEventRows, kEventColumns));
    }
    if (!events.empty() && event.time < events.back().time) {
      throw InputError(
          fmt::format("{}: event {}: time {} us, before the {} us of the event before; "
                      "the file is damaged",
                      origin, events.size(), event.time, events.back().time));
    }
    events.push_back(event);
  }
  return events;
}

void count_events(std::span<const Event> events, const Framing& framing, std::span<float> counts) {
  check(framing.frames >= 1 &&
            static_cast<std::int64_t>(counts.size()) == framing.frames * 2 * kPixels,
        "count_events: counts are not [frames, 2, 34, 34]");
  if (events.empty()) return;
  const std::int64_t first = events.front().time;
  const std::int64_t duration = events.back().time - first + 1;
  for (const Event& event : events) {
    const std::int64_t frame = framing.frame_us > 0
                                   ? event.time / framing.frame_us
                                   : (event.time - first) * framing.frames / duration;
    if (frame >= framing.frames) break;
    const std::int64_t plane = frame * 2 + event.polarity;
    const std::int64_t place = plane * kPixels + event.row * kEventColumns + event.column;
    counts[static_cast<std::size_t>(place)] += 1;
  }
}

LabelledEvents read_event_list(const std::string& path, const Framing& framing) {
  const std::vector<Entry> entries = read_entries(path);
  const auto count = static_cast<std::int64_t>(entries.size());
  const std::int64_t sample = framing.frames * 2 * kPixels;
  if (count > kMaxFrameBytes / static_cast<std::int64_t>(sizeof(float)) / sample) {
    throw InputError(
        fmt::format("{}: {} recordings of {} frames take more than 8 GiB; make "
                    "data.frames smaller",
                    path, count, framing.frames));
  }
  LabelledEvents result{
      .inputs = Tensor(DType::kF32, {count, framing.frames, 2, kEventRows, kEventColumns}),
      .labels = Tensor(DType::kI64, {count})};
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string file = (folder / (entries[i].name + ".bs2")).string();
    const std::vector<Event> events = parse_events(read_file(file), file);
    const auto size = static_cast<std::size_t>(sample);
    count_events(events, framing, result.inputs.as<float>().subspan(i * size, size));
    result.labels.as<std::int64_t>()[i] = entries[i].label;
  }
  return result;
}

}  // namespace pare::data
