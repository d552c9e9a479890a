#!/usr/bin/env python3
"""Builds the pages: web/ becomes web/dist/, which is kept in the tree, so that building Fristad needs no Node.

    tools/web_bundle.py            checks the sources and builds web/dist anew
    tools/web_bundle.py --check    fails if web/dist isn't what the sources give, byte by byte; changes nothing in it

Needs Node 18 or newer and npm. The packages that build the pages come from the registry, as web/package-lock.json names
them, and none of them is in what is built.
"""

import argparse
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
DIST = WEB / "dist"
NODE_MIN = (18, 19)
# What the policy of the pages forbids (docs/operating/serving.md) would only show in a browser.
FORBIDDEN_IN_HTML = [
    (rb"<script(?![^>]*\ssrc=)", "a script that stands in the page itself"),
    (rb"<style|\sstyle=", "a style that stands in the page itself"),
    (rb"\son[a-z]+=", "a handler that stands in the page itself"),
    (rb"(src|href)=\"(?!/)", "an address that isn't on the node"),
]


def run(*command, quiet=True):
    done = subprocess.run(command, cwd=WEB, capture_output=quiet, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\nfailed ({done.returncode}):\n{done.stdout or ''}{done.stderr or ''}")
    return done.stdout


def check_node():
    for program in ("node", "npm"):
        if not shutil.which(program):
            sys.exit(f"'{program}' is missing. On Debian 12: apt-get install nodejs npm")
    version = tuple(int(part) for part in re.findall(r"\d+", run("node", "--version"))[:2])
    if version < NODE_MIN:
        sys.exit(f"Node {version[0]}.{version[1]} is too old: {NODE_MIN[0]}.{NODE_MIN[1]} or newer builds the pages")


def install():
    """What the lock file names, and nothing else; nothing is done where it is there."""
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    stamp = WEB / "node_modules" / ".fristad-lock"
    if not stamp.exists() or stamp.read_text() != lock:
        run("npm", "ci", "--no-audit", "--no-fund")
        stamp.write_text(lock)


def build(folder):
    run("npm", "run", "--silent", "check")
    run("npx", "vite", "build", "--outDir", folder, "--emptyOutDir", "--logLevel", "warn")
    for page in pathlib.Path(folder).rglob("*.html"):
        for pattern, what in FORBIDDEN_IN_HTML:
            if found := re.search(pattern, page.read_bytes()):
                sys.exit(f"{page.name}: {what}: {found[0].decode(errors='replace')}")


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in pathlib.Path(folder).rglob("*")
            if path.is_file()}


def differences(built, kept):
    for name in sorted(built.keys() | kept.keys()):
        if name not in kept:
            yield f"{name} is missing"
        elif name not in built:
            yield f"{name} is left over"
        elif built[name] != kept[name]:
            yield f"{name} is another"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if web/dist isn't current")
    options = parser.parse_args()
    check_node()
    install()
    with tempfile.TemporaryDirectory(prefix="fristad-web-") as folder:
        build(folder)
        built, kept = files_of(folder), files_of(DIST)
        found = list(differences(built, kept))
        if options.check:
            for one in found:
                print(f"web/dist: {one}")
            if found:
                print("web/dist isn't what web/ gives. Build it anew: tools/web_bundle.py")
            else:
                print(f"web/dist is current: {len(built)} files, {sum(map(len, built.values())):,} bytes")
            return 1 if found else 0
        if found:
            # Old names would be built into the program too.
            shutil.rmtree(DIST, ignore_errors=True)
            for name, content in built.items():
                path = DIST / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        print(f"web/dist: {len(built)} files, {sum(map(len, built.values())):,} bytes"
              f"{'' if found else '; nothing has changed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
