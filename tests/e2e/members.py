"""Some members of an alliance, each a node of its own with a server of its own, on this machine."""

import json
import os
import pathlib
import socket
import subprocess
import time

TIMEOUT_S = 120
NAMES = {"se": "Sweden", "us": "United States", "nz": "New Zealand", "dk": "Denmark", "no": "Norway"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Member:
    def __init__(self, program, folder, code, init=(), **federation):
        self.program = str(program)
        self.folder = pathlib.Path(folder)
        self.code = code
        self.process = None
        # In its card from the start, so it stays the same.
        self.port = free_port()
        self.http = 0
        self.cli("node", "init", code, "--member", code, "--key-file", f"{code}.key", "--shares", f"shares-{code}",
                 *init)
        self.configure(**federation)

    def configure(self, **federation):
        federation = {"listen": f"127.0.0.1:{self.port}"} | federation
        settings = {"listen": "127.0.0.1:0", "federation": federation}
        self.folder.joinpath(self.code, "serve.json").write_text(json.dumps(settings))

    # ---- Its server ----

    def start(self, env=None):
        """`env`: what else the server's environment holds."""
        with self.folder.joinpath(f"{self.code}.log").open("ab") as log:
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen([self.program, "serve", self.code], cwd=self.folder, stdout=subprocess.PIPE,
                                            stderr=log, env={**os.environ, **(env or {})})
        for line in self.process.stdout:
            if line.startswith(b"serves http"):
                self.http = int(line.rsplit(b":", 1)[1])
            if line.startswith(b"serves other members"):
                return self
        raise AssertionError(f"{self.code} didn't start: {self.said()}")

    def said(self):
        return self.folder.joinpath(f"{self.code}.log").read_text()

    def stop(self):
        self.process.terminate()
        code = self.process.wait(TIMEOUT_S)
        self.process.stdout.close()
        self.process = None
        assert code == 0, self.said()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    # ---- Commands ----

    def run(self, *arguments, seconds=TIMEOUT_S):
        return subprocess.run([self.program, *arguments], capture_output=True, cwd=self.folder, timeout=seconds,
                              check=False, env={**os.environ, "FRISTAD_NODE": self.code})

    def cli(self, *arguments, seconds=TIMEOUT_S):
        done = self.run(*arguments, seconds=seconds)
        assert done.returncode == 0, (self.code, arguments, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout.decode()

    def refused(self, *arguments):
        done = self.run(*arguments)
        assert done.returncode == 3, (self.code, arguments, done.returncode, done.stdout[-2000:])
        return done.stderr.decode()

    def json(self, *arguments):
        return [json.loads(line) for line in self.cli(*arguments, "--json").splitlines()]

    def status(self):
        [status] = self.json("alliance", "status")
        return status

    def sees(self, code):
        """Its row of another member."""
        return next((row for row in self.status()["members"] if row["member"] == code), None)

    # ---- Among others ----

    def card(self, kind="state", jurisdiction=None):
        jurisdiction = jurisdiction or self.code[:2].upper()
        return ["--name", NAMES.get(self.code, self.code), "--kind", kind, "--jurisdiction", jurisdiction,
                "--address", f"https://127.0.0.1:{self.port}"]

    def letter(self, name, text):
        self.folder.joinpath(name).write_text(text)
        return name

    def words(self, name):
        [line] = [line for line in self.cli("alliance", "read", name).splitlines() if line.startswith("words ")]
        return line.split()[1]

    def create(self, title, *hashes, readers=(), classification="baseline"):
        """A list with these PDQ hashes, shared; gives its id."""
        name = self.cli("list", "create", title).strip()
        if hashes:
            rows = "".join(f"{value},{classification}\n" for value in hashes)
            self.letter("rows.csv", "pdq,classification\n" + rows)
            self.cli("list", "import", name, "rows.csv")
        if readers:
            self.cli("alliance", "grant", name, *readers)
        return name

    def matches(self, *hashes):
        return [line["matches"] for line in self.json("match", *hashes)]

    def level(self, value):
        """How high the best match of a hash is ruled; "" for no match."""
        levels = [match["level"] for match in self.matches(value)[0]]
        return max(levels, key=["none", "observe", "lead", "enforce"].index, default="")


class Members:
    def __init__(self, program, folder, *codes, init=None, **federation):
        """`init`: what else `node init` of a member is told."""
        self.folder = pathlib.Path(folder)
        self.all = {code: Member(program, folder, code, (init or {}).get(code, ()), **federation) for code in codes}

    def __getitem__(self, code):
        return self.all[code]

    def start(self, *codes):
        for code in codes or self.all:
            self.all[code].start()

    def end(self):
        for member in self.all.values():
            if member.process:
                member.kill()

    def found(self, *codes):
        """These found an alliance; gives when it exists for each of them."""
        cards = []
        for code in codes:
            member = self.all[code]
            cards += ["--founder", member.letter(f"{code}.card", member.cli("alliance", "card", *member.card()))]
        self.folder.joinpath("charter.txt").write_text("We protect children.\n")
        for code in codes:
            self.all[code].cli("alliance", "found", "--name", "Alliance", "--charter", "charter.txt", *cards)
        for code in codes:
            until(lambda one=code: self.all[one].status()["exists"], f"the alliance exists for {code}")

    def invite(self, inviter, code, kind="state", jurisdiction=None):
        """Gives the candidate's answer and words."""
        host, guest = self.all[inviter], self.all[code]
        jurisdiction = jurisdiction or code[:2].upper()
        host.letter("letter", host.cli("alliance", "invite", code, "--kind", kind, "--jurisdiction", jurisdiction))
        answer = guest.cli("alliance", "accept", "letter", "--words", host.words("letter"),
                           *guest.card(kind, jurisdiction))
        host.letter(f"answer-{code}", answer)
        return f"answer-{code}", host.words(f"answer-{code}")

    def vote_yes(self, voter, what, words=None):
        """For a change of this kind, once one waits for that member's vote."""
        member = self.all[voter]

        def waiting():
            return [change["digits"][:12] for change in member.status()["waiting"] if change["what"] == what]
        until(waiting, f"a change ({what}) waits for {voter}'s vote")
        member.cli("alliance", "vote", "yes", waiting()[0], *(["--words", words] if words else []))

    def join(self, inviter, code, voters=(), kind="state", jurisdiction=None):
        """Invited, accepted, voted in by the inviter and these, and known by all."""
        answer, words = self.invite(inviter, code, kind, jurisdiction)
        self.all[inviter].cli("alliance", "vote", "admit", answer, "--words", words)
        for voter in voters:
            self.vote_yes(voter, "admit", words)
        for one in (code, inviter, *voters):
            until(lambda at=one: (self.all[at].sees(code) or {}).get("standing") == "active",
                  f"{one} knows {code} as a member")

    def settle(self, *codes):
        """Until each has read all of every other that runs, and all of it is cosigned."""
        running = [self.all[code] for code in codes] or [one for one in self.all.values() if one.process]
        for reader in running:
            for author in running:
                if reader is not author:
                    until(lambda r=reader, a=author: is_settled(r, a), f"{reader.code} has read {author.code}")


def is_settled(reader, author):
    [of_itself] = [row for row in author.status()["members"] if row["own"]]
    row = reader.sees(author.code)
    return row and row["records"] == row["cosigned"] == row["read_to"] == of_itself["records"]


def until(holds, what, seconds=60):
    """Waits until it holds; fails the test that waits for ever."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def dumped(member):
    """What is shared, as the node has it in its views, whatever its log is called."""
    lines = member.cli("dump").splitlines()
    return {line for line in lines if "/private/" not in line and not line.startswith(('["subscription', '["user'))}
