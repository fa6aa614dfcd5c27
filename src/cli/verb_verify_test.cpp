#include "cli/verb_verify.h"

#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "model/model.h"
#include "model/test_deployment.h"
#include "rewrite/mlp.h"

namespace pare::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Ran {
  ExitCode code;
  std::string text;
};

Ran verify_model(const model::Model& model, std::vector<std::string> arguments) {
  const TemporaryFolder folder;
  model::save(folder / "m.pare", model);
  arguments.insert(arguments.begin(), folder / "m.pare");
  std::reverse(arguments.begin(), arguments.end());
  std::ostringstream out;
  std::ostringstream err;
  CLI::App app;
  const Verb verb = add_verify(app);
  verb.app->parse(arguments);
  Output output(out, err, false);
  if (verb.app->get_option("--json")->count() > 0) output.set_json();
  const ExitCode code = verb.run(output);
  EXPECT_EQ(err.str(), "");
  return {code, out.str()};
}

model::Model frozen_model() {
  model::Model model{rewrite::mlp({.hidden = {4}}, {3}, {"a", "b"}, 1)};
  model.deployment = model::random_deployment({3, 4, 2}, 10, 7);
  return model;
}

/// One weight is another, so everything fits but what was recorded.
model::Model changed_model() {
  model::Model model = frozen_model();
  ++model.deployment->program.constants.at(1).values.at(2);
  return model;
}

TEST(Verify, OfARightModelIsFine) {
  const Ran ran = verify_model(frozen_model(), {"--backends", "reference"});
  EXPECT_EQ(ran.code, kFine);
  EXPECT_THAT(ran.text, HasSubstr("program 'mlp'"));
  EXPECT_THAT(ran.text, HasSubstr("10 golden samples"));
  EXPECT_THAT(ran.text, HasSubstr("reference  x           30          0\n"));
  EXPECT_THAT(ran.text, HasSubstr("bit for bit as recorded"));
}

TEST(Verify, OfAChangedProgramFailsAndNamesTheLayer) {
  const Ran ran = verify_model(changed_model(), {});
  EXPECT_EQ(ran.code, kCheckFailed);
  EXPECT_THAT(
      ran.text,
      HasSubstr("DIFFERS, first in buffer 'fc1.sum', sample 0, step 0, element 2: expected"));
  EXPECT_THAT(ran.text, Not(HasSubstr("bit for bit")));
  const auto json = nlohmann::json::parse(verify_model(changed_model(), {"--json"}).text);
  EXPECT_EQ(json.at("holds"), false);
  const auto& first = json.at("backends").at(0).at("first_difference");
  EXPECT_EQ(first.at("layer"), "fc1.sum");
  EXPECT_EQ(first.at("element"), 2);
  EXPECT_EQ(first.at("got").get<int>(), first.at("expected").get<int>() + 1);
  EXPECT_EQ(json.at("backends").at(0).at("layers").at(1).at("different"), 10);
}

TEST(Verify, OfAFloatGraphHasNothingToDo) {
  model::Model model = frozen_model();
  model.deployment.reset();
  const Ran ran = verify_model(model, {});
  EXPECT_EQ(ran.code, kFine);
  EXPECT_THAT(ran.text, HasSubstr("nothing to verify"));
}

TEST(Verify, RefusesABackendThatIsNone) {
  EXPECT_THROW(verify_model(frozen_model(), {"--backends", "reference,gpu"}), CLI::ParseError);
}

TEST(RenderReport, ShowsWhatWasSkippedOrFailed) {
  const verify::Report report{.program = "p",
                              .hash = std::string(64, 'a'),
                              .samples = 1,
                              .backends = {{.backend = "C", .skipped = "no compiler"},
                                           {.backend = "engine", .failure = "sample 0: trap"}}};
  EXPECT_THAT(render_report(report), HasSubstr("C: skipped: no compiler"));
  EXPECT_THAT(render_report(report), HasSubstr("engine: FAILED: sample 0: trap"));
  EXPECT_EQ(report_json(report).at("backends").at(0).at("skipped"), "no compiler");
}

}  // namespace
}  // namespace pare::cli
