#!/usr/bin/env python3
"""Runs ctest in one build folder after another and adds up what they say.

    tools/run_tests.py [--jobs N] BUILD... [-- CTEST-OPTION...]

Every folder is run, whatever the ones before it said. At the end come the tests that were skipped,
with their reasons, and one line of counts. Exits with 1 if a test failed, or if a folder had none.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

# GoogleTest prints the message of GTEST_SKIP after its place; our scripts print "SKIPPED: reason".
REASON = re.compile(r"(?:_test\.cpp:\d+: Skipped\n|SKIPPED: )(.+)")


def run_ctest(build, jobs, options):
    """(passed, failed, [(test, reason)] of the skipped)."""
    results = build.resolve() / "test-results.xml"
    results.unlink(missing_ok=True)
    print(f"\n== {build}", flush=True)
    command = ["ctest", "--test-dir", str(build), "-j", str(jobs), "--output-on-failure",
               "--output-junit", str(results), *options]
    status = subprocess.run(command, check=False).returncode
    if not results.exists():
        return 0, 1, []
    passed, failed, skipped = 0, 0, []
    for case in xml.etree.ElementTree.parse(results).getroot().iter("testcase"):
        state = case.get("status")
        if state == "run":
            passed += 1
        elif state == "notrun" or case.find("skipped") is not None:
            reason = REASON.search(case.findtext("system-out") or "")
            skipped.append((case.get("name"), reason[1].strip() if reason else "no reason given"))
        elif state != "disabled":
            failed += 1
    if status and not failed:  # ctest itself, or a test that could not be started
        failed = 1
    if passed + failed == 0:
        print(f"{build}: no test was run")
        failed = 1
    return passed, failed, skipped


def main():
    own, options = sys.argv[1:], []
    if "--" in own:
        own, options = own[:own.index("--")], own[own.index("--") + 1:]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("builds", nargs="+", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args(own)

    passed = failed = 0
    skipped = []
    for build in arguments.builds:
        more_passed, more_failed, more_skipped = run_ctest(build, arguments.jobs, options)
        passed += more_passed
        failed += more_failed
        skipped += more_skipped

    reasons = collections.defaultdict(list)
    for test, reason in skipped:
        reasons[reason].append(test)
    print()
    for reason, tests in sorted(reasons.items()):
        print(f"skipped {len(tests)}: {reason}\n    {', '.join(sorted(tests))}")
    print(f"{passed} passed, {failed} failed, {len(skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
