"""A node that serves its HTTP API, shared by the tests of a class, with people who are made when they are needed"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from api_client import ORIGIN, Client
from support import PROGRAM, TIMEOUT_S, remove_tree


class Served:
    """A node in a folder "se" of its own, and its server."""

    def __init__(self, *init, member="se", **settings):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fristad-e2e-"))
        self.process = None
        self.port = 0
        self.clients = []
        self.people = {}
        self.keys = {}
        self.passwords = {}
        self.tokens = {}
        self.cli("node", "init", "se", "--member", member, "--key-file", "se.key", "--shares", "shares", *init)
        self.configure(**settings)

    def configure(self, **settings):
        settings = {"listen": "127.0.0.1:0", "origins": [ORIGIN]} | settings
        self.folder.joinpath("se", "serve.json").write_text(json.dumps(settings))

    def cli(self, *arguments, expect=0, stdin=b""):
        """Runs a command on the node, by way of the server if there is one; gives what it printed."""
        done = subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, cwd=self.folder,
                              env={**os.environ, "FRISTAD_NODE": "se"}, timeout=TIMEOUT_S, check=False)
        assert done.returncode == expect, (arguments, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout.decode() if expect == 0 else done.stderr.decode()

    def start(self, *arguments):
        with self.folder.joinpath("log").open("ab") as log:
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen([PROGRAM, "serve", "se", *arguments], cwd=self.folder,
                                            stdout=subprocess.PIPE, stderr=log)
        for line in self.process.stdout:
            if line.startswith(b"serves "):
                self.port = int(line.rsplit(b":", 1)[1])
                return self
        raise AssertionError("it didn't start: " + self.said())

    def said(self):
        """All of the server's log."""
        return self.folder.joinpath("log").read_text()

    def stop(self):
        self.process.terminate()
        code = self.process.wait(TIMEOUT_S)
        rest = self.process.stdout.read()
        self.process.stdout.close()
        self.process = None
        assert (code, rest) == (0, b"stopped\n"), (code, rest, self.said())

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def remove(self):
        for client in self.clients:
            client.close()
        if self.process:
            self.kill()
        remove_tree(self.folder)

    # ---- Who asks ----

    def nobody(self):
        return Client(self.port, others=self.clients)

    def first_password(self, printed):
        [line] = [line for line in printed.splitlines() if line.startswith("first password: ")]
        return line.removeprefix("first password: ")

    def add_user(self, name, *roles):
        """Makes a user by the command line; gives his first password."""
        options = [option for role in roles for option in ("--role", role)]
        self.passwords[name] = self.first_password(self.cli("user", "add", name, *options))
        return self.passwords[name]

    def person(self, name, *roles):
        """A client that somebody with these roles has signed in on: made once. Without roles: the name is the role."""
        if name not in self.people:
            password = self.add_user(name, *(roles or (name,)))
            client = self.nobody()
            assert client.begin(name, password)["step"] == "enrol"
            self.keys[name] = client.enrol_key(password)
            self.people[name] = client
        return self.people[name]

    def another_session(self, name):
        client = self.people[name].like()
        client.sign_in(name, self.passwords[name], self.keys[name])
        return client

    def program(self, *scopes, name=None, **options):
        """A client with a token of these scopes: made once for each name."""
        name = name or "-".join(scopes)
        if name not in self.people:
            arguments = [option for scope in scopes for option in ("--scope", scope)]
            for option, value in options.items():
                arguments += ["--" + option.replace("_", "-"), str(value)]
            made = json.loads(self.cli("token", "add", name, "--json", *arguments))
            self.tokens[name] = made["token"]
            client = self.nobody()
            client.token = made["secret"]
            self.people[name] = client
        return self.people[name]


class ServedCase(unittest.TestCase):
    """Tests that share a server."""

    settings = {}
    lists_made = 0

    @classmethod
    def setUpClass(cls):
        cls.served = Served(**cls.settings)
        cls.addClassCleanup(cls.served.remove)
        cls.served.start()
        cls.person = cls.served.person
        cls.program = cls.served.program

    def tearDown(self):
        self.assertIsNone(self.served.process.poll(), "the server is gone")

    @classmethod
    def make_list(cls, title=None, **more):
        """A list; gives its path in the API."""
        cls.lists_made += 1
        draft = {"title": title or f"list {cls.lists_made}", **more}
        return "/api/v1/lists/" + cls.person("analyst").post("/api/v1/lists", draft).json["list"]

    @classmethod
    def add(cls, path, *entries):
        """Adds entries to a list; gives their numbers."""
        return cls.person("analyst").post(path + "/entries", {"entries": list(entries)}).json["entries"]

    @staticmethod
    def matches(client, **query):
        return client.post("/api/v1/match", query).json["matches"]
