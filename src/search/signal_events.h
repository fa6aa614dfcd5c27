#pragma once

#include <csignal>

namespace pare::search {

/// Takes the signals that a supervisor of processes waits for (a child ended; stop: Ctrl-C,
/// terminate, hang up) one by one instead of being interrupted by them. While it lives they are
/// blocked for this thread, and so for threads started from it.
/// REQUIRES: the process has one thread, as otherwise another could take the signal.
class SignalEvents {
 public:
  enum class Event { kNone, kChildEnded, kStop };

  SignalEvents();
  ~SignalEvents();
  SignalEvents(const SignalEvents&) = delete;
  SignalEvents& operator=(const SignalEvents&) = delete;

  /// The next event, or kNone after that many seconds.
  Event wait(double seconds);

 private:
  sigset_t watched_;
  sigset_t previous_;
};

}  // namespace pare::search
