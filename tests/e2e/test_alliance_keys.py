"""New keys for a member: voted on by the others, in use from one record on, whoever was away meanwhile"""

import json

from members import dumped, until
from support import random_hashes
from test_alliance import AllianceCase, ThreeMembersCase


class RotationTest(ThreeMembersCase):
    def shares(self, *numbers, of="se"):
        return [f"shares-{of}/{of}-root-share-{number}" for number in numbers]

    def keys(self, member):
        [status] = member.json("node", "status")
        return [log["key"] for log in status["logs"]]

    def adds(self, name, value):
        self.write("row.csv", f"pdq,classification\n{value},baseline\n")
        self.se.cli("list", "import", name, "row.csv")

    def rotated(self, before):
        until(lambda: self.se.status()["new_keys"] is None, "se uses its new keys")
        self.assertFalse(set(before) & set(self.keys(self.se)))

    def test_new_keys_are_used_from_one_record_on_by_all(self):
        known = random_hashes(4, 21)
        name = self.se.create("Known", known[0], readers=["all"])
        self.members.settle()
        before = self.keys(self.se)
        # Away while it happens, and away with it when it comes back: all that it learns it has to read.
        self.nz.stop()
        said = self.se.cli("alliance", "rotate", *self.shares(1, 3), "--room", "50")
        self.assertIn("wait until two thirds", said)
        self.assertLess(self.se.status()["new_keys"]["room"], 50)
        self.assertIn("wait already", self.se.refused("alliance", "rotate", *self.shares(1, 2)))
        self.adds(name, known[1])
        self.assertEqual(self.keys(self.se), before, "the old ones are in use until then")
        until(lambda: self.us.level(known[1]), "us reads what the old keys sign")
        [waiting] = self.us.status()["waiting"]
        self.assertEqual((waiting["what"], waiting["about"]), ("card", "se"))
        self.assertIn("keys from record", self.us.cli("alliance", "status"))
        self.members.vote_yes("us", "card")
        self.rotated(before)
        self.adds(name, known[2])
        until(lambda: self.us.level(known[2]), "us reads what the new keys sign")
        self.nz.start()
        until(lambda: self.nz.level(known[2]), "nz, who knew the old keys alone, reads it")
        self.members.settle()
        self.assertEqual(dumped(self.us), dumped(self.nz))
        self.assertEqual([member.status()["two_faced"] for member in self.members.all.values()], [[], [], []])
        # And once more, with an end at the worst of times.
        before = self.keys(self.se)
        self.se.cli("alliance", "rotate", *self.shares(2, 3), "--room", "8")
        self.se.kill()
        self.se.start()
        self.members.vote_yes("nz", "card")
        self.rotated(before)
        self.se.kill()
        self.se.start()
        self.adds(name, known[3])
        for reader in (self.us, self.nz):
            until(lambda one=reader: one.level(known[3]), f"{reader.code} finds it")
        self.members.settle()
        for member in self.members.all.values():
            member.stop()
            member.cli("log", "verify")
            self.assertNotIn("BAD", member.cli("doctor"))

    def test_without_votes_the_log_waits_and_nothing_is_lost(self):
        name = self.se.create("Known", readers=["all"])
        known = random_hashes(12, 22)
        self.us.stop()
        self.se.cli("alliance", "rotate", *self.shares(1, 2), "--room", "8")
        self.write("charter2.txt", "We protect children, together.\n")
        taken = 0
        for value in known:
            self.write("row.csv", f"pdq,classification\n{value},baseline\n")
            if self.se.run("list", "import", name, "row.csv").returncode != 0:
                break
            taken += 1
        self.assertTrue(0 < taken < len(known), taken)
        self.assertIn("haven't agreed", self.se.status()["held"])
        self.assertIn("haven't agreed", self.se.refused("list", "import", name, "row.csv"))
        self.assertEqual(self.se.status()["new_keys"]["room"], 0)
        self.assertTrue(self.se.matches(known[0])[0], "it goes on matching")
        self.us.start()
        # The alliance decides something else first, so votes for the keys are void; for another there is still a place.
        self.us.cli("alliance", "vote", "charter", "charter2.txt")
        self.members.vote_yes("nz", "charter")
        until(lambda: self.se.status()["epoch"] == 2, "another charter")
        self.se.cli("alliance", "rotate", "--again")
        self.members.vote_yes("us", "card")
        until(lambda: self.se.status()["held"] == "", "it goes on")
        self.se.cli("list", "import", name, "row.csv")
        until(lambda: self.nz.level(known[taken]), "nz finds it")

    def test_a_backup_from_before_cannot_go_on(self):
        self.se.create("One", readers=["all"])
        recipient = self.se.cli("backup", "keygen", "-o", "identity").strip()
        self.se.cli("backup", "-o", "before.age", "--recipient", recipient)
        before = self.keys(self.se)
        self.se.cli("alliance", "rotate", *self.shares(1, 2))
        self.members.vote_yes("us", "card")
        self.rotated(before)
        self.se.cli("backup", "-o", "after.age", "--recipient", recipient)
        self.members.settle()
        self.se.stop()
        self.folder.joinpath("se").rename(self.folder / "se-gone")
        for backup, goes_on in (("before", False), ("after", True)):
            self.se.cli("restore", f"{backup}.age", "--identity", "identity", "--to", "se", "--key-file",
                        f"{backup}.key")
            self.se.configure(**self.BEAT)
            self.se.start()
            if goes_on:
                until(lambda: self.se.status()["held"] == "", "the others have told it how long its log is")
                self.se.create("Two", readers=["all"])
                self.members.settle()
            else:
                # Nobody takes its keys any more, so nobody can tell it what it waits for.
                until(lambda: "doesn't trust our key" in self.se.sees("us")["trouble"], "it is told that it is nobody")
                self.assertIn("restored from a backup", self.se.refused("list", "create", "Two"))
                self.se.stop()
                self.folder.joinpath("se").rename(self.folder / "se-before")

    def test_who_may_not_gets_no_new_keys(self):
        self.assertIn("2 are needed", self.se.refused("alliance", "rotate", *self.shares(1)))
        self.assertIn("root key", self.se.refused("alliance", "rotate", *self.shares(1, 2, of="us")))
        self.se.refused("alliance", "rotate", "absent", "absent")
        self.assertEqual(self.se.run("alliance", "rotate", *self.shares(1, 2), "--room", "7").returncode, 2)
        self.assertEqual(self.se.run("alliance", "rotate", *self.shares(1, 2), "--again").returncode, 2)
        for option in ("--again", "--card"):
            self.assertIn("no new keys", self.se.refused("alliance", "rotate", option))
        self.assertIsNone(self.se.status()["new_keys"])
        # Whose vote is given away can't propose; nothing waits then.
        self.se.cli("alliance", "vote", "suspend", "nz", "--reason", "to be seen")
        self.assertIn("voted for something else", self.se.refused("alliance", "rotate", *self.shares(1, 2)))
        self.assertIsNone(self.se.status()["new_keys"])


class BodyTest(AllianceCase):
    def test_who_has_no_vote_asks_one_who_has(self):
        self.members.found("se", "us")
        self.members.join("se", "nz", ["us"], kind="body", jurisdiction="SE")
        nz = self.members["nz"]
        before = nz.json("node", "status")[0]["logs"]
        card = nz.cli("alliance", "rotate", "shares-nz/nz-root-share-1", "shares-nz/nz-root-share-2")
        self.assertEqual(nz.cli("alliance", "rotate", "--card"), card)
        self.members["se"].letter("nz.card", card)
        self.members["se"].cli("alliance", "vote", "card", "nz.card")
        self.members.vote_yes("us", "card")
        until(lambda: nz.status()["new_keys"] is None, "nz uses its new keys")
        self.assertNotEqual(json.dumps(nz.json("node", "status")[0]["logs"]), json.dumps(before))
        name = nz.create("Known", *random_hashes(1, 23), readers=["all"])
        until(lambda: self.members["us"].level(random_hashes(1, 23)[0]), f"us reads {name}")
