#!/usr/bin/env python3
"""Runs clang-tidy (with .clang-tidy's checks) over the sources of libpare and of its programs.

    tools/lint.py BUILD [PATTERN]    PATTERN: only files whose path contains it
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="has compile_commands.json")
    parser.add_argument("pattern", nargs="?", default="")
    arguments = parser.parse_args()
    program = shutil.which("clang-tidy-14") or shutil.which("clang-tidy")
    if program is None:
        print("lint: clang-tidy is not installed (make deps installs it)")
        return 1

    commands = json.loads((arguments.build / "compile_commands.json").read_text(encoding="utf-8"))
    # Tests are left out: the macros of their libraries trip the checks.
    files = sorted({
        entry["file"] for entry in commands
        if pathlib.Path(entry["file"]).is_relative_to(ROOT / "src")
        and not entry["file"].endswith("_test.cpp") and arguments.pattern in entry["file"]
    })

    def tidy(file):
        # The build may be g++'s, with warnings that clang has not.
        command = [program, "--quiet", "--extra-arg=-Wno-unknown-warning-option",
                   "-p", str(arguments.build), file]
        return file, subprocess.run(command, capture_output=True, text=True, check=False)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for file, result in pool.map(tidy, files):
            if result.returncode or result.stdout.strip():
                failed += 1
                print(result.stdout or result.stderr, flush=True)
    print(f"lint: {len(files)} files, {failed} with findings")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main())
