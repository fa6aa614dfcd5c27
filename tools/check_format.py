#!/usr/bin/env python3
"""Checks, or with --fix establishes, the format of all C++ sources by .clang-format.

Exits with 77 (skipped) where clang-format 14 is missing, or with 1 if PARE_REQUIRE_TOOLS is set.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = 77


def clang_format():
    """The program, version 14: others format differently."""
    for name in ("clang-format-14", "clang-format"):
        program = shutil.which(name)
        if program is None:
            continue
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        if " 14." in version.stdout:
            return program
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fix", action="store_true", help="rewrite the files")
    is_fixing = parser.parse_args().fix

    program = clang_format()
    if program is None:
        print("SKIPPED: clang-format 14 is not installed (make deps installs it)")
        return 1 if os.environ.get("PARE_REQUIRE_TOOLS") else SKIPPED
    files = [
        str(path) for folder in ("src", "tests", "bench")
        for path in sorted((ROOT / folder).rglob("*")) if path.suffix in {".h", ".cpp", ".inc"}
    ]
    if not files:
        print("format: no sources found")
        return 1
    mode = ["-i"] if is_fixing else ["--dry-run", "-Werror"]
    result = subprocess.run([program, *mode, *files], check=False)
    if result.returncode == 0:
        print(f"format: {len(files)} files as .clang-format has them")
    else:
        print("format: `make format` mends this")
    return 1 if result.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
