#include "cli/hand_over.h"
#include "cli/verbs.h"

int main(int argc, char** argv) {
  using namespace pare::cli;
  CLI::App app;
  describe(app);
  const auto verbs = add_verbs(
      app, [argc, argv](const RunOptions&, Output&) { return hand_over_to_train(argc, argv); });
  return run_command_line(app, verbs, argc, argv);
}
