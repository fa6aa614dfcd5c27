#include "base/process.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"

namespace pare {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class ProcessTest : public testing::Test {
 protected:
  Command shell(const std::string& script) const {
    return {.arguments = {"sh", "-c", script},
            .environment = {},
            .output = folder_ + "/out",
            .errors = folder_ + "/err"};
  }

  TemporaryFolder temporary_;
  std::string folder_ = temporary_.path();
};

TEST_F(ProcessTest, RedirectsAndReportsTheExitCode) {
  Process worker(shell("echo result; echo trouble >&2; exit 3"));
  const ProcessEnd end = worker.wait();
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_FALSE(end.is_success());
  EXPECT_EQ(describe(end), "exit code 3");
  EXPECT_EQ(read_text(folder_ + "/out"), "result\n");
  EXPECT_EQ(read_text(folder_ + "/err"), "trouble\n");
  EXPECT_EQ(worker.poll()->exit_code, 3);
}

TEST_F(ProcessTest, AddsToTheEnvironment) {
  setenv("PARE_TEST_KEPT", "kept", 1);
  setenv("PARE_TEST_REPLACED", "old", 1);
  Command command = shell("echo $PARE_TEST_KEPT $PARE_TEST_REPLACED");
  command.environment = {"PARE_TEST_REPLACED=new"};
  Process worker(command);
  EXPECT_TRUE(worker.wait().is_success());
  EXPECT_EQ(read_text(folder_ + "/out"), "kept new\n");
}

TEST_F(ProcessTest, ReportsTheSignalThatKilledIt) {
  Process worker(shell("sleep 1000 & wait"));
  EXPECT_FALSE(worker.poll());
  worker.signal(SIGKILL);
  const ProcessEnd end = worker.wait();
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_THAT(describe(end), HasSubstr("killed by signal 9"));
}

TEST_F(ProcessTest, StartsWithoutBlockedSignals) {
  sigset_t blocked;
  sigset_t previous;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &previous);
  Process worker(shell("exec sleep 1000"));
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait().signal, SIGTERM);
}

TEST_F(ProcessTest, KillsWhatIsLeftOfTheGroup) {
  Process worker(shell("sleep 1000 & echo $!"));
  EXPECT_TRUE(worker.wait().is_success());
  const std::string left_over = "/proc/" + std::to_string(std::stoi(read_text(folder_ + "/out")));
  // Killed, it is gone or a zombie as soon as the kernel has come to it.
  const auto is_alive = [&] {
    std::ifstream stat(left_over + "/stat");
    std::string number;
    std::string name;
    std::string state;
    return static_cast<bool>(stat >> number >> name >> state) && state != "Z" && state != "X";
  };
  while (is_alive()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

TEST_F(ProcessTest, RefusesAProgramThatIsNotThere) {
  Command command = shell("");
  command.arguments = {folder_ + "/absent"};
  EXPECT_THAT([&] { Process worker(command); },
              ThrowsMessage<InputError>(HasSubstr("/absent with its output in")));
}

TEST_F(ProcessTest, TailIsWholeLinesOfValidText) {
  const std::string path = folder_ + "/text";
  std::ofstream(path) << "first\nsecond\n\xff third\n\n";
  EXPECT_EQ(tail_of(path, 1000), "first\nsecond\n\xef\xbf\xbd third");
  EXPECT_EQ(tail_of(path, 12), "\xef\xbf\xbd third");
  EXPECT_EQ(tail_of(path + ".absent", 12), "");
}

}  // namespace
}  // namespace pare
