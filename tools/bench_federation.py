#!/usr/bin/env python3
"""./run bench federation: members of an alliance on this machine, over loopback and real TLS

How soon what one writes is found at another, what a node costs that has nothing to do, and how long a new reader takes
to catch up with a large list.
"""

import argparse
import http.client
import json
import os
import pathlib
import random
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from members import Members, until  # pylint: disable=wrong-import-position

CODES = ["se", "us", "nz", "dk", "no"]
TRIES = 60
IDLE_S = 30


class Asker:
    """Asks one node's API for matches, over one connection."""

    def __init__(self, member):
        made = json.loads(member.cli("token", "add", "bench", "--scope", "match", "--json"))
        self.headers = {"Authorization": "Bearer " + made["secret"], "Content-Type": "application/json"}
        self.connection = http.client.HTTPConnection("127.0.0.1", member.http)

    def finds(self, value):
        self.connection.request("POST", "/api/v1/match", json.dumps({"pdq": value}), self.headers)
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 200:
            sys.exit(f"the match was refused: {answer}")
        return bool(answer["matches"])


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0


def gather(members):
    for code in CODES:
        path = members.folder / code / "serve.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"log_level": "debug"}))
    members.start()
    members.found("se", "us")
    members.join("se", "nz", ["us"])
    members.join("se", "dk", ["us"])
    members.join("se", "no", ["us", "nz"])
    members.settle()


def latency(members, draw):
    """From the moment at which a command adds an entry at se until another member's API finds it."""
    name = members["se"].create("Bench", readers=["all"])
    others = [members[code] for code in CODES[1:]]
    for other in others:
        until(lambda one=other: one.cli("list", "show"), "the list is there")
        other.cli("list", "subscribe", name)
    askers = [Asker(other) for other in others]
    waits = []
    for number in range(TRIES):
        value = draw.randbytes(32).hex()
        asker = askers[number % len(askers)]
        start = time.monotonic()
        members["se"].cli("list", "add", name, "--pdq", value, "--classification", "baseline")
        while not asker.finds(value):
            time.sleep(0.001)
        waits.append(1000 * (time.monotonic() - start))
    waits.sort()
    p50, p99 = statistics.median(waits), waits[int(0.99 * len(waits))]
    print(f"an entry added at one of {len(CODES)} members is found by another's API: p50 {p50:.0f} ms, p99 {p99:.0f} "
          f"ms (with the command that adds it; {TRIES} times)", flush=True)


def idle(members):
    members.settle()
    before = {code: cpu_s(members[code].process.pid) for code in CODES}
    time.sleep(IDLE_S)
    used = [100 * (cpu_s(members[code].process.pid) - before[code]) / IDLE_S for code in CODES]
    print(f"nothing to do, {len(CODES)} members, each asked every 60 s: {max(used):.2f} % of a core", flush=True)


def nothing_new(members):
    """Readings that found nothing: one question and its answer, over a line that is open."""
    waits = []
    for code in CODES:
        for line in members[code].said().splitlines():
            said = json.loads(line)
            if said["event"] == "federation_read" and not said["anything"]:
                waits.append(said["ms"])
    print(f"a reading that finds nothing new: median {statistics.median(waits):.0f} ms, most {max(waits)} ms "
          f"({len(waits)} of them)", flush=True)


def catch_up(members, rows, draw):
    se, us = members["se"], members["us"]
    for code in CODES[2:]:
        members[code].stop()
    name = se.cli("list", "create", "Large").strip()
    path = members.folder / "large.csv"
    with open(path, "w", encoding="ascii") as stream:
        stream.write("pdq,classification\n")
        for _ in range(rows):
            stream.write(draw.randbytes(32).hex() + ",baseline\n")
    start = time.monotonic()
    se.cli("list", "import", name, str(path), seconds=3600)
    print(f"{rows:,} entries imported at the owner: {time.monotonic() - start:.0f} s", flush=True)
    start = time.monotonic()
    se.cli("alliance", "grant", name, "us")
    until(lambda: us.json("node", "status")[0]["entries"] >= rows, "us has caught up", 3600)
    seconds = time.monotonic() - start
    print(f"a reader has caught up with {rows:,} entries: {seconds:.0f} s ({rows / seconds:,.0f}/s), "
          f"most memory {rss_mb(us.process.pid):.0f} MB, the owner's {rss_mb(se.process.pid):.0f} MB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the list that is caught up with")
    options = parser.parse_args()
    draw = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="fristad-bench-") as folder:
        members = Members(os.path.abspath(options.program), folder, *CODES)
        try:
            gather(members)
            latency(members, draw)
            idle(members)
            nothing_new(members)
            catch_up(members, options.rows, draw)
        finally:
            members.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
