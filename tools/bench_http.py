#!/usr/bin/env python3
"""./run bench http: a node that serves, with the load generator (wrk) on the same processor cores.

    tools/bench_http.py --program FILE --make-images FILE [--rows N] [--seconds N]

Plain and TLS match by hash, batches, uploads, how soon a new entry matches under load, memory of an idle node. Every
answer's status is checked by wrk. The bodies are made beforehand: half of the hashes asked about lie near one of the
list.
"""

import argparse
import base64
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from bench_record import write_list

BODIES = 20_000
BATCH = 10_000


def flipped(draw, digits):
    value = int(digits, 16)
    for bit in draw.sample(range(256), draw.randrange(20)):
        value ^= 1 << bit
    return f"{value:064x}"


def write_bodies(folder, list_path, images):
    """What wrk sends: files with a body in each line or each file."""
    draw = random.Random(2)
    known = []
    with open(list_path, encoding="ascii") as file:
        next(file)
        for number, line in enumerate(file):
            if number % 97 == 0:
                known.append(line[:64])
            if len(known) == 5 * BODIES:
                break
    ask = [flipped(draw, draw.choice(known)) if i % 2 else draw.randbytes(32).hex() for i in range(BODIES)]
    (folder / "single").write_text("".join(f'{{"pdq":"{digits}"}}\n' for digits in ask))
    (folder / "batch").write_text("".join(json.dumps({"pdq": draw.sample(ask, BATCH)}) + "\n" for _ in range(4)))
    (folder / "images").write_text("".join(base64.b64encode(path.read_bytes()).decode() + "\n" for path in images))


LUA = """
local path, kind, token = "%s", "%s", "%s"
local bodies, at = {}, 0  -- whole requests
local function decode(text)
  local out, bits, value = {}, 0, 0
  for i = 1, #text do
    local c = text:byte(i)
    local six = (c >= 65 and c <= 90) and c - 65 or (c >= 97 and c <= 122) and c - 71
      or (c >= 48 and c <= 57) and c + 4 or c == 43 and 62 or c == 47 and 63 or nil
    if six then
      value, bits = value * 64 + six, bits + 6
      if bits >= 8 then
        bits = bits - 8
        local unit = 2 ^ bits
        local byte = math.floor(value / unit)
        out[#out + 1] = string.char(byte)
        value = value - byte * unit
      end
    end
  end
  return table.concat(out)
end
function init(args)
  wrk.method = "POST"
  wrk.headers["Authorization"] = "Bearer " .. token
  for line in io.lines(path) do
    bodies[#bodies + 1] = wrk.format(nil, nil, nil, kind == "image" and decode(line) or line)
  end
  at = math.random(#bodies)
end
function request()
  at = at %% #bodies + 1
  return bodies[at]
end
"""


def run_wrk(url, script, seconds, connections):
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s", "-s",
                           script, url], capture_output=True, text=True, check=False)
    text = done.stdout
    if done.returncode or "Requests/sec" not in text:
        sys.exit(f"wrk failed:\n{text}{done.stderr}")
    for trouble in ("Non-2xx", "Socket errors"):
        if trouble in text:
            print("  " + next(line.strip() for line in text.splitlines() if trouble in line))
    rate = float(re.search(r"Requests/sec:\s*([\d.]+)", text)[1])
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    return rate, float(p99[1]) * {"us": 0.001, "ms": 1, "s": 1000}[p99[2]]


class Served:
    """A node's server as a process of its own."""

    def __init__(self, program, node, config):
        path = node.parent / f"{node.name}-serve.json"
        path.write_text(json.dumps(config))
        self.process = subprocess.Popen([program, "serve", node, "--config", path, "--listen", "127.0.0.1:0"],
                                        stdout=subprocess.PIPE, text=True)
        while not (line := self.process.stdout.readline()).startswith("serves"):
            if not line:
                sys.exit("the server didn't start")
        self.port = int(line.rsplit(":", 1)[1])

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s*(\d+)", status)[1]) * 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


def make_node(program, folder, name):
    node = folder / name
    subprocess.run([program, "node", "init", node, "--member", "se", "--key-file", folder / f"{name}.key", "--shares",
                    folder / f"{name}.shares"], check=True, stdout=subprocess.DEVNULL)
    return node


def token_of(program, node, name, *scopes):
    options = [word for scope in scopes for word in ("--scope", scope)]
    command = [program, "token", "add", name, "--json", "--hashes-per-minute", "0", "--node", node, *options]
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(made.stdout)["secret"]


def seconds_until_visible(port, list_id, writer, reader, draw):
    """How long after the answer to an added entry a match of it is found."""
    def post(path, token, body):
        connection.request("POST", path, json.dumps(body), {"Authorization": "Bearer " + token})
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    connection = http.client.HTTPConnection("127.0.0.1", port)
    waits = []
    for _ in range(30):
        digits = draw.randbytes(32).hex()
        begin = time.monotonic()
        status, _ = post(f"/api/v1/lists/{list_id}/entries", writer,
                         {"entries": [{"pdq": digits, "classification": "baseline"}]})
        assert status == 201, status
        while not post("/api/v1/match", reader, {"pdq": digits})[1]["match"]:
            pass
        waits.append(time.monotonic() - begin)
    return waits


def wait_until_merged(program, node):
    """A list that was just imported is made one in the background; what follows measures the index at rest."""
    begin = rested = time.monotonic()
    while time.monotonic() - rested < 2:
        time.sleep(0.2)
        status = subprocess.run([program, "node", "status", "--json", "--node", node], check=True, capture_output=True)
        if json.loads(status.stdout)["index_merging"]:
            rested = time.monotonic()
    return rested - begin


def report(what, figure, target=""):
    print(f"{what:<58} {figure:>22}   {target}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--make-images", required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fristad-bench-"))
    try:
        measure(program, folder, options)
    finally:
        shutil.rmtree(folder)


def measure(program, folder, options):
    idle = Served(program, make_node(program, folder, "idle"), {})
    time.sleep(5)
    report("memory of an idle node, MB", f"{idle.memory() / 1e6:.0f}", "target < 80")
    idle.stop()

    subprocess.run([os.path.abspath(options.make_images), "--plain", folder / "made", "12", "1024", "768"], check=True)
    photos = sorted((folder / "made").iterdir())

    node = make_node(program, folder, "node")
    write_list(folder / "list.csv", options.rows)
    list_id = subprocess.run([program, "list", "create", "bench", "--node", node], check=True, text=True,
                             capture_output=True).stdout.split()[0]
    subprocess.run([program, "list", "import", list_id, folder / "list.csv", "--node", node], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    write_bodies(folder, folder / "list.csv", photos)
    match = token_of(program, node, "match", "match")
    details = token_of(program, node, "details", "details")
    writer = token_of(program, node, "writer", "entries")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", folder / "tls.key", "-out", folder / "tls.pem", "-days", "2", "-subj", "/CN=localhost"],
                   check=True, capture_output=True)
    for name, body, kind, token in (("single", "single", "line", details), ("watched", "single", "line", match),
                                    ("batch", "batch", "line", details), ("image", "images", "image", details)):
        (folder / f"{name}.lua").write_text(LUA % (folder / body, kind, token))

    served = Served(program, node, {})
    waited = wait_until_merged(program, node)
    served.stop()  # the index is saved as it is now, and comes to rest
    report("until the parts of the imported list were one index, s", f"{waited:.0f}")
    served = Served(program, node, {})
    base = f"http://127.0.0.1:{served.port}/api/v1"
    print(f"{options.rows:,} entries, server and wrk on the same {os.cpu_count()} cores")
    run_wrk(base + "/match", folder / "single.lua", 2 + options.rows // 1_000_000, 32)  # each chunk was looked at once
    for name, what, target in (("single", "match by hash, plain", "target 15,000 (< 10 ms)"),
                               ("watched", "the same, match-only token", "")):
        rate, p99 = run_wrk(base + "/match", folder / f"{name}.lua", options.seconds, 32)
        report(f"{what}, requests/s (p99)", f"{rate:,.0f} ({p99:.1f} ms)", target)
    rate, _ = run_wrk(base + "/match/batch", folder / "batch.lua", options.seconds, 4)
    report(f"batches of {BATCH:,}, hashes/s", f"{rate * BATCH:,.0f}", "target 80,000")
    rate, p99 = run_wrk(base + "/match/image", folder / "image.lua", options.seconds, 8)
    report(f"upload and match of 1024x768 JPEGs, images/s (p99)", f"{rate:,.0f} ({p99:.0f} ms)", "target 400")

    load = threading.Thread(target=run_wrk, args=(base + "/match", folder / "single.lua", options.seconds, 32))
    load.start()
    time.sleep(1)
    waits = seconds_until_visible(served.port, list_id, writer, details, random.Random(3))
    load.join()
    report("added entry matches under load, median / most, ms",
           f"{statistics.median(waits) * 1000:.0f} / {max(waits) * 1000:.0f}", "target < 100")
    report("memory with the index, GB", f"{served.memory() / 1e9:.2f}")
    served.stop()

    served = Served(program, node, {"certificate_file": str(folder / "tls.pem"), "key_file": str(folder / "tls.key")})
    url = f"https://127.0.0.1:{served.port}/api/v1/match"
    run_wrk(url, folder / "single.lua", 2 + options.rows // 1_000_000, 32)
    rate, p99 = run_wrk(url, folder / "single.lua", options.seconds, 32)
    report("match by hash, TLS 1.3, requests/s (p99)", f"{rate:,.0f} ({p99:.1f} ms)", "target 8,000 (< 10 ms)")
    served.stop()


if __name__ == "__main__":
    main()
