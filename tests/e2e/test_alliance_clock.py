"""A member whose clock is wrong: it says so and waits, the others don't notice, and no order changes"""

import datetime
import http.client
import pathlib
import platform
import re
import time

from members import dumped, is_settled, until
from support import random_hashes
from test_alliance import AllianceCase, ThreeMembersCase

HOUR_S = 3600
DAY_S = 24 * HOUR_S


def faking_library():
    """What makes one process see another time, wherever this system keeps it."""
    folders = (f"/usr/lib/{platform.machine()}-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib")
    for folder in folders:
        path = pathlib.Path(folder, "faketime", "libfaketimeMT.so.1")
        if path.exists():
            return str(path)
    raise AssertionError("libfaketimeMT.so.1 is missing. On Debian 12: apt-get install libfaketime")


def wrong_clock(spec):
    """The environment of a server whose clock is wrong; what it waits for goes on as ever."""
    # An absolute time is read as local time.
    return {"LD_PRELOAD": faking_library(), "FAKETIME": spec, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}


def seconds_until(year):
    return datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc).timestamp() - time.time()


class WrongClockTest(ThreeMembersCase):
    BEAT = {"beat_seconds": 1}

    def add(self, member, name, value):
        self.write("row.csv", f"pdq,classification\n{value},baseline\n")
        member.cli("list", "import", name, "row.csv")

    def offset_metric(self, member):
        """By how many seconds the others are ahead, as whoever watches the server is told."""
        token = member.cli("token", "add", f"watch-{time.monotonic_ns()}", "--scope", "metrics").strip()
        connection = http.client.HTTPConnection("127.0.0.1", member.http, timeout=10)
        connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {token}"})
        text = connection.getresponse().read().decode()
        connection.close()
        return float(re.search(r"^fristad_alliance_clock_offset_seconds (\S+)$", text, re.MULTILINE)[1])

    def restart(self, env=None):
        """se's server, with this environment, until both others have read se since."""
        self.se.stop()
        self.se.start(env)
        started = time.time() * 1000
        for reader in (self.us, self.nz):
            until(lambda one=reader: one.sees("se")["contact_at"] > started, f"{reader.code} reaches se")

    def assert_others_right(self):
        for member in (self.us, self.nz):
            status = member.status()
            self.assertLess(abs(status["clock_offset_ms"]), 60_000, member.code)
            self.assertEqual((status["held"], status["two_faced"]), ("", []), member.code)
            until(lambda one=member: {row["trouble"] for row in one.status()["members"]} == {""},
                  f"{member.code} has no trouble with anybody")
            self.assertNotIn("CLOCK", member.cli("alliance", "status"))

    def assert_waits(self, ahead_s, value):
        """What se has recorded now says that time, is found at se, and stays there, however often the others ask."""
        self.assertAlmostEqual(self.recorded_at()[-1] - time.time(), ahead_s, delta=60)
        before = [self.read_of_se(reader) for reader in (self.us, self.nz)]
        for _ in range(2):
            now = time.time() * 1000
            for reader in (self.us, self.nz):
                until(lambda one=reader, at=now: one.sees("se")["contact_at"] > at, f"{reader.code} asks se again")
        self.assertEqual([self.read_of_se(reader) for reader in (self.us, self.nz)], before)
        self.assertEqual([member.level(value) for member in (self.se, self.us, self.nz)], ["enforce", "", ""])

    def read_of_se(self, reader):
        row = reader.sees("se")
        return row["records"], row["read_to"]

    def runs_wrong(self, spec, ahead_s):
        """Starts se with a clock that is so far ahead, until it has noticed."""
        self.restart(wrong_clock(spec))
        until(lambda: abs(self.se.status()["clock_offset_ms"]) > 600_000, "se knows that its clock is wrong")
        self.assertAlmostEqual(self.se.status()["clock_offset_ms"] / -1000, ahead_s, delta=60)
        self.assertAlmostEqual(-self.offset_metric(self.se), ahead_s, delta=60)
        said = self.se.cli("alliance", "status")
        which, minutes = re.search(
            r"^CLOCK +ours is (\d+) minutes (ahead of|behind) that of most others: put it right; "
            "until then they read nothing new of us$", said, re.MULTILINE).group(2, 1)
        self.assertEqual(which, "ahead of" if ahead_s > 0 else "behind")
        self.assertAlmostEqual(int(minutes), abs(ahead_s) / 60, delta=2)

    def recorded_at(self):
        """When each record of se says that it was made, in seconds, in the order of its log."""
        return [line["at_utc_ms"] / 1000 for line in self.se.json("log", "show", "--limit", "1000")]

    def test_it_says_so_and_waits_and_nothing_changes_places(self):
        known = random_hashes(5, 41)
        theirs = random_hashes(3, 42)
        ours = self.se.create("Known", known[0], readers=["all"])
        name = self.us.create("Known to us", readers=["all"])
        for reader in (self.us, self.nz):
            until(lambda one=reader: one.level(known[0]), f"{reader.code} finds it")
            reader.cli("list", "subscribe", ours)
        self.members.settle()
        self.assertNotIn("CLOCK", self.se.cli("alliance", "status"))
        # By time alone, what is done in the second turn would come before the first, and what is done in the third
        # would never be overruled.
        self.in_an_hour(ours, known)
        self.others_go_on(name, theirs[0])
        self.a_day_ago(ours, known)
        self.others_go_on(name, theirs[1])
        self.in_2250(ours, known)
        self.others_go_on(name, theirs[2])
        self.restart()
        self.se.cli("list", "set", ours, "--title", "Known again")
        self.add(self.se, ours, known[4])
        self.is_as_it_was_recorded(ours, known)

    def in_an_hour(self, ours, known):
        self.runs_wrong("+1h", HOUR_S)
        self.add(self.se, ours, known[1])
        self.assert_waits(HOUR_S, known[1])
        # Also behind a restart, before anybody has answered.
        read = [self.read_of_se(reader) for reader in (self.us, self.nz)]
        self.restart(wrong_clock("+1h"))
        self.assert_waits(HOUR_S, known[1])
        self.assertEqual([self.read_of_se(reader) for reader in (self.us, self.nz)], read)

    def a_day_ago(self, ours, known):
        """Takes back what, by the clock, is only added tomorrow."""
        self.runs_wrong("-1d", -DAY_S)
        number = str(self.se.matches(known[1])[0][0]["entry"])
        self.se.cli("list", "withdraw", ours, "--entries", number, "--reason", "wrong")
        self.add(self.se, ours, known[2])
        self.assert_waits(-DAY_S, known[2])

    def in_2250(self, ours, known):
        self.runs_wrong("@2250-01-01 00:00:00", seconds_until(2250))
        self.se.cli("list", "set", ours, "--title", "Known in 2250")
        self.add(self.se, ours, known[3])
        self.assert_waits(seconds_until(2250), known[3])

    def others_go_on(self, name, value):
        """And se with them: it reads, vouches for what they write, and matches."""
        self.add(self.us, name, value)
        for reader in (self.nz, self.se):
            until(lambda one=reader: one.level(value), f"{reader.code} finds what us adds")
            until(lambda one=reader: is_settled(one, self.us), f"{reader.code} has read us")
        self.assert_others_right()

    def is_as_it_was_recorded(self, ours, known):
        for reader in (self.us, self.nz):
            until(lambda one=reader: one.level(known[4]), f"{reader.code} finds what is added last")
        self.members.settle()
        for member in self.members.all.values():
            numbers = [member.matches(value)[0][0]["entry"] for value in (known[0], *known[2:])]
            self.assertEqual(numbers, sorted(numbers), member.code)
            self.assertEqual(member.level(known[1]), "", f"{member.code} knows that it was taken back")
            self.assertIn("Known again", member.cli("list", "show"))
            self.assertNotIn("Known in 2250", member.cli("list", "show"))
        # What the clock said then stands in the records for good, in the order in which they were made.
        times = self.recorded_at()
        self.assertNotEqual(times, sorted(times))
        self.assertEqual(self.us.level(known[3]), "lead", "us follows se as before")
        self.assertLess(abs(self.se.status()["clock_offset_ms"]), 60_000)
        self.assertLess(abs(self.offset_metric(self.se)), 60)
        self.assertNotIn("CLOCK", self.se.cli("alliance", "status"))
        self.assertEqual([member.status()["two_faced"] for member in self.members.all.values()], [[], [], []])
        self.assertEqual([member.cli("alliance", "refused") for member in self.members.all.values()], ["", "", ""])
        self.assert_others_right()
        dumps = [dumped(member) for member in self.members.all.values()]
        self.assertEqual(dumps[0], dumps[1])
        self.assertEqual(dumps[1], dumps[2])
        for member in self.members.all.values():
            member.stop()
            member.cli("log", "verify", "--all")


class OldInvitationTest(AllianceCase):
    def test_an_invitation_that_has_expired_lets_nobody_in(self):
        later = wrong_clock("+40d")
        self.members.found("se", "us")
        se, nz = self.members["se"], self.members["nz"]
        se.letter("letter", se.cli("alliance", "invite", "nz", "--jurisdiction", "NZ"))
        words = se.words("letter")
        nz.stop()
        nz.start(later)
        self.assertIn("time is over", nz.refused("alliance", "accept", "letter", "--words", words, *nz.card()))
        nz.stop()
        nz.start()
        # Accepted in time, and voted on too late.
        answer, words = self.members.invite("se", "nz")
        se.stop()
        se.start(later)
        self.assertIn("time is over", se.refused("alliance", "vote", "admit", answer, "--words", words))
        self.assertEqual(se.sees("nz"), None)
