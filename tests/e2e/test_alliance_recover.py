"""A node whose disk is gone, restored from an old backup, takes back from the others what it wrote since"""

import subprocess

from members import dumped, until
from support import random_hashes
from test_alliance import ThreeMembersCase


class RecoverTest(ThreeMembersCase):
    def setUp(self):
        super().setUp()
        self.known = random_hashes(7, 51)

    def add(self, name, *values):
        self.write("rows.csv", "pdq,classification\n" + "".join(f"{value},baseline\n" for value in values))
        self.se.cli("list", "import", name, "rows.csv")

    def number(self, value):
        return str(self.se.matches(value)[0][0]["entry"])

    def back_up(self):
        recipient = self.se.cli("backup", "keygen", "-o", "identity").strip()
        self.se.cli("backup", "-o", "node.age", "--recipient", recipient)

    def lose_the_disk(self):
        self.se.kill()
        self.folder.joinpath("se").rename(self.folder / "se-gone")
        self.se.cli("restore", "node.age", "--identity", "identity", "--to", "se", "--key-file", "se2.key")
        self.se.configure(**self.BEAT)
        self.se.start()

    def decides_much(self, shared):
        """What the backup doesn't hold; gives the lists that somebody and that nobody reads."""
        self.add(shared, *self.known[1:4])
        self.se.cli("list", "withdraw", shared, "--entries", self.number(self.known[1]), "--reason", "wrong")
        self.se.cli("erase", "--list", shared, "--entry", self.number(self.known[2]), "--ground", "court")
        some = self.se.create("Two", self.known[4], readers=["us"])
        none = self.se.create("Three", self.known[5])
        # From the backup, so the file beside it says so too.
        self.se.cli("erase", "--list", shared, "--entry", self.number(self.known[0]), "--ground", "court")
        self.write("charter2.txt", "We protect children, together.\n")
        self.se.cli("alliance", "vote", "charter", "charter2.txt")
        self.members.vote_yes("us", "charter")
        self.members.settle()
        return some, none

    def test_what_others_have_read_comes_back(self):
        shared = self.se.create("One", self.known[0], readers=["all"])
        self.members.settle()
        self.back_up()
        _, none = self.decides_much(shared)
        before = dumped(self.se)
        self.lose_the_disk()
        until(lambda: "older copy of itself" in self.se.status()["held"], "se has been told")
        self.assertIn("--only-copy", self.se.refused("alliance", "recover"))
        self.assertIn("lacks nothing", self.us.refused("alliance", "recover", "--only-copy"))
        # Somebody is away: it waits for her, also over an end at any time.
        self.nz.stop()
        self.se.cli("alliance", "recover", "--only-copy")
        until(lambda: "To be asked: nz" in self.se.status()["held"], "all but nz have given back what they have")
        self.assertIn("takes back", self.se.refused("list", "create", "Four"))
        self.se.kill()
        self.se.start()
        until(lambda: "To be asked: nz" in self.se.status()["held"], "it goes on with it")
        self.nz.start()
        until(lambda: self.se.status()["held"] == "", "it has all")
        self.assertEqual([line for line in before - dumped(self.se) if none not in line and "Three" not in line], [])
        self.assertEqual([self.se.level(value) for value in self.known[:6]],
                         ["", "", "", "enforce", "enforce", ""])
        self.assertEqual(self.se.status()["epoch"], 2)
        self.goes_on(shared)

    def goes_on(self, shared):
        self.add(shared, self.known[6])
        for reader in (self.us, self.nz):
            until(lambda one=reader: one.level(self.known[6]), f"{reader.code} reads on")
        self.members.settle()
        self.assertEqual(dumped(self.nz) - dumped(self.us), set())
        self.assertEqual([member.status()["two_faced"] for member in self.members.all.values()], [[], [], []])
        for member in self.members.all.values():
            until(lambda one=member: {row["trouble"] for row in one.status()["members"]} == {""},
                  f"{member.code} has no trouble with anybody")
        for member in self.members.all.values():
            member.stop()
            member.cli("log", "verify", "--all")
            self.assertNotIn("BAD", member.cli("doctor", "--deep"))

    def test_an_older_copy_of_its_folder_is_brought_up_to_date(self):
        shared = self.se.create("One", self.known[0], readers=["all"])
        self.members.settle()
        self.se.stop()
        subprocess.run(["cp", "-r", "se", "se-then"], cwd=self.folder, check=True)
        self.se.start()
        self.add(shared, *self.known[1:4])
        self.members.settle()
        self.se.stop()
        subprocess.run("rm -r se && mv se-then se && rm -f se/socket se/lock", shell=True, cwd=self.folder, check=True)
        self.se.start()
        until(lambda: "fristad alliance recover" in self.se.status()["held"], "se knows")
        self.se.stop()
        # Asked for while nobody serves, it is done once somebody does.
        self.se.cli("alliance", "recover", "--only-copy")
        self.se.start()
        until(lambda: self.se.status()["held"] == "", "it has all")
        self.assertEqual(self.se.level(self.known[3]), "enforce")
        self.goes_on(shared)
