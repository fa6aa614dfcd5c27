#include "base/event_file.h"

#include <bit>
#include <utility>

#include "base/crc32c.h"

namespace pare {
namespace {

static_assert(std::endian::native == std::endian::little, "event files are little-endian");

// Field numbers of the messages.
enum EventField : unsigned { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5 };
enum SummaryField : unsigned { kValue = 1 };
enum ValueField : unsigned { kTag = 1, kSimpleValue = 2 };

// Wire types of protobuf's encoding.
enum WireType : unsigned { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void put_key(std::string& out, unsigned field, WireType type) {
  put_varint(out, field << 3 | type);
}

template <class T>
void put_raw(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_bytes(std::string& out, unsigned field, const std::string& bytes) {
  put_key(out, field, kLengthDelimited);
  put_varint(out, bytes.size());
  out += bytes;
}

std::string event_at(double wall_time) {
  std::string event;
  put_key(event, kWallTime, kFixed64);
  put_raw(event, wall_time);
  return event;
}

std::uint32_t masked_crc(const std::string& bytes) {
  return masked_crc32c(std::as_bytes(std::span(bytes)));
}

}  // namespace

EventFile::EventFile(std::string path, double wall_time, std::uint64_t offset)
    : file_(std::move(path), offset) {
  if (offset != 0) return;
  std::string event = event_at(wall_time);
  put_bytes(event, kFileVersion, "brain.Event:2");
  append_record(event);
}

void EventFile::append(double wall_time, std::int64_t step,
                       std::span<const ScalarSummary> scalars) {
  std::string summary;
  for (const ScalarSummary& scalar : scalars) {
    std::string value;
    put_bytes(value, kTag, scalar.tag);
    put_key(value, kSimpleValue, kFixed32);
    put_raw(value, scalar.value);
    put_bytes(summary, kValue, value);
  }
  std::string event = event_at(wall_time);
  put_key(event, kStep, kVarint);
  put_varint(event, static_cast<std::uint64_t>(step));
  put_bytes(event, kSummary, summary);
  append_record(event);
}

void EventFile::append_record(const std::string& event) {
  std::string record;
  put_raw(record, std::uint64_t{event.size()});
  put_raw(record, masked_crc(record));
  record += event;
  put_raw(record, masked_crc(event));
  file_.append(std::as_bytes(std::span(record)));
}

}  // namespace pare
