#include "base/progress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace pare {
namespace {

constexpr std::size_t kBarCells = 20;

bool is_bytes(const Progress& progress) { return progress.unit == "bytes"; }

/// "950 B", "1.5 MB": decimal, as downloads are counted.
std::string bytes_text(double bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 999.95 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  const int digits = unit == 0 ? 0 : 1;
  return fmt::format("{:.{}f} {}", bytes, digits, kUnits[unit]);
}

/// "4 s", "2:05", "1:02:05".
std::string time_text(double seconds) {
  // 100 hours is as good as unknown, and keeps the conversion inside its range.
  if (seconds >= 360'000) return "> 100 h";
  const auto whole = static_cast<int>(std::lround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string counts_text(const Progress& progress) {
  if (is_bytes(progress)) {
    const std::string done = bytes_text(static_cast<double>(progress.done));
    if (progress.total <= 0) return done;
    return fmt::format("{} of {}", done, bytes_text(static_cast<double>(progress.total)));
  }
  if (progress.total <= 0) return fmt::format("{} {}", progress.done, progress.unit);
  return fmt::format("{}/{} {}", progress.done, progress.total, progress.unit);
}

std::string rate_text(const Progress& progress, const ProgressRate& rate) {
  if (is_bytes(progress)) return bytes_text(rate.per_second) + "/s";
  if (rate.per_second >= 1 || rate.per_second == 0) return fmt::format("{:.1f}/s", rate.per_second);
  return fmt::format("{:.1f} s each", 1 / rate.per_second);
}

double fraction_done(const Progress& progress) {
  return std::clamp(static_cast<double>(progress.done) / static_cast<double>(progress.total), 0.0,
                    1.0);
}

/// What follows the bar, most important first.
std::vector<std::string> parts_of(const Progress& progress, const ProgressRate& rate) {
  std::vector<std::string> parts;
  if (progress.total > 0) parts.push_back(fmt::format("{:.0f} %", 100 * fraction_done(progress)));
  parts.push_back(counts_text(progress));
  if (rate.seconds_left >= 0) parts.push_back(time_text(rate.seconds_left) + " left");
  if (!progress.detail.empty()) parts.push_back(progress.detail);
  if (rate.per_second >= 0) parts.push_back(rate_text(progress, rate));
  return parts;
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Characters of UTF-8 text, taking each for one column.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

/// The first `limit` characters.
std::string first_columns(std::string_view text, std::size_t limit) {
  std::size_t end = 0;
  for (std::size_t taken = 0; end < text.size(); ++end) {
    if (!continues_character(text[end]) && taken++ == limit) break;
  }
  return std::string(text.substr(0, end));
}

std::string bar_text(double fraction) {
  const auto full = static_cast<std::size_t>(std::floor(fraction * kBarCells));
  return "[" + std::string(full, '#') + std::string(kBarCells - full, '-') + "]";
}

}  // namespace

ProgressRate ProgressMeter::update(const Progress& progress, double now_seconds) {
  const bool is_new = !has_started_ || progress.what != what_ || progress.done < last_done_;
  last_done_ = progress.done;
  if (is_new) {
    has_started_ = true;
    what_ = progress.what;
    start_seconds_ = now_seconds;
    start_done_ = progress.done;
    return {};
  }
  const double elapsed = now_seconds - start_seconds_;
  const auto gained = static_cast<double>(progress.done - start_done_);
  if (elapsed <= 0 || gained <= 0) return {};
  ProgressRate rate{gained / elapsed, -1};
  if (progress.total > 0) {
    const auto left =
        static_cast<double>(std::max<std::int64_t>(progress.total - progress.done, 0));
    rate.seconds_left = left / rate.per_second;
  }
  return rate;
}

std::string render_bar(const Progress& progress, const ProgressRate& rate, int width) {
  const auto limit = static_cast<std::size_t>(std::max(width, 0));
  std::string line = progress.what;
  if (progress.total > 0) {
    const std::string bar = " " + bar_text(fraction_done(progress));
    if (columns(line) + columns(bar) <= limit) line += bar;
  }
  for (const std::string& part : parts_of(progress, rate)) {
    if (columns(line) + 2 + columns(part) <= limit) line += "  " + part;
  }
  return first_columns(line, limit);
}

std::string render_line(const Progress& progress, const ProgressRate& rate) {
  std::string line = progress.what + ":";
  std::string_view separator = " ";
  for (const std::string& part : parts_of(progress, rate)) {
    line += separator;
    line += part;
    separator = ", ";
  }
  return line;
}

}  // namespace pare
