#!/usr/bin/env python3
"""./run demo: a list of known photos, a folder of altered copies and unrelated images, one scan, a short table. Then
three nodes that found an alliance and share a list, and a node with made-up lists, to look at until Ctrl-C.

Everything is made from the photos of tests/data and from random numbers, in a temporary folder that is gone afterwards.
"""

import argparse
import collections
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import demo_alliance
import demo_node

DATA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "data")
PHOTOS = ["dih/bridge-1-original.jpg", "pen-and-coaster.png", "labelme-subset/q0122.jpg", "labelme-subset/q0291.jpg",
          "labelme-subset/q1050.jpg", "labelme-subset/q2821.jpg"]
QUALITY_MIN = 50


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nfailed ({done.returncode}):\n{done.stderr}")
    return done.stdout


def write_list(program, path):
    """Hashes the photos into a CSV list; returns what the program said of each."""
    photos = [json.loads(line) for line in run(program, "hash", "--json", *PHOTOS).splitlines()]
    with open(path, "w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["id", "pdq", "md5", "sha1", "sha256"])
        for photo in photos:
            table.writerow([os.path.basename(photo["path"])] + [photo[key] for key in ("pdq", "md5", "sha1", "sha256")])
    return photos


def make_images(program, photos, folder):
    """Returns {alteration: {file: id of the photo}} of the photos that aren't too flat to be matched, and the unrelated
    files."""
    os.mkdir(f"{folder}/photos")
    os.mkdir(f"{folder}/images")
    usable = {}
    for photo in photos:
        if photo["pdq_quality"] >= QUALITY_MIN:
            name = os.path.basename(photo["path"])
            usable[os.path.splitext(name)[0]] = name
            shutil.copyfile(photo["path"], f"{folder}/photos/{name}")
    run(program, f"{folder}/photos", f"{folder}/images")
    copies, unrelated = collections.defaultdict(dict), []
    for file in sorted(os.listdir(f"{folder}/images")):
        stem, _, alteration = os.path.splitext(file)[0].partition("__")
        if alteration:
            copies[alteration][file] = usable[stem]
        else:
            unrelated.append(file)
    return copies, unrelated


def read_matches(path):
    """The matches of a report by file name, the nearest first."""
    matches = collections.defaultdict(list)
    with open(path, encoding="utf-8") as stream:
        for line in map(json.loads, stream):
            if line["type"] == "match":
                matches[os.path.basename(line["path"])].append(line)
    for found in matches.values():
        found.sort(key=lambda match: match.get("distance", 0))
    return matches


def nearest(matches, known):
    """The nearest match that names the photo `known`; None if there is none."""
    return next((match for match in matches if match["id"] == known), None)


def span(numbers):
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"


def print_table(copies, matches):
    print(f"{'what was done to it':<24} {'copies':>6} {'found':>6} {'bits apart':>11}  orientation")
    for alteration, files in copies.items():
        right = [match for file, known in files.items() if (match := nearest(matches[file], known))]
        distances = [match["distance"] for match in right if "distance" in match]
        orientations = sorted({match["orientation"] for match in right if "orientation" in match})
        print(f"{alteration:<24} {len(files):>6} {len(right):>6} {span(distances) if distances else '-':>11}  "
              f"{', '.join(orientations) or '-'}")


def scan(program, make_images_program, folder):
    """Finds altered copies and prints how well; gives what the program said of the photos, None if that went wrong."""
    photos = write_list(program, f"{folder}/known.csv")
    run(program, "index", "build", f"{folder}/known.csv", "-o", f"{folder}/known.frseg")
    copies, unrelated = make_images(make_images_program, photos, folder)
    start = time.monotonic()
    run(program, "scan", f"{folder}/images", "--index", f"{folder}/known.frseg", "-o", f"{folder}/report")
    seconds = time.monotonic() - start
    matches = read_matches(f"{folder}/report.jsonl")

    originals = {file: known for files in copies.values() for file, known in files.items()}
    found = sum(nearest(matches[file], known) is not None for file, known in originals.items())
    wrong = sum(bool(matches[file]) for file in unrelated)
    print(f"A list of {len(photos)} photos, and a folder with {len(originals)} altered copies of them and "
          f"{len(unrelated)} unrelated images,\nscanned in {seconds:.1f} s:\n")
    print_table(copies, matches)
    print(f"\naltered copies:   {len(originals)}, found: {found}")
    print(f"unrelated images: {len(unrelated)}, rightly not found: {len(unrelated) - wrong}")
    print("\nOf 256 bits 31 may differ. A copy that was changed more than that isn't found by its look.", flush=True)
    return photos if found and not wrong else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--make-images", required=True)
    parser.add_argument("--once", action="store_true", help="look whether the node works, and end")
    options = parser.parse_args()
    program, options.make_images = os.path.abspath(options.program), os.path.abspath(options.make_images)
    os.chdir(DATA)
    with demo_node.until_signal(), tempfile.TemporaryDirectory(prefix="fristad-demo-") as folder:
        photos = scan(program, options.make_images, folder)
        if photos is None or not demo_alliance.run(program, folder):
            return 1
        return demo_node.run(program, folder, photos, options.once)
    return 0


if __name__ == "__main__":
    sys.exit(main())
