#include "report/svg.h"

#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "report/charts.h"
#include "report/figure_script.h"

namespace pare::report {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

nlohmann::json figure() {
  return sweep_against_bops(
      {{"label", "stage", "bops.weight_only_input_32.mean", "test.accuracy.mean"},
       {{"6 bit", "a", 100.0, 0.7}, {"6 bit", "b", 50.0, 0.6}}});
}

/// PATH for a while.
class Path {
 public:
  explicit Path(const char* path) : previous_(getenv("PATH")) { setenv("PATH", path, 1); }
  ~Path() { setenv("PATH", previous_.c_str(), 1); }
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;

 private:
  std::string previous_;
};

TEST(ToSvg, DrawsAFigureWithoutABrowser) {
  if (!has_figure_script()) GTEST_SKIP() << "this build draws no figures";
  if (std::system("command -v node >/dev/null") != 0) GTEST_SKIP() << "no node";
  const std::string svg = to_svg(figure());
  EXPECT_THAT(svg, StartsWith("<svg"));
  EXPECT_THAT(svg, HasSubstr(">6 bit</text>"));
  EXPECT_THAT(svg, HasSubstr("</svg>"));
  EXPECT_EQ(to_svg(figure()), svg);
}

TEST(ToSvg, SaysWhatToInstall) {
  if (!has_figure_script()) GTEST_SKIP() << "this build draws no figures";
  const Path nowhere("/nonexistent");
  EXPECT_THAT([] { to_svg(figure()); }, ThrowsMessage<InputError>(HasSubstr("install nodejs")));
}

}  // namespace
}  // namespace pare::report
