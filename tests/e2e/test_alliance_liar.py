"""A member that lies, with its own keys: whatever it shows, nothing wrong is taken over, and all else flows"""

import pathlib
import subprocess

from members import dumped, until
from support import LYING_MEMBER, random_hashes
from test_alliance import ThreeMembersCase


class Liar:
    """Has a member's folder and keys, and says what it is told to say. Nobody is told by it that there is something new
    unless it is told to: see tests/support/lying_member.cc for its words."""

    def __init__(self, member):
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            [LYING_MEMBER, member.code, f"{member.code}.key", f"127.0.0.1:{member.port}"], cwd=member.folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ok\n":
            self.process.kill()
            self.end()
            raise AssertionError("the lying member didn't start")

    def __call__(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        answer, _, text = self.process.stdout.readline().strip().partition(" ")
        assert answer == "ok", (words, text)
        return text

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.stdout.close()
        assert self.process.wait() == 0, "the lying member ended badly"


class LiarCase(ThreeMembersCase):
    def setUp(self):
        super().setUp()
        self.known = random_hashes(100, 61)
        self.list = self.nz.create("Of nz", self.take(), readers=["all"])
        self.members.settle()

    def take(self):
        return self.known.pop()

    def take_over(self):
        """From now on nz lies."""
        self.nz.stop()
        liar = Liar(self.nz)
        self.addCleanup(liar.end)
        return liar

    def readers(self):
        return (self.se, self.us)

    def poke(self, liar):
        for reader in self.readers():
            self.assertEqual(liar("poke", reader.code), "200")

    def finds(self, *values):
        for reader in self.readers():
            for value in values:
                until(lambda one=reader, of=value: one.level(of), f"{reader.code} reads on")

    def verified(self):
        self.assertEqual(dumped(self.se), dumped(self.us))
        for reader in self.readers():
            reader.stop()
            reader.cli("log", "verify", "--all")
            self.assertNotIn("BAD", reader.cli("doctor", "--deep"))


def memory_kb(member):
    """The most that its server has had so far."""
    status = pathlib.Path(f"/proc/{member.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


class AnswersTest(LiarCase):
    # Of what is held back nobody knows whether it is on its way.
    QUIET = {"parcels-held-back"}
    OF_CONTENTS = {"scopes-fewer", "scopes-broken", "scopes-again"}
    ELSEWHERE = {"another-history", "another-tail", "head-slow"}  # have tests of their own

    def test_answers_that_are_lies_change_nothing(self):
        liar = self.take_over()
        before_kb = memory_kb(self.se)
        for name in liar("lies").split():
            if name in self.ELSEWHERE:
                continue
            with self.subTest(lie=name):
                self.lie(liar, name)
        self.assertLess(memory_kb(self.se) - before_kb, 300_000)
        self.assertEqual([reader.status()["two_faced"] for reader in self.readers()], [[], []])
        self.assertEqual([reader.sees("nz")["refused"] for reader in self.readers()], [0, 0])
        self.verified()

    def lie(self, liar, name):
        values = self.take(), self.take()
        before = [dumped(reader) for reader in self.readers()]
        liar("lie", name)
        liar("add", self.list, *values)
        # Once somebody hears it for the third time, he is done with the second, of which he asked after all was there.
        for times in (1, 2, 3):
            self.poke(liar)
            for reader in self.readers():
                until(lambda one=reader, count=times: int(liar("served", one.code)) >= count,
                      f"{reader.code} hears it")
        for reader in self.readers():
            row = reader.sees("nz")
            if name not in self.QUIET:
                self.assertNotEqual(row["trouble"], "", reader.code)
                self.assertNotRegex(row["trouble"], "^(unavailable|internal|deadline)")
            if name.startswith("parcels") or name in self.OF_CONTENTS:
                # The leaves are here, so the gap shows, and nothing is confirmed that isn't here.
                self.assertLess(row["read_to"], row["records"])
                self.assertLess(int(liar("receipt-of", reader.code)), row["records"])
        self.assertEqual([dumped(reader) for reader in self.readers()], before)
        for reader in self.readers():
            self.assertEqual([reader.level(value) for value in values], ["", ""])
        liar("truth")
        self.poke(liar)
        self.finds(*values)
        for reader in self.readers():
            until(lambda one=reader: one.sees("nz")["trouble"] == "", f"{reader.code} is content")

    def test_what_is_told_to_one_alone_is_taken_by_none(self):
        liar = self.take_over()
        value, other = self.take(), self.take()
        liar("lie", "parcels-changed", "us")
        liar("add", self.list, value)
        self.poke(liar)
        until(lambda: self.us.sees("nz")["trouble"], "us gets another content than the one that was signed")
        until(lambda: self.se.level(value), "se gets the right one")
        self.assertEqual(self.us.level(value), "")
        # Meanwhile the others go on, and who ends in the middle of it goes on too.
        self.us.create("Of us", other, readers=["all"])
        until(lambda: self.se.level(other), "se reads us")
        self.us.kill()
        self.us.start()
        liar("truth")
        self.poke(liar)
        self.finds(value)
        self.verified()

    def test_who_answers_slowly_holds_up_nobody_else(self):
        other = self.us.create("Of us", readers=["all"])
        self.members.settle()
        liar = self.take_over()
        liar("lie", "head-slow")
        self.poke(liar)
        for reader in self.readers():
            until(lambda one=reader: int(liar("served", one.code)) >= 1, f"{reader.code} waits for its answer")
        value, told = self.take(), self.take()
        self.write("row.csv", f"pdq,classification\n{told},baseline\n")
        self.us.cli("list", "import", other, "row.csv")
        until(lambda: self.se.level(told), "se reads us", 40)
        self.assertEqual(liar("ask", "se", "head", '{"known":0}'), "200", "it is answered all the same")
        liar("truth")
        for reader in self.readers():
            # It would wait a minute for an answer, and is ended before that.
            reader.process.terminate()
            self.assertEqual(reader.process.wait(40), 0)
            reader.stop()
            reader.start()
        liar("add", self.list, value)
        self.poke(liar)
        self.finds(value)

    def test_who_is_told_nothing_comes_anyway(self):
        liar = self.take_over()
        value = self.take()
        liar("add", self.list, value)
        self.finds(value)


class RecordsTest(LiarCase):
    # What a newer program may say is kept for later; who says that something was erased is asked for the erasure.
    KEPT = {"future", "newer", "unsaid-erasure"}

    def test_records_that_nobody_may_write_are_kept_apart(self):
        liar = self.take_over()
        refused = 0
        for name in liar("forgeries").split():
            with self.subTest(forgery=name):
                value = self.take()
                liar("forge", name)
                liar("add", self.list, value)
                self.poke(liar)
                self.finds(value)
                refused += name not in self.KEPT
                for reader in self.readers():
                    until(lambda one=reader, count=refused: one.sees("nz")["refused"] == count,
                          f"{reader.code} has refused {refused}")
        self.assertGreater(refused, 10)
        for reader in self.readers():
            until(lambda one=reader: one.sees("nz")["read_to"] == one.sees("nz")["records"], "the rest flows")
            self.assertIn(f"{refused} refused", reader.cli("alliance", "status"))
            # Named, with the reason, and without a word of what stands in them.
            named = reader.json("alliance", "refused")
            self.assertEqual({one["member"] for one in named}, {"nz"})
            self.assertEqual(len({one["record"] for one in named}), refused + 1, "and the erasure that nobody recorded")
            self.assertIn("no erasure says so", named[-1]["why"])
            self.assertIn("never imagery", str(named))
            self.assertNotIn("iVBOR", str(named))
        self.se.kill()
        self.se.start()
        self.assertEqual(self.se.sees("nz")["refused"], refused)
        self.verified()

    def test_logs_of_awkward_lengths_are_read(self):
        liar = self.take_over()
        for size in (255, 256, 257, 65_535, 65_536, 65_537):
            liar("grow", str(size))
            self.poke(liar)
            for reader in self.readers():
                until(lambda one=reader, to=size: self.has_read(one, to), f"{reader.code} has read {size}", 240)
        value = self.take()
        liar("add", self.list, value)
        self.poke(liar)
        self.finds(value)
        self.verified()

    def has_read(self, reader, size):
        row = reader.sees("nz")
        return row["records"] == row["cosigned"] == row["read_to"] == size


class QuestionsTest(LiarCase):
    def test_what_isnt_its_own_it_doesnt_get(self):
        ours = self.se.create("For us", self.take(), readers=["us"])
        self.members.settle()
        liar = self.take_over()
        # What isn't for it looks as what there isn't.
        for scope in (ours, "0" * 32, "private"):
            self.assertEqual(liar("ask", "se", "parcels", '{"from":1,"scope":"%s"}' % scope), "403")
        for question, body, status in (
                ("parcels", "nothing", "400"), ("parcels", '{"from":-1,"scope":"public"}', "400"),
                ("head", "{" * 1000, "400"), ("leaves", "@70000", "413"), ("nothing", "{}", "404"),
                ("cosignature", "nothing", "400"), ("receipt", "nothing", "400")):
            self.assertEqual(liar("ask", "se", question, body), status, (question, body))
        self.assertEqual(self.se.sees("nz")["trouble"], "")

    def test_who_is_suspended_gets_no_answer_and_vouches_for_nobody(self):
        liar = self.take_over()
        questions = (("head", '{"known":0}'), ("leaves", '{"from":0,"to":1}'), ("scopes", ""),
                     ("parcels", '{"from":1,"scope":"public"}'), ("own-leaves", '{"from":0,"to":1}'),
                     ("own-scopes", ""), ("own-parcels", '{"from":1,"scope":"public"}'), ("poke", ""))
        for question, body in questions:
            self.assertEqual(liar("ask", "se", question, body), "200", question)
        self.se.cli("alliance", "vote", "suspend", "nz", "--reason", "to be looked into")
        self.members.vote_yes("us", "suspend")
        for reader in self.readers():
            until(lambda one=reader: one.sees("nz")["standing"] == "suspended", f"{reader.code} knows")
        value = self.take()
        liar("add", self.list, value)
        for question, body in (*questions, ("cosignature", "x"), ("receipt", "x")):
            self.assertEqual(liar("ask", "se", question, body), "403", question)
        self.se.create("Of se", self.take(), readers=["all"])
        self.members.settle("se", "us")
        self.assertEqual(self.us.sees("se")["cosigners"], 1, "us itself")
        self.assertEqual([reader.level(value) for reader in self.readers()], ["", ""])

    def test_who_hasnt_read_of_a_suspension_answers_until_it_has(self):
        liar = self.take_over()
        self.us.cli("alliance", "vote", "suspend", "nz", "--reason", "to be looked into")
        until(lambda: self.se.status()["waiting"], "se has read us's vote")
        # The vote that decides is cast while us is away, and read by nobody.
        self.us.stop()
        self.members.vote_yes("se", "suspend")
        until(lambda: self.se.sees("nz")["standing"] == "suspended", "se knows")
        self.se.stop()
        self.us.start()
        self.assertEqual(liar("ask", "us", "head", '{"known":0}'), "200")
        self.assertEqual((self.us.sees("nz")["standing"], self.us.status()["epoch"]), ("active", 1), "which shows")
        self.se.start()
        until(lambda: self.us.sees("nz")["standing"] == "suspended", "us knows too")
        self.assertEqual(liar("ask", "us", "head", '{"known":0}'), "403")

    def test_receipts_that_are_false_or_old_take_nothing_back(self):
        shared = self.se.create("Known", *self.known[:2], readers=["all"])
        self.members.settle()
        liar = self.take_over()
        number = str(self.se.matches(self.known[0])[0][0]["entry"])
        self.se.cli("erase", "--list", shared, "--entry", number, "--ground", "court")
        until(lambda: self.erasure()["confirmed"] == ["us"], "us has done it")
        [of_itself] = [row for row in self.se.status()["members"] if row["own"]]
        for wrong, status in (("stranger", "403"), ("log", "422"), ("reader", "422")):
            self.assertEqual(liar("receipt", "se", str(of_itself["records"]), wrong), status)
        self.assertEqual(liar("receipt", "se", str(of_itself["records"] + 1)), "409", "of what isn't written yet")
        self.assertEqual(self.erasure()["open"], ["nz"])
        self.assertEqual(liar("receipt", "se", str(of_itself["records"])), "200")
        self.assertEqual(self.erasure()["open"], [])
        self.assertEqual(liar("receipt", "se", "1"), "200")
        self.assertEqual(self.erasure()["open"], [], "an old one takes nothing back")

    def erasure(self):
        [erasure] = self.se.json("alliance", "erasures")
        return erasure


class KeysTest(LiarCase):
    def test_keys_that_were_stolen_sign_nothing_more(self):
        # nz has new keys, of which all know.
        self.nz.cli("alliance", "rotate", *(f"shares-nz/nz-root-share-{i}" for i in (1, 2)), "--room", "8")
        self.members.vote_yes("us", "card")
        until(lambda: self.nz.status()["new_keys"] is None, "nz uses them")
        value = self.take()
        self.write("row.csv", f"pdq,classification\n{value},baseline\n")
        self.nz.cli("list", "import", self.list, "row.csv")
        self.finds(value)
        self.members.settle()
        # Whoever has the old ones goes on with its log.
        liar = self.take_over()
        value = self.take()
        liar("old-keys")
        liar("add", self.list, value)
        self.poke(liar)
        for reader in self.readers():
            until(lambda one=reader: "isn't signed by" in one.sees("nz")["trouble"], f"{reader.code} knows that key")
            self.assertEqual(reader.level(value), "")
        self.assertEqual([reader.status()["two_faced"] for reader in self.readers()], [[], []])

    def test_another_history_finds_no_witness(self):
        self.two_faced("another-history")

    def test_nor_does_a_longer_one_that_parts_earlier(self):
        self.two_faced("another-tail")

    def two_faced(self, lie):
        liar = self.take_over()
        liar("add", self.list, self.take())
        self.poke(liar)
        until(lambda: liar("cosignatures") == "2", "both vouch for what is true")
        before = [reader.sees("nz")["records"] for reader in self.readers()]
        liar("lie", lie)
        self.poke(liar)
        for reader in self.readers():
            until(lambda one=reader: "two histories" in one.sees("nz")["trouble"], f"{reader.code} sees it")
            self.assertEqual(reader.status()["two_faced"], ["nz"])
            [evidence] = reader.json("alliance", "evidence")
            self.assertEqual(evidence["member"], "nz")
        self.assertEqual(liar("cosignatures"), "0")
        self.assertEqual([reader.sees("nz")["records"] for reader in self.readers()], before)
