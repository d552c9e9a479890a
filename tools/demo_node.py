"""The second part of ./run demo: a node with made-up lists and people, served until Ctrl-C.

It listens on this machine alone, and lies in a temporary folder that is gone afterwards.
"""

import contextlib
import csv
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from authenticator import totp  # pylint: disable=wrong-import-position

PORT = 8340
PERIOD_S = 30  # of a code
TIMEOUT_S = 60
QUALITY_MIN = 50  # below, pictures look alike
REVIEWED_LIST = "Reviewed, made up"
PHOTO_LIST = "Harmless photos of the demo"
# Who is there: name, what people call him or her, role. The app that shows the analysts' codes is this program.
ANALYSTS = [("anna", "Anna Ahl", "analyst"), ("omar", "Omar Öst", "analyst")]
KEY_HOLDERS = [("eva", "Eva Ek", "admin"), ("sten", "Sten Sjö", "steward")]


def free_port(wanted):
    """`wanted`, or another where that one is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    sys.exit("no port of this machine is free")


class Person:
    """One who has signed in, as a program sees it: a cookie, and what a page of the node would know beside it."""

    def __init__(self, port, name):
        self.port = port
        self.name = name
        self.cookie = self.csrf = self.secret = ""

    def ask(self, method, path, body=None, kind="application/json"):
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        headers = {"Content-Type": kind, "Cookie": "fristad_session=" + self.cookie, "X-CSRF-Token": self.csrf}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            answer = response.read()
            if response.status >= 400:
                sys.exit(f"{method} {path}: {response.status} {answer.decode(errors='replace')}")
            for cookie in response.headers.get_all("Set-Cookie") or []:
                if found := re.match("fristad_session=([^;]*)", cookie):
                    self.cookie = found[1]
            return json.loads(answer) if response.headers.get_content_type() == "application/json" else answer
        finally:
            connection.close()

    def step(self, path, body):
        answer = self.ask("POST", "/api/v1/sessions" + path, body)
        self.csrf = answer["csrf"]
        return answer["step"]

    def enrol(self, password):
        """Signs in for the first time, which asks for a second factor: the codes of an app."""
        self.step("", {"name": self.name, "password": password})
        self.secret = self.ask("POST", "/api/v1/me/totp", {"password": password})["secret"]
        # A code is good once. That of half a minute ago still is, and leaves the current one to the reader.
        self.ask("POST", "/api/v1/me/totp/confirm", {"code": totp(self.secret, -1)})
        if self.step("/enrolled", {}) != "done":
            sys.exit(f"{self.name} couldn't sign in")


class DemoNode:
    def __init__(self, program, folder):
        self.program = program
        self.folder = pathlib.Path(folder)
        self.node = self.folder / "node"
        self.process = None
        self.port = free_port(PORT)
        self.passwords = {}
        self.people = {}
        self.cli("node", "init", self.node, "--member", "se", "--key-file", self.folder / "node.key", "--shares",
                 self.folder / "shares")
        # Security keys are made for a name, and a number is none.
        self.address = f"http://localhost:{self.port}"
        settings = {"listen": f"127.0.0.1:{self.port}", "origins": [self.address]}
        (self.node / "serve.json").write_text(json.dumps(settings))

    def cli(self, *arguments):
        command = [str(one) for one in (self.program, *arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              env={**os.environ, "FRISTAD_NODE": str(self.node)}, timeout=TIMEOUT_S)
        if done.returncode:
            sys.exit(f"{' '.join(command)}\nfailed ({done.returncode}):\n{done.stderr}")
        return done.stdout

    # ---- What is on it ----

    def add_lists(self, photos):
        """The photos of the demo as the program hashed them, and lists of random numbers, which are nobody's hashes."""
        draw = random.Random(7)
        self.add_list(PHOTO_LIST, [
            {"id": f"photo-{number}", "classification": "baseline", "note": os.path.basename(photo["path"]),
             **{kind: photo[kind] for kind in ("pdq", "md5", "sha1", "sha256")}}
            for number, photo in enumerate(photos, 1) if photo["pdq_quality"] >= QUALITY_MIN])
        self.add_list(REVIEWED_LIST, [
            {"id": f"{2024 + number % 3}/{number:04}", "classification": "baseline",
             "note": draw.choice(["", "", "seen by two analysts", "from the police of another country"]),
             "pdq": draw.randbytes(32).hex(), "md5": draw.randbytes(16).hex()} for number in range(1, 1201)],
            "--handling", "TLP:AMBER+STRICT")
        self.add_list("National classes, made up", [
            {"id": f"nat-{number}", "classification": "national", "note": "", "sha256": draw.randbytes(32).hex()}
            for number in range(1, 161)], "--handling", "TLP:RED", "--limit", "20")
        self.add_list("Known to be harmless, made up", [
            {"id": f"ok-{number}", "classification": "not-illegal", "note": "an advertisement that was reported",
             "pdq": draw.randbytes(32).hex()} for number in range(1, 41)],
            "--purpose", "allow", "--handling", "TLP:GREEN")

    def add_list(self, title, rows, *options):
        path = self.folder / "list.csv"
        with open(path, "w", encoding="utf-8", newline="") as stream:
            table = csv.DictWriter(stream, rows[0])
            table.writeheader()
            table.writerows(rows)
        self.cli("list", "create", title, *options)
        self.cli("list", "import", title, path)

    def add_people(self):
        for name, display, role in ANALYSTS + KEY_HOLDERS:
            printed = self.cli("user", "add", name, "--display", display, "--role", role)
            self.passwords[name] = re.search(r"^first password: (.*)$", printed, re.M)[1]

    def sign_in_analysts(self):
        for name, _, _ in ANALYSTS:
            self.people[name] = Person(self.port, name)
            self.people[name].enrol(self.passwords[name])

    def list_named(self, title):
        lists = self.people["anna"].ask("GET", "/api/v1/lists")["lists"]
        return "/api/v1/lists/" + next(one["list"] for one in lists if one["title"] == title)

    def add_work(self):
        """What two analysts have left behind, so that no page is empty and something waits for an answer."""
        reviewed = self.list_named(REVIEWED_LIST)
        anna, omar = self.people["anna"], self.people["omar"]
        page = anna.ask("GET", reviewed + "/entries?count=5")["entries"]
        first = page[0]["entry"]
        anna.ask("POST", f"{reviewed}/entries/{first}/opinions", {"verdict": "confirm", "basis": "examined"})
        omar.ask("POST", f"{reviewed}/entries/{first + 1}/opinions",
                 {"verdict": "dispute", "basis": "examined", "reason": "shows an adult, by the original report"})
        omar.ask("POST", reviewed + "/withdrawals",
                 {"entries": str(first + 2), "reason": "classified by mistake; made up for the demo"})
        omar.ask("POST", reviewed + "/exports", {"format": "csv", "reason": "asked for by the police, order 12-345"})

    # ---- Serving ----

    def start(self):
        with open(self.folder / "log", "ab") as log:
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen([self.program, "serve", str(self.node)], stdout=subprocess.PIPE, stderr=log)
        for line in self.process.stdout:
            if line.startswith(b"serves "):
                return
        sys.exit("the node didn't start:\n" + (self.folder / "log").read_text())

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(TIMEOUT_S)
        if self.process:
            self.process.stdout.close()
        self.process = None

    # ---- Looking at it ----

    def check_pages(self):
        """The first page and each file that it names."""
        page = Person(self.port, "").ask("GET", "/").decode()
        files = re.findall(r'(?:src|href)="(/[^"]+)"', page)
        if "<title>" not in page or not files:
            sys.exit("the first page isn't there")
        for file in files:
            Person(self.port, "").ask("GET", file)
        return len(files)

    def check_match(self, picture, title):
        with open(picture, "rb") as stream:
            answer = self.people["anna"].ask("POST", "/api/v1/match/image", stream.read(), "image/jpeg")
        return any("/api/v1/lists/" + one["list"] == self.list_named(title) for one in answer["matches"])


def print_sign_ins(node, pictures):
    print("\nA node is running on this machine, with made-up lists and people. Open in a browser:\n\n"
          f"  {node.address}\n")
    width = max(map(len, node.passwords.values()))
    print(f"  {'name':<6} {'role':<9} {'password':<{width}}  second factor")
    for people, factor in ((ANALYSTS, "the code below"), (KEY_HOLDERS, "your security key or passkey")):
        for name, _, role in people:
            print(f"  {name:<6} {role:<9} {node.passwords[name]:<{width}}  {factor}")
    print("\nWho signs in with a security key adds it the first time. A code is good once; the next one comes soon.")
    print("Omar has asked for an export, and anna may answer: see Approvals.")
    print(f"Pictures to try on the page Match: {pictures}")
    print("\nCtrl-C ends it and removes everything.\n", flush=True)


def codes(node):
    return "   ".join(f"{name} {totp(node.people[name].secret)}" for name, _, _ in ANALYSTS)


def show_codes(node):
    """The current code of each analyst: in place on a terminal, else a line each time that they change."""
    in_place = sys.stdout.isatty()
    shown = None
    while node.process.poll() is None:
        period, left = int(time.time()) // PERIOD_S, PERIOD_S - int(time.time()) % PERIOD_S
        if in_place:
            print(f"\rCodes now:   {codes(node)}   for {left:>2} s ", end="", flush=True)
        elif period != shown:
            print(f"Codes now:   {codes(node)}", flush=True)
            shown = period
        time.sleep(1)
    sys.exit("\nthe node has ended:\n" + (node.folder / "log").read_text())


@contextlib.contextmanager
def until_signal():
    """SIGTERM and SIGHUP end what is inside as Ctrl-C does, so that folders go away."""
    def end(*_):
        raise KeyboardInterrupt
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, end)
    try:
        yield
    except KeyboardInterrupt:
        print("\nended")


def run(program, folder, photos, once):
    """Makes the node and stays until Ctrl-C; `once`: looks whether it works. Gives what the exit code is."""
    node = DemoNode(program, folder)
    try:
        node.add_lists(photos)
        node.add_people()
        node.start()
        node.sign_in_analysts()
        node.add_work()
        pictures = os.path.join(folder, "images")
        if not once:
            print_sign_ins(node, pictures)
            show_codes(node)
        files = node.check_pages()
        copy = next(name for name in sorted(os.listdir(pictures)) if "__" in name)
        found = node.check_match(os.path.join(pictures, copy), PHOTO_LIST)
        print(f"\nA node served its pages ({files} files beside the first one), and an altered copy was "
              f"{'found' if found else 'NOT found'} by its API.")
        return 0 if found else 1
    finally:
        node.stop()
