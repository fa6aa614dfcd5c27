#include "data/find_file.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "data/test_folder.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

using FindFile = FolderTest;

TEST_F(FindFile, EnvironmentFirstThenTheUsersFolder) {
  const ScopedEnvironment data("PARE_DATA", path("a"));
  const ScopedEnvironment user("XDG_DATA_HOME", path("b"));
  std::filesystem::create_directories(path("a/s"));
  std::filesystem::create_directories(path("b/pare/s"));
  EXPECT_EQ(find_data_file("s/x.npy"), std::nullopt);
  write_file_atomic(path("b/pare/s/x.npy"), "b");
  EXPECT_EQ(find_data_file("s/x.npy"), path("b/pare/s/x.npy"));
  write_file_atomic(path("a/s/x.npy"), "a");
  EXPECT_EQ(find_data_file("s/x.npy"), path("a/s/x.npy"));
  EXPECT_EQ(download_folder(), path("a"));
}

TEST_F(FindFile, SetsMayBeKeptInGroups) {
  const ScopedEnvironment data("PARE_DATA", path("a"));
  std::filesystem::create_directories(path("a/vision/s"));
  std::filesystem::create_directories(path("a/speech/s"));
  write_file_atomic(path("a/vision/s/x.npy"), "v");
  EXPECT_EQ(find_data_file("s/x.npy"), path("a/vision/s/x.npy"));
  write_file_atomic(path("a/speech/s/x.npy"), "s");
  EXPECT_EQ(find_data_file("s/x.npy"), path("a/speech/s/x.npy"));
}

TEST_F(FindFile, HomeStandsInForTheDataHome) {
  const ScopedEnvironment data("PARE_DATA", "");
  const ScopedEnvironment user("XDG_DATA_HOME", "");
  const ScopedEnvironment home("HOME", path("home"));
  EXPECT_EQ(download_folder(), path("home") + "/.local/share/pare");
  const ScopedEnvironment no_home("HOME", "");
  EXPECT_THROW(download_folder(), InputError);
}

TEST_F(FindFile, WhatComesWithTheSourcesIsFound) {
  EXPECT_TRUE(find_data_file("jets/embedded/jets-small.npz").has_value());
}

TEST_F(FindFile, AMissingFileSaysWhereItWasLookedForAndWhatToDo) {
  const ScopedEnvironment data("PARE_DATA", path("here"));
  EXPECT_THAT([] { require_data_file("s/x.npy", "s"); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("s/x.npy"), HasSubstr(path("here")), HasSubstr("share/pare/data"),
                        HasSubstr("pare data fetch s"), HasSubstr("PARE_DATA"))));
}

}  // namespace
}  // namespace pare::data
