"""The checks of tools/ on small trees with one thing wrong each: a check that cannot fail is none."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import check_layers  # noqa: E402
import measure  # noqa: E402
import run_tests  # noqa: E402


class Tree(unittest.TestCase):
    """A source tree in a temporary folder."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


class Layers(Tree):
    def violations(self):
        return list(check_layers.violations(self.root))

    def test_looking_up_is_fine(self):
        self.write("base/error.h", "#pragma once\n#include <string>\n")
        self.write("graph/graph.h", '#pragma once\n#include "base/error.h"\n')
        self.write("nn/network.h", '#include <torch/types.h>\n#include "graph/graph.h"\n')
        self.assertEqual(self.violations(), [])

    def test_looking_down_is_told_with_its_line(self):
        self.write("base/error.h", '\n#include "graph/graph.h"\n')
        self.write("graph/graph.h", "")
        self.assertEqual(
            self.violations(), ['base/error.h:2: base/ may not look down at "graph/graph.h"'])

    def test_torch_above_the_line(self):
        self.write("graph/graph.cpp", "#include <ATen/core/Tensor.h>\n")
        self.assertIn("graph/ is without torch", self.violations()[0])

    def test_torch_through_a_header(self):
        self.write("nn/network.h", "#include <torch/types.h>\n")
        self.write("search/search.cpp", '#include "nn/network.h"\n')
        self.assertEqual(
            self.violations(), ["search/search.cpp: reaches torch by nn/network.h"])

    def test_cli_train_sees_torch_and_cli_does_not(self):
        self.write("cli/verb.cpp", "#include <torch/types.h>\n")
        self.write("cli/train/run.cpp", "#include <torch/types.h>\n")
        self.assertEqual(len(self.violations()), 1)
        self.assertIn("cli/verb.cpp:1", self.violations()[0])

    def test_cycle_within_a_folder(self):
        self.write("base/a.h", '#include "base/b.h"\n')
        self.write("base/b.h", '#include "base/a.h"\n')
        self.assertEqual(
            self.violations(), ["include cycle: base/a.h -> base/b.h -> base/a.h"])

    def test_unknown_folder_and_bare_name(self):
        self.write("helpers/a.h", "")
        self.write("base/b.h", '#include "a.h"\n')
        self.assertEqual(len(self.violations()), 2)

    def test_nothing_to_read_is_a_failure(self):
        self.assertEqual(len(self.violations()), 1)


class RedLines(Tree):
    def red_lines(self):
        files = measure.read_files(self.root)
        sources = [path for path in files if path.startswith("src/")]
        return list(measure.red_lines(self.root, files, measure.functions_of(self.root, sources)))

    def assert_one(self, path, text, expected):
        self.write(path, text)
        found = self.red_lines()
        self.assertEqual(len(found), 1, found)
        self.assertIn(expected, found[0])

    def test_clean(self):
        self.write("src/base/a.h", "#pragma once\n/// Two.\nint two();\n")
        self.write("src/base/a.cpp", 'void f() { throw InputError("std::cout"); }\n')
        self.assertEqual(self.red_lines(), [])

    def test_other_exceptions(self):
        self.assert_one("src/base/a.cpp", "void f() { throw std::bad_alloc(); }\n", "a.cpp:1: throws")

    def test_rethrow_is_fine(self):
        self.write("src/base/a.cpp", "void f() { try { g(); } catch (...) { throw; } }\n")
        self.assertEqual(self.red_lines(), [])

    def test_printing_is_for_the_command_line(self):
        self.write("src/cli/a.cpp", "void f() { std::cout << 1; }\n")
        self.assert_one("src/base/a.cpp", "void f() { std::cout << 1; }\n", "base/a.cpp:1: prints")

    def test_formatting_into_memory_is_no_printing(self):
        self.write("src/base/a.cpp", "void f(char* s) { snprintf(s, 1, g); }\n")
        self.assertEqual(self.red_lines(), [])

    def test_ending_the_process(self):
        self.assert_one("src/base/a.cpp", "void f() { std::abort(); }\n", "ends the process")

    def test_long_file(self):
        self.assert_one("src/base/a.cpp", "\n" * 801, "801 lines")

    @unittest.skipIf(measure.functions_of(ROOT, ["src/base/error.cpp"]) is None,
                     "no universal-ctags")
    def test_long_function(self):
        body = "  g();\n" * 119
        self.assert_one("src/base/a.cpp", "void f() {\n" + body + "}\n", "f has 121 lines")

    def test_unfinished_work(self):
        self.assert_one("docs/a.md", "TO" + "DO: write this\n", "unfinished")

    def test_missing_guard(self):
        self.assert_one("src/base/a.h", "int two();\n", "#pragma once")


class Undocumented(Tree):
    def test_bare_declarations_are_found(self):
        self.write("src/base/a.h", "#pragma once\n\n/// Two.\nint two();\n\nint three();\n")
        found = list(measure.undocumented(measure.read_files(self.root)))
        self.assertEqual(found, ["src/base/a.h:6: int three();"])


class RunTests(Tree):
    def run_ctest(self, tests):
        self.write("CTestTestfile.cmake", tests)
        return run_tests.run_ctest(self.root, 1, [])

    def test_counts(self):
        passed, failed, skipped = self.run_ctest(
            'add_test(good "true")\nadd_test(bad "false")\n'
            'add_test(absent sh "-c" "echo SKIPPED: no data; exit 77")\n'
            'set_tests_properties(absent PROPERTIES SKIP_RETURN_CODE 77)\n')
        self.assertEqual((passed, failed, skipped), (1, 1, [("absent", "no data")]))

    def test_no_test_is_a_failure(self):
        self.assertEqual(self.run_ctest("")[:2], (0, 1))

    def test_a_program_that_is_missing_is_a_failure(self):
        self.assertEqual(self.run_ctest('add_test(gone "/nowhere/gone")\n')[:2], (0, 1))


if __name__ == "__main__":
    unittest.main()
