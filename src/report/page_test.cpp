#include "report/page.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/temporary_folder.h"
#include "report/charts.h"
#include "report/figure_script.h"

namespace pare::report {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(EscapeHtml, WritesReferences) {
  EXPECT_EQ(escape_html("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
}

TEST(ToHtml, HasTheTextsAndTables) {
  const std::string html =
      to_html({.title = "jets",
               .lead = {"simulated jets"},
               .sections = {{.heading = "Stages",
                             .paragraphs = {"why"},
                             .tables = {{{{"stage", true}, {"bits"}}, {{"qat", "6"}}}}}}});
  EXPECT_THAT(html, HasSubstr("<h1>jets</h1>\n<p>simulated jets</p>"));
  EXPECT_THAT(html, HasSubstr("<h2>Stages</h2>\n<p>why</p>"));
  EXPECT_THAT(html, HasSubstr("<th class=\"text\">stage</th><th>bits</th>"));
  EXPECT_THAT(html, HasSubstr("<tr><td class=\"text\">qat</td><td>6</td></tr>"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
}

TEST(ToHtml, ARowOfAnotherLengthIsABug) {
  const Page page{.title = "x", .sections = {{.heading = "h", .tables = {{{{"a"}}, {{}}}}}}};
  EXPECT_THROW(to_html(page), InternalError);
}

TEST(ToHtml, NoTextCanBecomeMarkup) {
  const std::string evil = "</script><script>alert(1)</script>";
  Page page{
      .title = evil,
      .lead = {evil},
      .sections = {{.heading = evil, .paragraphs = {evil}, .tables = {{{{evil}}, {{evil}}}}}}};
  EXPECT_THAT(to_html(page), Not(HasSubstr("<script>alert")));
  if (!has_figure_script()) GTEST_SKIP() << "this build draws no figures";
  page.sections[0].figures = {{{{"description", evil}, {"bad", "\xff"}}, evil}};
  EXPECT_THAT(to_html(page), Not(HasSubstr("<script>alert")));
}

/// Points to draw.
Page page_with_a_figure() {
  std::vector<nlohmann::json> stages;
  for (const char* name : {"float", "qat"}) {
    stages.push_back({{"stage", name},
                      {"bops", {{"weight_only_input_32", 1000.0 * static_cast<double>(name[0])}}},
                      {"test", {{"accuracy", 0.7}}}});
  }
  return {.title = "x",
          .sections = {{.heading = "h", .figures = {{accuracy_against_bops(stages), "seen"}}}}};
}

TEST(ToHtml, NeedsNothingFromOutside) {
  if (!has_figure_script()) GTEST_SKIP() << "this build draws no figures";
  const std::string html = to_html(page_with_a_figure());
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  for (const char* reference : {" src=", "<link", "@import", "<iframe"}) {
    // The script's own strings aside: what stands before it is the page.
    EXPECT_THAT(html.substr(0, html.find("<script>")), Not(HasSubstr(reference)));
  }
  EXPECT_THAT(html, HasSubstr("Redistributions in binary form must reproduce"));
}

TEST(ToHtml, RefusesFiguresWithoutTheirScript) {
  if (has_figure_script()) GTEST_SKIP() << "this build draws figures";
  EXPECT_THROW(to_html(page_with_a_figure()), InputError);
}

std::string find_browser() {
  for (const char* path : {"/usr/bin/chromium", "/usr/bin/chromium-browser"}) {
    if (std::filesystem::exists(path)) return path;
  }
  return "";
}

TEST(ToHtml, ABrowserDrawsTheFigure) {
  const std::string browser = find_browser();
  if (browser.empty()) GTEST_SKIP() << "no chromium";
  if (!has_figure_script()) GTEST_SKIP() << "this build draws no figures";
  const TemporaryFolder temporary;
  const std::string& folder = temporary.path();
  write_file_atomic(folder + "/page.html", to_html(page_with_a_figure()));
  Process worker(
      {.arguments = {browser, "--headless", "--no-sandbox", "--disable-gpu",
                     "--user-data-dir=" + folder + "/profile", "--virtual-time-budget=20000",
                     "--dump-dom", "file://" + folder + "/page.html"},
       .environment = {},
       .output = folder + "/dom",
       .errors = folder + "/errors"});
  while (!worker.poll()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::string dom = read_text(folder + "/dom");
  EXPECT_THAT(dom, HasSubstr("<svg"));
  EXPECT_THAT(dom, HasSubstr("BOPs per inference"));
  EXPECT_THAT(dom, HasSubstr(">qat</text>"));
}

}  // namespace
}  // namespace pare::report
