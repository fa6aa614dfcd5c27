#include "cli/output.h"

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>

namespace pare::cli {
namespace {

constexpr double kPlainSeconds = 10;
constexpr double kRedrawSeconds = 0.1;
constexpr int kBarWidth = 100;

double now_seconds() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

}  // namespace

void Output::clear_bar() {
  if (!has_bar_) return;
  *out_ << "\r\033[K";
  has_bar_ = false;
}

void Output::print(std::string_view text) {
  if (is_json_) return;
  clear_bar();
  *out_ << text << '\n' << std::flush;
}

void Output::print(const nlohmann::json& object) {
  if (is_json_)
    *out_ << object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n'
          << std::flush;
}

void Output::warn(std::string_view text) {
  clear_bar();
  *out_ << std::flush;
  *err_ << "warning: " << text << '\n' << std::flush;
}

void Output::error(std::string_view text) {
  clear_bar();
  *out_ << std::flush;
  *err_ << "error: " << text << '\n' << std::flush;
}

ProgressSink Output::progress() {
  struct State {
    ProgressMeter meter;
    double last_shown = -1;
    std::string last_what;
  };
  return [this, state = std::make_shared<State>()](const Progress& progress) {
    if (is_json_) return;
    const double now = now_seconds();
    const ProgressRate rate = state->meter.update(progress, now);
    const bool is_new = progress.what != state->last_what;
    const bool is_complete = progress.total > 0 && progress.done >= progress.total;
    const double interval = is_terminal_ ? kRedrawSeconds : kPlainSeconds;
    const bool is_due = state->last_shown < 0 || now - state->last_shown >= interval;
    if (!is_new && !is_complete && !is_due) return;
    state->last_shown = now;
    state->last_what = progress.what;
    if (is_terminal_) {
      *out_ << "\r\033[K" << render_bar(progress, rate, kBarWidth) << std::flush;
      has_bar_ = true;
      if (is_complete) {
        *out_ << '\n' << std::flush;
        has_bar_ = false;
      }
    } else {
      *out_ << render_line(progress, rate) << '\n' << std::flush;
    }
  };
}

}  // namespace pare::cli
