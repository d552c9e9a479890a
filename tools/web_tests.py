#!/usr/bin/env python3
"""Runs the browser tests of tests/web on a real node.

    tools/web_tests.py --program FILE [NAME…]     those of tests/web/NAME.test.mjs, or of all names

`--all` looks at each page in both appearances of both languages, and in forced colours; else each is looked at once.

Needs Node 18 or newer, npm and chromium (or FRISTAD_CHROMIUM). Pictures of every page are then in build/web-shots/.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import web_bundle

ROOT = web_bundle.ROOT
TESTS = ROOT / "tests" / "web"
SECONDS_MAX = 1800


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    web_bundle.check_node()
    web_bundle.install()
    chromium = os.environ.get("FRISTAD_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        sys.exit("'chromium' is missing. On Debian 12: apt-get install chromium")
    files = [TESTS / f"{name}.test.mjs" for name in options.names] or sorted(TESTS.glob("*.test.mjs"))
    shutil.rmtree(ROOT / "build" / "web-shots", ignore_errors=True)
    environment = {**os.environ, "FRISTAD_PROGRAM": os.path.abspath(options.program), "FRISTAD_CHROMIUM": chromium,
                   "FRISTAD_WEB_ALL": "1" if options.all else "0"}
    passed = failed = 0
    for file in files:
        start = time.monotonic()
        # One after the other: each has a node and a browser, and would wait for the others' processor.
        done = subprocess.run(["node", "--test", "--test-reporter=spec", file], env=environment, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS_MAX)
        counts = {what: int(count) for what, count in re.findall(r"^ℹ (pass|fail) (\d+)$", done.stdout, re.M)}
        passed += counts.get("pass", 0)
        failed += counts.get("fail", 0) or int(done.returncode != 0)
        print(f"{file.name}: {counts.get('pass', 0)} passed, {counts.get('fail', 0)} failed, "
              f"{time.monotonic() - start:.0f} s", flush=True)
        said = re.findall(r"^(?:first page,.*)$", done.stdout, re.M)
        print("".join(f"  {line}\n" for line in said), end="")
        if done.returncode:
            print(f"{done.stdout}exit code {done.returncode}")
    tally = pathlib.Path(ROOT / "build" / "tally")
    tally.parent.mkdir(exist_ok=True)
    tally.write_text(f"{passed} {failed}\n", encoding="ascii")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
