#include "search/signal_events.h"

#include <cmath>
#include <ctime>
#include <initializer_list>

namespace pare::search {

SignalEvents::SignalEvents() {
  sigemptyset(&watched_);
  for (const int number : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) sigaddset(&watched_, number);
  // Whoever ignores it makes the kernel reap our children before we know how they ended.
  std::signal(SIGCHLD, SIG_DFL);
  pthread_sigmask(SIG_BLOCK, &watched_, &previous_);
}

SignalEvents::~SignalEvents() {
  // A second Ctrl-C while stopping would end the program as soon as it is let through.
  while (wait(0) != Event::kNone) {
  }
  pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

SignalEvents::Event SignalEvents::wait(double seconds) {
  const double whole = std::floor(seconds);
  const timespec timeout{.tv_sec = static_cast<std::time_t>(whole),
                         .tv_nsec = static_cast<long>((seconds - whole) * 1e9)};
  const int number = sigtimedwait(&watched_, nullptr, &timeout);
  if (number < 0) return Event::kNone;
  return number == SIGCHLD ? Event::kChildEnded : Event::kStop;
}

}  // namespace pare::search
