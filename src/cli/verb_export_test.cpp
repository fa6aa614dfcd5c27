#include "cli/verb_export.h"

#include <filesystem>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/temporary_folder.h"
#include "lower/lower.h"
#include "model/golden.h"
#include "model/model.h"
#include "rewrite/mlp.h"
#include "rewrite/quantize.h"

namespace pare::cli {
namespace {

using testing::HasSubstr;

class ExportVerb : public testing::Test {
 protected:
  /// Saves a quantized network, with its program or without.
  std::string save(bool is_frozen) {
    model::Model model{rewrite::quantize(rewrite::mlp({}, {16}, {"g", "q", "w"}, 1), {}, 8), {}};
    if (is_frozen) {
      lower::Lowered lowered = lower::lower(model.graph);
      const std::vector<program::Inputs> zeros = {{{program::Codes(16, 0)}, {}}};
      model.deployment = model::Deployment{.program = lowered.program,
                                           .interface = lowered.interface,
                                           .golden = model::make_golden(lowered.program, zeros)};
    }
    model::save(folder_ / "model.pare", model);
    return folder_ / "model.pare";
  }

  int run(std::vector<std::string> arguments) {
    CLI::App app;
    const std::vector<Verb> verbs = {add_export(app)};
    arguments.insert(arguments.begin(), {"pare", "export"});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run_command_line(app, verbs, static_cast<int>(argv.size()), argv.data());
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return code;
  }

  TemporaryFolder folder_;
  std::string out_;
  std::string err_;
};

TEST_F(ExportVerb, WritesThreeFilesAndSaysHowToCompileThem) {
  const std::string out = folder_ / "new/out";
  ASSERT_EQ(run({save(true), "--to", "c", "--style", "unrolled", "--name", "my net", "-o", out}), 0)
      << err_;
  EXPECT_THAT(out_, HasSubstr("my_net_test.c -o"));
  EXPECT_THAT(read_text(out + "/my_net.h"), HasSubstr("void my_net_map_input("));
  EXPECT_THAT(read_text(out + "/my_net.c"), HasSubstr("style: unrolled"));
  EXPECT_TRUE(std::filesystem::exists(out + "/my_net_test.c"));
}

TEST_F(ExportVerb, PrintsOneObject) {
  ASSERT_EQ(run({save(true), "--to", "c", "--name", "net", "-o", folder_.path(), "--json"}), 0);
  const auto json = nlohmann::json::parse(out_);
  EXPECT_EQ(json["files"].size(), 3U);
  EXPECT_EQ(json["style"], "table");
  EXPECT_GT(json["memory_bytes"], 0);
}

TEST_F(ExportVerb, RefusesAModelWithoutProgram) {
  EXPECT_EQ(run({save(false), "--to", "c", "-o", folder_.path()}), kBadInput);
  EXPECT_THAT(err_, HasSubstr("has no integer program to export"));
}

}  // namespace
}  // namespace pare::cli
