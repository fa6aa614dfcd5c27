#include "base/progress.h"

#include <gtest/gtest.h>

namespace pare {
namespace {

const Progress kHalf = {"qat-6", 5, 10, "epochs", "loss 0.713"};

TEST(ProgressMeter, RateAndRemainingTimeAreThoseSinceTheFirstReport) {
  ProgressMeter meter;
  const auto at = [](std::int64_t done) { return Progress{"a", done, 20, "epochs", ""}; };
  EXPECT_EQ(meter.update(at(10), 100).per_second, -1);
  const ProgressRate rate = meter.update(at(14), 102);
  EXPECT_EQ(rate.per_second, 2);
  EXPECT_EQ(rate.seconds_left, 3);
  EXPECT_EQ(meter.update(at(20), 110).seconds_left, 0);
}

TEST(ProgressMeter, StartsAnewWithAnotherNameOrWhenLessIsDone) {
  ProgressMeter meter;
  meter.update({"a", 0, 10, "", ""}, 0);
  EXPECT_EQ(meter.update({"a", 5, 10, "", ""}, 1).per_second, 5);
  EXPECT_EQ(meter.update({"b", 6, 10, "", ""}, 2).per_second, -1);
  EXPECT_EQ(meter.update({"b", 7, 10, "", ""}, 3).per_second, 1);
  EXPECT_EQ(meter.update({"b", 0, 10, "", ""}, 4).per_second, -1);
}

TEST(ProgressMeter, KnowsNothingWithoutTimeOrTotal) {
  ProgressMeter meter;
  meter.update({"a", 0, 0, "", ""}, 5);
  EXPECT_EQ(meter.update({"a", 1, 0, "", ""}, 5).per_second, -1);  // no time has passed
  const ProgressRate rate = meter.update({"a", 1, 0, "", ""}, 6);
  EXPECT_EQ(rate.per_second, 1);
  EXPECT_EQ(rate.seconds_left, -1);
}

TEST(RenderBar, ShowsEverythingWhereThereIsRoom) {
  EXPECT_EQ(render_bar(kHalf, {2, 2.5}, 100),
            "qat-6 [##########----------]  50 %  5/10 epochs  3 s left  loss 0.713  2.0/s");
}

TEST(RenderBar, NeverTakesMoreThanTheWidth) {
  for (int width = 0; width < 100; ++width) {
    EXPECT_LE(render_bar(kHalf, {2, 2.5}, width).size(), static_cast<std::size_t>(width));
  }
  EXPECT_EQ(render_bar(kHalf, {2, 2.5}, 3), "qat");
  EXPECT_EQ(render_bar({"größer", 1, 0, "", ""}, {}, 4), "größ");  // whole characters
}

TEST(RenderBar, MoreThanAllIsAFullBar) {
  EXPECT_EQ(render_bar({"a", 30, 10, "", ""}, {}, 40), "a [####################]  100 %  30/10 ");
}

TEST(RenderLine, HasNoBar) {
  EXPECT_EQ(render_line(kHalf, {0.25, 3725}),
            "qat-6: 50 %, 5/10 epochs, 1:02:05 left, loss 0.713, 4.0 s each");
  EXPECT_EQ(render_line({"x", 3, 0, "files", ""}, {}), "x: 3 files");
}

TEST(RenderLine, BytesAreShownInDecimalUnits) {
  EXPECT_EQ(render_line({"jets.npz", 1'500'000, 4'000'000, "bytes", ""}, {250'000, 65}),
            "jets.npz: 38 %, 1.5 MB of 4.0 MB, 1:05 left, 250.0 kB/s");
  EXPECT_EQ(render_line({"a", 999, 0, "bytes", ""}, {}), "a: 999 B");
  EXPECT_EQ(render_line({"a", 999'999, 0, "bytes", ""}, {}), "a: 1.0 MB");
}

TEST(RenderLine, AnAbsurdRemainingTimeIsStillALine) {
  EXPECT_EQ(
      render_line({"a", 1, 2, "", ""}, {1e-300, 1e300}).find("> 100 h left") != std::string::npos,
      true);
}

}  // namespace
}  // namespace pare
