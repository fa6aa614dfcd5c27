#!/usr/bin/env python3
"""Sizes and habits of the sources, and the red lines that a test holds them to.

Prints medians, 95th percentiles and maxima of file and function lengths, the share of comments, the
ratio of test to source lines, public declarations without a comment and sources without a test
beside them. With --check it prints only what crosses a red line, and exits with 1 if anything does.
Functions need universal-ctags; without it they are left out, and the report says so.
"""

import argparse
import collections
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

MAX_FILE_LINES = 800
MAX_FUNCTION_LINES = 120

SOURCE_SUFFIXES = {".h", ".cpp", ".c", ".inc"}
TEXT_SUFFIXES = SOURCE_SUFFIXES | {".py", ".cmake", ".toml", ".md", ".in", ".txt"}
OWN_FILE = "tools/measure.py"  # holds the words it looks for

# What no source may contain, and where it may all the same.
FORBIDDEN = [
    # Errors are InputError or InternalError; `throw;` passes one on.
    (re.compile(r"\bthrow\s+(?!(pare::)?(InputError|InternalError)\b)[A-Za-z_:]"),
     "throws something else than InputError or InternalError", lambda path: False),
    (re.compile(r"\bstd::(cout|cerr|clog)\b|(?<![a-z_])(std::)?f?(printf|puts|putchar)\s*\("
                r"|\bfmt::print"),
     "prints outside cli/", lambda path: path.startswith("src/cli/")),
    (re.compile(r"(?<![a-z_.>])(std::)?(abort|exit|quick_exit|terminate)\s*\("),
     "ends the process outside cli/", lambda path: path.startswith("src/cli/")),
    (re.compile(r"^\s*using namespace\b"), "using namespace in a header",
     lambda path: not path.endswith(".h")),
]
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def is_test(path):
    name = path.rsplit("/", 1)[-1]
    return path.startswith("tests/") or name.endswith(("_test.cpp", "_test.c")) or name.startswith("test_")


def read_files(root):
    """{path relative to root: lines} of what people wrote in src, tests, bench, tools and cmake."""
    files = {}
    for folder in ("src", "tests", "bench", "tools", "cmake", "recipes", "docs"):
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix in TEXT_SUFFIXES:
                text = path.read_text(encoding="utf-8", errors="replace")
                files[path.relative_to(root).as_posix()] = text.splitlines()
    return files


def code_only(line):
    """The line without string literals and without its // comment."""
    return re.sub(r'"(\\.|[^"\\])*"', '""', line).split("//")[0]


def find_forbidden(files):
    for path, lines in files.items():
        if path == OWN_FILE:
            continue
        is_library = path.startswith("src/") and not is_test(path)
        for number, line in enumerate(lines, 1):
            if UNFINISHED.search(line):
                yield f"{path}:{number}: a word of unfinished work"
            if not is_library or pathlib.Path(path).suffix not in SOURCE_SUFFIXES:
                continue
            code = code_only(line)
            for pattern, what, is_allowed in FORBIDDEN:
                if pattern.search(code) and not is_allowed(path):
                    yield f"{path}:{number}: {what}"


def find_missing_guards(files):
    """C has no #pragma once: what C includes too is guarded by its name."""
    for path, lines in files.items():
        if path.endswith(".h") and "#pragma once" not in lines:
            guard = re.sub(r"\W", "_", path.removeprefix("src/")).upper()
            if not any(re.fullmatch(rf"#ifndef (PARE_)?{guard}_?", line) for line in lines):
                yield f"{path}: neither #pragma once nor a guard of its name"


def functions_of(root, paths):
    """[(lines, path, name)], or None without universal-ctags."""
    if not shutil.which("ctags"):
        return None
    command = ["ctags", "-x", "--_xformat=%F\t%N\t%n\t%{end}", "--kinds-C++=f", "--languages=C++",
               "--langmap=C++:.cpp.h.inc", *paths]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if result.returncode != 0:  # another ctags
        return None
    found = []
    for row in result.stdout.splitlines():
        path, name, start, end = row.split("\t")
        if end.isdigit():
            found.append((int(end) - int(start) + 1, path, name))
    return found


def red_lines(root, files, functions):
    for path, lines in files.items():
        if pathlib.Path(path).suffix in SOURCE_SUFFIXES and len(lines) > MAX_FILE_LINES:
            yield f"{path}: {len(lines)} lines, the limit is {MAX_FILE_LINES}"
    for length, path, name in functions or []:
        if length > MAX_FUNCTION_LINES:
            yield f"{path}: {name} has {length} lines, the limit is {MAX_FUNCTION_LINES}"
    yield from find_forbidden(files)
    yield from find_missing_guards(files)


# A declaration at the start of a line of a header, at namespace or class depth.
DECLARATION = re.compile(r"^(  )?(?!return|using|namespace|friend|private|public|protected|case"
                         r"|explicit operator|#|//|\}|template|static_assert|if |for |else)"
                         r"[A-Za-z_][\w:<>,&*\[\] ]*?[ &*]([A-Za-z_]\w*)\s*(\(|\{|;|=|:)")


# Operators, constructors, one-line accessors, forward declarations, and what the list of an op's
# fields consists of (graph/ops.h says what it is).
NEEDS_NO_COMMENT = re.compile(r"operator|= (default|delete)|^\w+\(|\) (const )?\{ return .* \}$"
                              r"|^(struct|class) \w+;|string_view kind =|static void fields\(")


def undocumented(files):
    """Approximate: declarations in headers with no comment on the line, above it, or above the
    group of lines that it stands in; private parts are left out."""
    for path, lines in files.items():
        if not path.startswith("src/") or not path.endswith(".h") or is_test(path):
            continue
        is_documented, is_private = False, False
        for number, line in enumerate(lines, 1):
            text = line.strip()
            if re.match(r"(private|protected):", text):
                is_private = True
            elif re.match(r"public:|\};", text):
                is_private = False
            if not text:
                is_documented = False
            elif text.startswith("//"):
                is_documented = True
            elif DECLARATION.match(line) and not is_private:
                is_special = NEEDS_NO_COMMENT.search(text)
                if not is_documented and "//" not in line and not is_special:
                    yield f"{path}:{number}: {text[:70]}"
                is_documented = True


def spread(values):
    if not values:
        return "none"
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"median {statistics.median(ordered):g}, p95 {p95}, max {ordered[-1]} ({len(ordered)})"


def comment_share(files, paths):
    comments = code = 0
    for path in paths:
        for line in files[path]:
            text = line.strip()
            comments += text.startswith("//")
            code += bool(text) and not text.startswith("//")
    return 100 * comments / max(1, comments + code)


def report(files, functions, is_verbose):
    sources = [p for p in files if p.startswith("src/") and pathlib.Path(p).suffix in SOURCE_SUFFIXES]
    library = [p for p in sources if not is_test(p)]
    tests = [p for p in files if is_test(p) and p.endswith((".cpp", ".c", ".h", ".py"))]
    headers = [p for p in library if p.endswith(".h")]
    lines = lambda paths: sum(len(files[p]) for p in paths)

    print(f"files       {spread([len(files[p]) for p in library])}")
    print(f"functions   {spread([f[0] for f in functions]) if functions is not None else 'no universal-ctags'}")
    print(f"comments    {comment_share(files, library):.0f} % of all, "
          f"{comment_share(files, headers):.0f} % of headers")
    print(f"tests       {lines(tests)} lines to {lines(library)} of sources, "
          f"ratio {lines(tests) / max(1, lines(library)):.2f}")
    by_folder = collections.Counter()
    for path in library:
        by_folder[path.split("/")[1]] += len(files[path])
    print("folders     " + ", ".join(f"{name} {count}" for name, count in by_folder.most_common()))

    bare = [p for p in library if p.endswith(".cpp") and p[:-4] + "_test.cpp" not in files]
    silent = list(undocumented(files))
    print(f"no test beside them: {len(bare)}    undocumented declarations (about): {len(silent)}")
    print("largest     " + ", ".join(
        f"{p} {len(files[p])}" for p in sorted(library, key=lambda p: -len(files[p]))[:5]))
    print("longest     " + ", ".join(
        f"{name} {length}" for length, _, name in sorted(functions or [], reverse=True)[:5]))
    if is_verbose:
        print("\nno test beside them:", *bare, sep="\n  ")
        print("\nundocumented (about):", *silent, sep="\n  ")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only what crosses a red line")
    parser.add_argument("--verbose", action="store_true", help="list files and declarations")
    default = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=default)
    arguments = parser.parse_args()

    files = read_files(arguments.root)
    library = [p for p in files if p.startswith("src/") and not is_test(p)
               and pathlib.Path(p).suffix in SOURCE_SUFFIXES]
    functions = functions_of(arguments.root, library) if library else []
    found = list(red_lines(arguments.root, files, functions))
    if not library:
        found.append(f"{arguments.root}: no sources found")
    if not arguments.check:
        report(files, functions, arguments.verbose)
    for line in found:
        print(f"red line: {line}")
    if not found:
        print("sizes: no red line crossed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
