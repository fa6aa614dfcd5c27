#include "data/isolated.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "data/test_folder.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Isolated : public FolderTest {
 protected:
  void SetUp() override { write_file_atomic(path("a.bin"), std::string(1000, 'x')); }

  std::vector<FoundArray> find(const std::function<void(const TakeArray&)>& body) const {
    std::vector<FoundArray> found;
    find_isolated(path("a.bin"), body,
                  [&](FoundArray array) { found.push_back(std::move(array)); });
    return found;
  }
};

TEST_F(Isolated, ArraysArriveAsTheyWereGiven) {
  const Tensor values = Tensor::from<std::int16_t>({2, 3}, {1, -2, 3, 4, 5, 6});
  const auto found = find([&](const TakeArray& give) {
    give({.name = "group/X \"quoted\"\n", .type = "i16", .shape = {2, 3}, .values = values});
    give({.name = "t", .type = "text", .shape = {}});
  });
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, "group/X \"quoted\"\n");
  EXPECT_EQ(found[0].type, "i16");
  EXPECT_EQ(found[0].shape, (Shape{2, 3}));
  EXPECT_EQ(found[0].values, values);
  EXPECT_EQ(found[1].type, "text");
  EXPECT_FALSE(found[1].values.has_value());
}

TEST_F(Isolated, WhatKillsTheReaderIsAnInputErrorHere) {
  const std::vector<std::pair<std::function<void()>, const char*>> deaths = {
      {[] { std::raise(SIGSEGV); }, "broke down (killed by signal 11"},
      {[] { std::abort(); }, "broke down"},
      {[] { _exit(7); }, "exit code 7"},
      {[] { std::raise(SIGXCPU); }, "was stopped after 5 s"}};
  for (const auto& death : deaths) {
    EXPECT_THAT([&] { find([&](const TakeArray&) { death.first(); }); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("a.bin"), HasSubstr(death.second))));
  }
}

TEST_F(Isolated, ErrorsPassAsTheyAre) {
  EXPECT_THAT([&] { find([](const TakeArray&) { throw InputError("x: y"); }); },
              ThrowsMessage<InputError>(testing::StrEq("x: y")));
  EXPECT_THAT([&] { find([](const TakeArray&) { throw std::bad_alloc(); }); },
              ThrowsMessage<InputError>(HasSubstr("more memory")));
  EXPECT_THROW(find([](const TakeArray&) { check(false, "a bug"); }), InternalError);
}

TEST_F(Isolated, MoreThanTheFileCanHoldIsRefused) {
  // 1000 bytes unpack to 1 032 000 at most, and a message may have 1 MiB besides.
  const Tensor values(DType::kU8, {3'000'000});
  EXPECT_THAT(
      [&] {
        find([&](const TakeArray& give) {
          give({.name = "X", .type = "u8", .shape = values.shape(), .values = values});
        });
      },
      ThrowsMessage<InputError>(HasSubstr("can hold")));
  const auto claim = [](const Shape& shape) { check_claim(shape, 8, 1000, "a.bin: array 'X'"); };
  EXPECT_NO_THROW(claim({129'000}));
  EXPECT_THROW(claim({129'001}), InputError);
  EXPECT_THROW(claim({std::int64_t{1} << 40, std::int64_t{1} << 40}), InputError);
  EXPECT_THROW(claim({-1}), InputError);
}

TEST_F(Isolated, AnErrorOfTheReceiverEndsTheReader) {
  EXPECT_THROW(find_isolated(
                   path("a.bin"),
                   [](const TakeArray& give) {
                     while (true) give({.name = "X", .type = "text", .shape = {}});
                   },
                   [](const FoundArray&) { throw InputError("enough"); }),
               InputError);
}

TEST_F(Isolated, MissingFilesAndFolders) {
  const auto nothing = [](const TakeArray&) {};
  EXPECT_THAT([&] { find_isolated(path("absent"), nothing, {}); },
              ThrowsMessage<InputError>(HasSubstr("no such file")));
  EXPECT_THAT([&] { find_isolated(folder_.string(), nothing, {}); },
              ThrowsMessage<InputError>(HasSubstr("not a file")));
}

}  // namespace
}  // namespace pare::data
