#!/usr/bin/env python3
"""What a user waits for: a list imported, a node started, a log verified, by the program itself.

    tools/bench_record.py --program FILE --postgres-program FILE [--rows N]

On SQLite, then on a PostgreSQL server of its own, with its settings as they come.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time


def write_list(path, rows):
    draw = random.Random(1)
    with open(path, "w", encoding="ascii") as file:
        file.write("pdq,id,classification\n")
        for first in range(0, rows, 10_000):
            digits = draw.randbytes(32 * 10_000).hex()
            file.writelines(f"{digits[64 * i : 64 * i + 64]},case-{first + i},baseline\n"
                            for i in range(min(10_000, rows - first)))


def run(what, *command):
    """Runs and prints how long it took and the most memory it used."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - start
    if status != 0:
        sys.exit(f"{' '.join(map(str, command[:3]))} failed")
    print(f"{what}: {took:.1f} s, {usage.ru_maxrss / 1e6:.2f} GB", flush=True)
    return output


def measure(program, rows, conninfo):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fristad-bench-"))
    try:
        node = folder / "node"
        write_list(folder / "list.csv", rows)
        init = [program, "node", "init", node, "--member", "se", "--key-file", folder / "key", "--shares", folder]
        subprocess.run(init + (["--postgres", conninfo] if conninfo else []), check=True, stdout=subprocess.DEVNULL)
        list_id = subprocess.run([program, "list", "create", "bench", "--node", node], check=True, text=True,
                                 capture_output=True).stdout.split()[0]
        kind = "PostgreSQL" if conninfo else "SQLite"
        print(f"{kind}, a list of {rows:,} rows, each step a process of its own: time, most memory", flush=True)
        run("imported", program, "list", "import", list_id, folder / "list.csv", "--node", node)
        run("cold start, one hash matched", program, "match", "0" * 64, "--node", node)
        run("log verified, with signatures", program, "log", "verify", "--all", "--node", node)
        index = json.loads(run("status", program, "node", "status", "--json", "--node", node))["index_bytes"]
        used = sum(file.stat().st_size for file in node.rglob("*") if file.is_file())
        print(f"the index takes {index / 1e9:.2f} GB, the node's folder {used / rows:.0f} bytes a row", flush=True)
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--postgres-program", required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    measure(program, options.rows, "")
    with subprocess.Popen([options.postgres_program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as server:
        measure(program, options.rows, server.stdout.readline().strip())
        server.stdin.close()


if __name__ == "__main__":
    main()
