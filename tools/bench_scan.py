#!/usr/bin/env python3
"""./run bench scan: how much faster two processor cores scan a folder than one.

The runs take turns, so that what else the machine does meets both alike; the best of each counts.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

DATA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "data")
CORES = (1, 2)


def run(*command, cores=None):
    """Runs a command, with its decoder processes on the first `cores` of the processor."""
    narrow = (lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])) if cores else None
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=narrow)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nfailed ({done.returncode}):\n{done.stderr}")
    return done.stdout


def make_folder(make_images, photos, folder, files):
    """A folder of `files` images: what make_images makes, and further copies of these."""
    os.mkdir(folder)
    run(make_images, photos, folder)
    names = sorted(os.listdir(folder))
    for i in range(len(names), files):
        name = names[i % len(names)]
        shutil.copyfile(f"{folder}/{name}", f"{folder}/{i}-{name}")
    return sum(os.path.getsize(f"{folder}/{name}") for name in os.listdir(folder))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--make-images", required=True)
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="fristad-bench-") as folder:
        photo = json.loads(run(options.program, "hash", "--json", f"{DATA}/dih/bridge-1-original.jpg"))
        with open(f"{folder}/known.csv", "w", encoding="utf-8") as stream:
            stream.write(f"id,pdq\nbridge,{photo['pdq']}\n")
        run(options.program, "index", "build", f"{folder}/known.csv", "-o", f"{folder}/known.frseg")
        size = make_folder(options.make_images, f"{DATA}/dih", f"{folder}/images", options.files)

        seconds = {cores: [] for cores in CORES}
        for turn in range(options.rounds):
            for cores in CORES:
                start = time.monotonic()
                run(options.program, "scan", f"{folder}/images", "--index", f"{folder}/known.frseg", "-o",
                    f"{folder}/report-{turn}-{cores}", "--threads", str(cores), cores=cores)
                seconds[cores].append(time.monotonic() - start)

    print(f"scan: {options.files} images, {size / 1e6:.0f} MB, best of {options.rounds} runs")
    for cores, times in seconds.items():
        print(f"  cores: {cores}  {min(times):7.2f} s  {options.files / min(times):8.0f} images/s")
    print(f"  two cores to one: {min(seconds[1]) / min(seconds[2]):.2f} times (budget 1.8)")


if __name__ == "__main__":
    main()
