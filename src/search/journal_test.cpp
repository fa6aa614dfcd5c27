#include "search/journal.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace pare::search {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Journal::is_available()) GTEST_SKIP() << "this build has no SQLite";
  }

  void write(const std::string& text) { std::ofstream(path_) << text; }

  static std::vector<Trial> two_trials() {
    return {{.key = "k1", .name = "one", .parameters = {{"bits", 6}}},
            {.key = "k2", .name = "two", .parameters = {{"bits", 4}}}};
  }

  TemporaryFolder temporary_;
  std::filesystem::path folder_ = temporary_.path();
  std::string path_ = temporary_ / "journal.sqlite";
};

TEST_F(JournalTest, KeepsTrialsInOrderAndStatesAcrossOpening) {
  {
    Journal journal(path_);
    journal.add(two_trials());
    journal.start("k2");
    journal.finish("k2", {{"accuracy", 0.1}});
    journal.start("k1");
    journal.fail("k1", "no such file");
  }
  const Journal journal(path_);
  const std::vector<Trial> trials = journal.trials();
  ASSERT_EQ(trials.size(), 2U);
  EXPECT_EQ(trials[0].name, "one");
  EXPECT_EQ(trials[0].status, TrialStatus::kFailed);
  EXPECT_EQ(trials[0].error, "no such file");
  EXPECT_EQ(trials[0].attempts, 1);
  EXPECT_EQ(trials[0].parameters.at("bits"), 6);
  EXPECT_EQ(trials[1].status, TrialStatus::kDone);
  EXPECT_EQ(trials[1].results.at("accuracy"), 0.1);
  EXPECT_GE(trials[1].ended_at, trials[1].started_at);
  EXPECT_GT(trials[1].started_at, 1.6e9);
}

TEST_F(JournalTest, AddingAgainChangesNothing) {
  Journal journal(path_);
  journal.add(two_trials());
  journal.start("k1");
  journal.add(two_trials());
  EXPECT_EQ(journal.trials().size(), 2U);
  EXPECT_EQ(journal.find("k1")->status, TrialStatus::kRunning);
  EXPECT_FALSE(journal.find("k3"));
}

TEST_F(JournalTest, RefusesAKnownNameWithOtherSettingsAndAddsNone) {
  Journal journal(path_);
  journal.add(two_trials());
  const std::vector<Trial> changed = {{.key = "k3", .name = "three"}, {.key = "k4", .name = "one"}};
  EXPECT_THAT([&] { journal.add(changed); },
              ThrowsMessage<InputError>(HasSubstr("'one' was begun with other settings")));
  EXPECT_EQ(journal.trials().size(), 2U);
}

TEST_F(JournalTest, RunningTrialsCanBeGivenBackAndFailedOnesRetried) {
  Journal journal(path_);
  journal.add(two_trials());
  journal.start("k1");
  journal.start("k2");
  journal.give_back("k1");
  EXPECT_EQ(journal.find("k1")->status, TrialStatus::kPending);
  EXPECT_EQ(journal.give_back_running(), 1);
  EXPECT_EQ(journal.give_back_running(), 0);
  journal.start("k1");
  journal.fail("k1", "why");
  journal.retry("k1");
  journal.start("k1");
  EXPECT_EQ(journal.find("k1")->attempts, 3);
  EXPECT_EQ(journal.find("k1")->error, "");
}

TEST_F(JournalTest, RefusesTransitionsFromAnotherStatus) {
  Journal journal(path_);
  journal.add(two_trials());
  EXPECT_THROW(journal.finish("k1", {}), InternalError);
  EXPECT_THROW(journal.fail("k1", "x"), InternalError);
  EXPECT_THROW(journal.retry("k1"), InternalError);
  EXPECT_THROW(journal.give_back("k1"), InternalError);
  EXPECT_THROW(journal.start("unknown"), InternalError);
}

TEST_F(JournalTest, AnEndedTrialSurvivesTheProcess) {
  { Journal(path_).add(two_trials()); }
  const pid_t child = fork();
  if (child == 0) {
    Journal journal(path_);
    journal.start("k1");
    journal.finish("k1", {{"accuracy", 0.75}});
    journal.start("k2");
    _exit(0);  // without closing, as after kill -9
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  const Journal journal(path_);
  EXPECT_EQ(journal.find("k1")->results.at("accuracy"), 0.75);
  EXPECT_EQ(journal.find("k2")->status, TrialStatus::kRunning);
}

TEST_F(JournalTest, RefusesAFileThatIsNoDatabase) {
  write(std::string(5000, 'x'));
  EXPECT_THAT([&] { Journal journal(path_); },
              ThrowsMessage<InputError>(HasSubstr("not a journal of pare")));
}

TEST_F(JournalTest, RefusesAFolderInPlaceOfTheFile) {
  std::filesystem::create_directory(path_);
  EXPECT_THAT([&] { Journal journal(path_); }, ThrowsMessage<InputError>(HasSubstr(path_)));
}

TEST_F(JournalTest, RefusesADatabaseOfAnotherProgramAndANewerVersion) {
  { Journal journal(path_); }
  const auto patch = [&](std::streamoff offset, const char(&bytes)[5]) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file.write(bytes, 4);
  };
  patch(60, "\0\0\0\x07");  // user_version, big-endian, in SQLite's header
  EXPECT_THAT([&] { Journal journal(path_); },
              ThrowsMessage<InputError>(HasSubstr("version 7, this pare reads up to version 1")));
  patch(68, "ABCD");  // application_id
  EXPECT_THAT([&] { Journal journal(path_); },
              ThrowsMessage<InputError>(HasSubstr("another program")));
}

TEST_F(JournalTest, DamageAnywhereIsAnErrorOrHarmless) {
  {
    Journal journal(path_);
    journal.add(two_trials());
    journal.start("k1");
    journal.finish("k1", {{"accuracy", 0.75}});
  }
  const auto size = static_cast<std::size_t>(std::filesystem::file_size(path_));
  std::string good(size, '\0');
  std::ifstream(path_, std::ios::binary).read(good.data(), static_cast<std::streamsize>(size));
  int refused = 0;
  for (std::size_t at = 0; at < size; at += 61) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x55);
    std::filesystem::remove(path_ + "-wal");
    std::filesystem::remove(path_ + "-shm");
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bad;
    try {
      static_cast<void>(Journal(path_).trials());
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace pare::search
