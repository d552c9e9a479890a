"""Several nodes that found an alliance, let others in, share lists and keep one another in check"""

import http.client
import random
import ssl
import subprocess

from members import Members, dumped, until
from support import POSTGRES, PROGRAM, Case, random_hashes


class AllianceCase(Case):
    CODES = ("se", "us", "nz")
    BEAT = {"beat_seconds": 2}

    def setUp(self):
        super().setUp()
        self.members = Members(PROGRAM, self.folder, *self.CODES, **self.BEAT)
        self.addCleanup(self.members.end)
        self.members.start()


class ThreeMembersCase(AllianceCase):
    def setUp(self):
        super().setUp()
        self.members.found("se", "us")
        self.members.join("se", "nz", ["us"])
        self.se, self.us, self.nz = (self.members[code] for code in self.CODES)


class JoiningTest(AllianceCase):
    def test_two_found_it_and_vote_a_third_in(self):
        self.assertIn("no alliance", self.members["se"].cli("alliance", "status"))
        self.members.found("se", "us")
        answer, words = self.members.invite("se", "nz")
        asked = self.members["nz"].status()["members"]
        self.assertEqual([row["member"] for row in asked], ["se", "us"], "nobody has answered yet")
        # Its program was asked what ours would answer, before anybody votes.
        self.assertRegex(self.members["se"].cli("alliance", "read", answer), "conformance +the same in all 10 sections")
        said = self.members["se"].cli("alliance", "vote", "admit", answer, "--words", words)
        self.assertIn("1 of 2 votes", said)
        self.assertIn("have voted for this already",
                      self.members["se"].refused("alliance", "vote", "admit", answer, "--words", words))
        self.assertEqual(self.members["us"].sees("nz"), None)
        until(lambda: "the same in all 10 sections" in self.members["us"].cli("alliance", "status"), "us sees it too")
        self.members.vote_yes("us", "admit", words)
        for code in self.CODES:
            until(lambda one=code: len(self.members[one].status()["members"]) == 3, f"{code} knows all three")
        self.members.settle()
        self.assertEqual({self.members[code].status()["epoch"] for code in self.CODES}, {1})
        # All three say the same of who belongs to it.
        texts = {str([{key: row[key] for key in ("member", "name", "kind", "standing", "words")}
                      for row in self.members[code].status()["members"]]) for code in self.CODES}
        self.assertEqual(len(texts), 1)

    def test_words_that_nobody_heard_open_nothing(self):
        self.members.found("se", "us")
        se, nz = self.members["se"], self.members["nz"]
        se.letter("letter", se.cli("alliance", "invite", "nz", "--jurisdiction", "NZ"))
        self.assertIn("by voice", nz.refused("alliance", "accept", "letter", "--words", se.words("us.card"),
                                             *nz.card()))
        self.assertEqual(nz.status()["alliance"], "")
        answer, words = self.members.invite("se", "nz")
        self.assertIn("by voice", se.refused("alliance", "vote", "admit", answer, "--words", se.words("letter")))
        se.cli("alliance", "vote", "admit", answer, "--words", words)
        us = self.members["us"]
        until(lambda: us.status()["waiting"], "it waits for us's vote")
        digits = us.status()["waiting"][0]["digits"][:8]
        self.assertIn("--words", us.refused("alliance", "vote", "yes", digits))
        self.assertIn("by voice", us.refused("alliance", "vote", "yes", digits, "--words", se.words("letter")))

    def test_what_was_handed_over_is_checked(self):
        self.members.found("se", "us")
        se, nz = self.members["se"], self.members["nz"]
        letter = se.cli("alliance", "invite", "nz", "--jurisdiction", "NZ")
        se.letter("letter", letter)
        se.letter("bent", letter.replace("eyJ", "eyK", 1))
        self.assertIn("is no card, invitation or answer", nz.refused("alliance", "read", "bent"))
        nz.refused("alliance", "accept", "bent", "--words", se.words("letter"), *nz.card())
        # An invitation is for one member, of one kind.
        self.assertIn("another member", nz.refused("alliance", "accept", "letter", "--words", se.words("letter"),
                                                   *nz.card("body")))
        nz.refused("alliance", "read", "absent")
        self.assertIn("no active member", nz.refused("alliance", "invite", "dk", "--jurisdiction", "DK"))

    def test_bodies_pack_no_vote(self):
        self.members.found("se", "us")
        # A hotline belongs to its country: it may join, and has no vote beside it.
        self.members.join("se", "nz", ["us"], kind="body", jurisdiction="SE")
        status = self.members["se"].status()
        self.assertEqual((status["quorum"], len(status["members"])), (2, 3))
        nz = self.members["nz"]
        self.assertIn("no vote", nz.refused("alliance", "vote", "suspend", "us", "--reason", "spite"))

    def test_who_is_suspended_gets_nothing_and_comes_back(self):
        self.members.found("se", "us")
        self.members.join("se", "nz", ["us"])
        self.members.settle()
        se, nz = self.members["se"], self.members["nz"]
        known = random_hashes(2, 5)
        name = se.create("Known", known[0], readers=["all"])
        until(lambda: nz.level(known[0]), "nz finds it")
        se.cli("alliance", "vote", "suspend", "nz", "--reason", "to be looked into")
        self.members.vote_yes("us", "suspend")
        until(lambda: self.members["us"].sees("nz")["standing"] == "suspended", "us knows")
        self.members.folder.joinpath("rows.csv").write_text(f"pdq,classification\n{known[1]},baseline\n")
        se.cli("list", "import", name, "rows.csv")
        until(lambda: "permission_denied" in nz.sees("se")["trouble"], "nz is told no")
        self.assertEqual(nz.level(known[1]), "")
        se.cli("alliance", "vote", "lift", "nz")
        self.members.vote_yes("us", "lift")
        until(lambda: nz.level(known[1]), "nz reads again")

    def test_who_leaves_is_removed(self):
        self.members.found("se", "us")
        self.members.join("se", "nz", ["us"])
        nz = self.members["nz"]
        self.assertIn("hasn't said that it leaves", self.members["se"].refused("alliance", "vote", "remove", "nz"))
        nz.cli("alliance", "leave", "--reason", "a new ministry")
        until(lambda: self.members["se"].run("alliance", "vote", "remove", "nz").returncode == 0, "se has read it")
        self.members.vote_yes("us", "remove")
        until(lambda: self.members["se"].sees("nz")["standing"] == "left", "nz has left")


class SharingTest(ThreeMembersCase):
    def test_a_list_is_read_and_a_withdrawal_stops_matches_everywhere(self):
        known = random_hashes(3, 1)
        name = self.se.create("Known", *known, readers=["all"])
        for reader in (self.us, self.nz):
            until(lambda one=reader: one.level(known[0]), f"{reader.code} finds it")
            self.assertEqual(reader.level(known[0]), "observe", "nobody has subscribed to it")
            reader.cli("list", "subscribe", name, "--enforce")
            self.assertEqual(reader.level(known[0]), "lead")
        number = self.us.matches(known[0])[0][0]["entry"]
        self.se.cli("list", "withdraw", name, "--entries", str(number), "--reason", "wrong")
        for reader in (self.us, self.nz):
            until(lambda one=reader: not one.level(known[0]), f"{reader.code} finds it no more")
            self.assertTrue(reader.level(known[1]))
        self.members.settle()
        self.assertEqual(dumped(self.us), dumped(self.nz))

    def test_two_jurisdictions_make_it_enforced_and_a_puppet_none(self):
        [known] = random_hashes(1, 2)
        name = self.se.create("Known", known, readers=["all"])
        until(lambda: self.nz.level(known), "nz finds it")
        self.nz.cli("list", "subscribe", name, "--enforce")
        number = str(self.nz.matches(known)[0][0]["entry"])
        self.se.cli("list", "opinion", name, number, "confirm", "--basis", "examined")
        self.members.settle()
        self.assertEqual(self.nz.level(known), "lead", "its own state alone")
        until(lambda: self.us.level(known), "us finds it")
        self.us.cli("list", "opinion", name, number, "confirm", "--basis", "relayed")
        self.members.settle()
        self.assertEqual(self.nz.level(known), "lead", "who only passes it on hasn't looked")
        self.us.cli("list", "opinion", name, number, "confirm", "--basis", "examined")
        until(lambda: self.nz.level(known) == "enforce", "two have examined it")
        # One member can't take it back for everybody, but who heeds it asks a person first.
        self.us.cli("list", "opinion", name, number, "dispute", "--basis", "examined", "--reason", "wrong")
        until(lambda: self.nz.level(known) == "lead", "nz heeds the dispute")
        self.nz.cli("list", "subscribe", name, "--enforce", "--ignore-disputes")
        self.assertEqual(self.nz.level(known), "lead", "us confirms no more")

    def test_how_right_each_members_entries_were_is_stated_in_public(self):
        known = random_hashes(3, 31)
        name = self.se.create("Known", *known, readers=["all"])
        self.se.create("For us alone", *random_hashes(2, 32), readers=["us"], classification="national")
        until(lambda: self.us.level(known[2]), "us finds them")
        self.se.cli("list", "withdraw", name, "--entries", str(self.us.matches(known[0])[0][0]["entry"]), "--reason",
                    "wrong")
        self.members.settle()
        [counted] = self.us.json("list", "counts", "--state")
        expected = {"member": "se", "classification": "baseline", "added": 3, "withdrawn": 1, "disputed": 0,
                    "overturned": 0, "hits": 0}
        self.assertEqual(counted, expected, "nothing of what is shared with us alone")
        until(lambda: self.nz.json("list", "counts", "--stated"), "nz reads it")
        [stated] = self.nz.json("list", "counts", "--stated")
        self.assertGreater(stated.pop("at"), 0)
        self.assertEqual(stated, {"by": "us"} | expected)
        self.assertIn("us\t", self.se.cli("list", "counts", "--stated"))
        self.assertEqual(self.nz.run("list", "counts", "--state", "--stated").returncode, 2)

    def test_entries_that_nobody_chose_are_examined_by_another_jurisdiction(self):
        self.assertIn("lists nothing", self.us.refused("alliance", "audit", "se"))
        known = random_hashes(20, 33)
        self.se.create("Known", *known, readers=["all"])
        self.se.create("For us alone", *random_hashes(9, 34), readers=["us"], classification="national")
        self.members.settle()
        self.assertIn("another jurisdiction", self.us.refused("alliance", "audit", "us"))
        self.assertIn("another jurisdiction", self.us.refused("alliance", "audit", "dk"))
        self.assertIn("draw one first", self.us.refused("alliance", "audit", "se", "--state"))
        drawn = self.us.json("alliance", "audit", "se", "--count", "3")
        self.assertEqual([entry["state"] for entry in drawn], ["open"] * 3)
        self.assertEqual(self.us.json("alliance", "audit", "se", "--count", "9"), drawn, "the one that is open")
        self.assertIn("3 of the entries", self.us.refused("alliance", "audit", "se", "--state"))
        for turn, entry in enumerate(drawn):
            verdict = ["dispute", "--reason", "wrong: an adult"] if turn == 0 else ["confirm"]
            self.us.cli("list", "opinion", entry["list"], str(entry["entry"]), *verdict, "--basis", "examined")
        self.us.cli("alliance", "audit", "se", "--state")
        until(lambda: any(audit["result"] for audit in self.nz.json("alliance", "audits")), "nz reads it")
        [audit] = self.nz.json("alliance", "audits")
        self.assertEqual((audit["by"], audit["member"], audit["of"], audit["sample"]), ("us", "se", 20, 3))
        self.assertEqual({name: audit["result"][name] for name in ("examined", "wrong", "gone")},
                         {"examined": 3, "wrong": 1, "gone": 0})
        self.assertIn("1 of 3 wrong", self.se.cli("alliance", "audits"))
        self.assertNotEqual([(entry["list"], entry["entry"]) for entry in self.us.json("alliance", "audit", "se")],
                            [(entry["list"], entry["entry"]) for entry in drawn], "the next one")

    def test_who_may_read_a_list_no_more_only_observes_it(self):
        known = random_hashes(1, 35)
        name = self.se.create("Known", *known, readers=["nz"])
        until(lambda: self.nz.level(known[0]), "nz finds it")
        self.nz.cli("list", "subscribe", name)
        self.assertEqual(self.nz.level(known[0]), "lead")
        self.se.cli("alliance", "withdraw", name, "nz")
        # Of what is new nz hears nothing.
        until(lambda: self.nz.level(known[0]) == "observe", "nz only observes it")
        [[match]] = self.nz.matches(known[0])
        self.assertIn("not-followed", match["reasons"])
        self.se.cli("alliance", "grant", name, "nz")
        until(lambda: self.nz.level(known[0]) == "lead", "nz follows it again")

    def test_a_former_reader_hears_of_corrections_and_of_nothing_else(self):
        known = random_hashes(4, 36)
        name = self.se.create("Known", *known[:3], readers=["us", "nz"])
        for reader in (self.us, self.nz):
            until(lambda one=reader: one.level(known[2]), f"{reader.code} finds it")
        self.us.cli("list", "subscribe", name)
        first, second = (str(self.us.matches(value)[0][0]["entry"]) for value in known[:2])
        self.se.cli("alliance", "withdraw", name, "us")
        until(lambda: self.us.level(known[0]) == "observe", "us only observes it")
        self.members.folder.joinpath("rows.csv").write_text(f"pdq,classification\n{known[3]},baseline\n")
        self.se.cli("list", "import", name, "rows.csv")
        self.se.cli("list", "withdraw", name, "--all", "--reason", "wrong: all but one")
        self.se.cli("erase", "--list", name, "--entry", second, "--ground", "court")
        until(lambda: not self.us.level(known[0]), "us has read the withdrawal")
        until(lambda: self.se.json("alliance", "erasures")[0]["confirmed"] == ["nz", "us"], "both have confirmed")
        self.assertEqual([self.us.level(value) for value in known], [""] * 4)
        self.members.settle()
        newer = [entry["entry"] for entry in self.nz.json("list", "show", name, "--entries")][-1]
        self.assertGreater(newer, int(second))
        dump = self.us.cli("dump")
        self.assertIn(first, dump)
        self.assertNotIn(str(newer), dump, "us doesn't learn that there is a newer one")
        self.assertEqual(self.us.json("list", "show", name)[0]["entries"], 2)
        # Let in again it has what nz has.
        self.se.cli("alliance", "grant", name, "us")
        until(lambda: self.us.json("list", "show", name)[0]["entries"] == 3, "us reads on")
        self.members.settle()
        for member in (self.us, self.se):
            member.cli("log", "verify")

    def test_the_brake_is_at_once_and_here_alone(self):
        [known] = random_hashes(1, 3)
        self.se.create("Known", known, readers=["us", "nz"])
        for reader in (self.us, self.nz):
            until(lambda one=reader: one.level(known), f"{reader.code} finds it")
        self.us.cli("alliance", "mute", "se", "--reason", "a flood")
        self.assertEqual(self.us.level(known), "")
        self.assertTrue(self.nz.level(known))
        self.us.cli("alliance", "unmute", "se", "--reason", "it was repaired")
        self.assertTrue(self.us.level(known))

    def test_three_overturned_entries_pull_it(self):
        known = random_hashes(3, 4)
        name = self.se.create("Known", *known, readers=["all"])
        until(lambda: self.nz.level(known[2]), "nz finds them")
        for value in known:
            number = str(self.nz.matches(value)[0][0]["entry"])
            self.nz.cli("list", "opinion", name, number, "dispute", "--basis", "examined", "--reason", "wrong")
        until(lambda: self.nz.sees("se")["muted"], "the brake pulls itself", 90)
        self.assertFalse(self.us.sees("se")["muted"])

    def test_a_flood_of_a_million_false_hashes_goes_only_so_far(self):
        [true] = random_hashes(1, 8)
        self.us.create("True", true, readers=["all"])
        flood = self.se.create("Flood")
        draw = random.Random(9)
        with self.folder.joinpath("flood.csv").open("w", encoding="ascii") as rows:
            rows.write("pdq,classification\n")
            rows.writelines(draw.randbytes(32).hex() + ",baseline\n" for _ in range(1_000_000))
            false = random_hashes(3, 10)
            rows.writelines(value + ",baseline\n" for value in false)
        self.se.cli("list", "import", flood, "flood.csv", seconds=600)
        self.se.cli("alliance", "grant", flood, "all")
        until(lambda: self.nz.level(false[2]), "nz has read it all", 600)
        self.assertTrue(self.nz.level(true), "others were heard meanwhile")
        until(lambda: self.us.level(false[2]), "us has read it all", 600)
        # One member's word enforces nothing, and where another was fooled too, there is a cap.
        self.nz.cli("list", "subscribe", flood, "--enforce", "--enforced-per-day", "2")
        self.assertEqual([self.nz.level(value) for value in false], ["lead"] * 3)
        for value in false:
            number = str(self.us.matches(value)[0][0]["entry"])
            for fooled in (self.se, self.us):
                fooled.cli("list", "opinion", flood, number, "confirm", "--basis", "examined")
        self.members.settle()
        self.assertEqual([self.nz.level(value) for value in false], ["enforce", "enforce", "lead"])
        self.nz.cli("alliance", "mute", "se", "--reason", "a flood")
        self.assertEqual([self.nz.level(value) for value in [*false, true]], ["", "", "", "observe"])
        self.nz.cli("alliance", "unmute", "se", "--reason", "to see the recall")
        self.assertTrue(self.nz.level(false[0]))
        # One record takes the million back, everywhere.
        self.se.cli("list", "withdraw", flood, "--all", "--reason", "wrong: a batch of a broken tool")
        for reader in (self.us, self.nz):
            until(lambda one=reader: not one.level(false[0]), f"{reader.code} finds it no more")
            self.assertEqual([reader.level(value) for value in false], ["", "", ""])
        self.assertEqual(self.nz.level(true), "observe")

    def test_only_readers_read_and_nothing_leaks(self):
        known = random_hashes(2, 6)
        self.se.create("Only for us, said quietly", known[0], readers=["us"])
        until(lambda: self.us.level(known[0]), "us finds it")
        self.members.settle()
        self.assertEqual(self.nz.level(known[0]), "")
        self.assertEqual(self.nz.cli("list", "show"), "")
        for member in (self.us, self.nz, self.se):
            self.assertNotIn(known[0], member.said())
            self.assertNotIn("said quietly", member.said())
        # National classes stay with those who were named.
        name = self.se.create("National", known[1], classification="national")
        self.assertIn("INTERPOL baseline", self.se.refused("alliance", "grant", name, "all"))
        self.se.cli("alliance", "grant", name, "nz")
        until(lambda: self.nz.level(known[1]), "nz finds it")
        self.nz.cli("list", "subscribe", name, "--enforce")
        self.assertEqual(self.nz.level(known[1]), "observe", "not opted into")
        # Who may read it no more keeps what it has and gets nothing new.
        self.se.cli("alliance", "withdraw", name, "nz")
        self.assertIn("no member", self.se.refused("alliance", "grant", name, "dk"))
        self.assertIn("only the member whose scope it is", self.nz.refused("alliance", "grant", name, "us"))

    def test_what_is_erased_is_erased_everywhere_and_who_confirmed_shows(self):
        [known] = random_hashes(1, 7)
        name = self.se.create("Known", known, readers=["all"])
        for reader in (self.us, self.nz):
            until(lambda one=reader: one.level(known), f"{reader.code} finds it")
        self.nz.stop()
        number = str(self.us.matches(known)[0][0]["entry"])
        self.se.cli("erase", "--list", name, "--entry", number, "--ground", "court")
        until(lambda: not self.us.level(known), "us has erased it")
        until(lambda: self.se.json("alliance", "erasures")[0]["confirmed"] == ["us"], "us has confirmed")
        self.assertEqual(self.se.json("alliance", "erasures")[0]["open"], ["nz"])
        self.nz.start()
        until(lambda: self.se.json("alliance", "erasures")[0]["open"] == [], "all have confirmed")
        self.assertEqual(self.nz.level(known), "")


class TroubleTest(AllianceCase):
    def test_killed_at_any_moment_it_goes_on(self):
        self.members.found("se", "us")
        self.members.join("se", "nz", ["us"])
        se, nz = self.members["se"], self.members["nz"]
        name = se.create("Known", readers=["all"])
        known = random_hashes(600, 8)
        for turn in range(6):
            rows = "".join(f"{value},baseline\n" for value in known[100 * turn:100 * turn + 100])
            self.write("rows.csv", "pdq,classification\n" + rows)
            se.cli("list", "import", name, "rows.csv")
            (nz if turn % 2 else se).kill()
            (nz if turn % 2 else se).start()
        until(lambda: all(nz.matches(*known)), "nz finds all of them")
        self.members.settle()
        self.assertEqual(dumped(self.members["us"]), dumped(nz))
        for member in (se, nz):
            member.stop()
            member.cli("log", "verify")

    def test_strangers_and_other_protocols_get_nothing(self):
        self.members.found("se", "us")
        port = self.members["se"].port
        for context in (ssl.create_default_context(), ssl._create_unverified_context()):
            connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
            with self.assertRaises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
                connection.request("POST", "/federation/v1/head", "{}")
                connection.getresponse().read()
            connection.close()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            connection.request("POST", "/federation/v1/head", "{}")
            connection.getresponse()
        connection.close()
        # nz has a key of its own, and isn't known: it can't even ask.
        self.assertEqual(self.members["nz"].status()["alliance"], "")

    def test_an_older_copy_of_a_node_finds_itself_out(self):
        self.members.found("se", "us")
        se, us = self.members["se"], self.members["us"]
        se.create("One", random_hashes(1, 9)[0], readers=["all"])
        self.members.settle("se", "us")
        se.stop()
        subprocess.run(["cp", "-r", "se", "se-then"], cwd=self.folder, check=True)
        se.start()
        se.create("Two", readers=["all"])
        self.members.settle("se", "us")
        se.stop()
        subprocess.run("rm -r se && mv se-then se && rm -f se/socket se/lock", shell=True, cwd=self.folder, check=True)
        se.start()
        # It would write a second history: as soon as somebody has told it, it doesn't.
        until(lambda: "older copy of itself" in se.status()["held"], "se knows")
        self.assertIn("older copy of itself", se.refused("list", "create", "Three"))
        until(lambda: "shorter than it was" in us.sees("se")["trouble"], "us sees that it is shorter")
        self.assertEqual(us.status()["two_faced"], [])
        self.assertTrue(se.matches(*random_hashes(1, 9))[0], "it goes on matching")

    def test_two_copies_that_both_write_are_found_out(self):
        self.members.found("se", "us")
        self.members.join("se", "nz", ["us"])
        se, us, nz = (self.members[code] for code in self.CODES)
        name = se.create("One", random_hashes(1, 9)[0], readers=["all"])
        self.members.settle()
        se.stop()
        subprocess.run(["cp", "-r", "se", "se-twin"], cwd=self.folder, check=True)
        us.stop()
        # nz reads the one, and us the other, while the two readers don't meet the copies at the same time.
        se.start()
        se.cli("list", "set", name, "--title", "Of the first")
        until(lambda: "Of the first" in nz.cli("list", "show"), "nz reads the first")
        se.stop()
        nz.stop()
        subprocess.run("mv se se-first && mv se-twin se && rm -f se/socket se/lock", shell=True, cwd=self.folder,
                       check=True)
        se.start()
        se.cli("list", "set", name, "--title", "Of the second")
        us.start()
        until(lambda: "Of the second" in us.cli("list", "show"), "us reads the second")
        nz.start()
        until(lambda: "two histories" in nz.sees("se")["trouble"], "nz sees that there are two")
        self.assertEqual(nz.status()["two_faced"], ["se"])
        self.assertIn("two histories", nz.cli("alliance", "status"))
        # What it had read first stays, and nothing of the other is read.
        self.assertIn("Of the first", nz.cli("list", "show"))
        # nz vouches for none of it, so what us has read is enforced by nobody.
        row = us.sees("se")
        self.assertLess(row["cosigned"], row["records"])
        us.cli("list", "create", "Of us")
        until(lambda: us.sees("nz")["read_to"] == us.sees("nz")["records"], "the others go on")

    def test_both_sides_of_a_partition_write_and_come_together(self):
        self.members.found("se", "us")
        self.members.join("se", "nz", ["us"])
        se, us, nz = (self.members[code] for code in self.CODES)
        known = random_hashes(3, 12)
        names = {one.code: one.create("Of " + one.code, readers=["all"]) for one in (se, us, nz)}
        self.members.settle()
        # se alone: it writes, and no vote of its own is enough.
        us.stop()
        nz.stop()
        self.write("charter2.txt", "We protect children, alone.\n")
        se.cli("alliance", "vote", "charter", "charter2.txt")
        self.write("row.csv", f"pdq,classification\n{known[0]},baseline\n")
        se.cli("list", "import", names["se"], "row.csv")
        self.assertEqual(se.status()["epoch"], 1)
        se.stop()
        # The others without it.
        us.start()
        nz.start()
        for one, value in ((us, known[1]), (nz, known[2])):
            self.write("row.csv", f"pdq,classification\n{value},baseline\n")
            one.cli("list", "import", names[one.code], "row.csv")
        until(lambda: us.level(known[2]) and nz.level(known[1]), "they read one another")
        self.assertEqual(us.level(known[0]) + nz.level(known[0]), "")
        se.start()
        for one in (se, us, nz):
            until(lambda at=one: all(at.level(value) for value in known), f"{one.code} finds all of it")
        self.members.settle()
        self.assertEqual(dumped(se), dumped(us))
        self.assertEqual(dumped(us), dumped(nz))
        self.assertEqual({one.status()["epoch"] for one in (se, us, nz)}, {1})
        self.assertEqual([one.status()["two_faced"] for one in (se, us, nz)], [[], [], []])

    def test_restored_it_waits_until_others_have_told_how_long_its_log_is(self):
        self.members.found("se", "us")
        se, us = self.members["se"], self.members["us"]
        se.create("One", readers=["all"])
        self.members.settle("se", "us")
        recipient = se.cli("backup", "keygen", "-o", "identity").strip()
        se.cli("backup", "-o", "node.age", "--recipient", recipient)
        se.stop()
        us.stop()
        subprocess.run(["mv", "se", "se-gone"], cwd=self.folder, check=True)
        se.cli("restore", "node.age", "--identity", "identity", "--to", "se", "--key-file", "se2.key")
        se.configure(**self.BEAT)
        se.start()
        self.assertIn("restored from a backup", se.refused("list", "create", "Two"))
        us.start()
        until(lambda: se.status()["held"] == "", "us has told it")
        se.create("Two", readers=["all"])
        self.members.settle("se", "us")


class PostgresTest(Case):
    def test_a_member_with_postgresql_and_one_without(self):
        with subprocess.Popen([POSTGRES], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            conninfo = server.stdout.readline().decode().strip()
            members = Members(PROGRAM, self.folder, "se", "us", init={"se": ["--postgres", conninfo]}, beat_seconds=2)
            try:
                self.exchange(members)
            finally:
                members.end()
                server.stdin.close()

    def exchange(self, members):
        members.start()
        members.found("se", "us")
        known = random_hashes(2, 10)
        for owner, reader, value in (("se", "us", known[0]), ("us", "se", known[1])):
            members[owner].create("Known to " + owner, value, readers=["all"])
            until(lambda at=reader, one=value: members[at].level(one), f"{reader} finds it")
        members["us"].stop()
        until(lambda: members["se"].sees("us")["trouble"], "se notes that us is away")
        members["us"].start()
        members.settle()
        self.assertEqual(dumped(members["se"]), dumped(members["us"]))
        until(lambda: not members["se"].sees("us")["trouble"], "se notes that us is back")
