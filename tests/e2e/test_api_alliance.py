"""The API's alliance: what a node says that belongs to none, and one that founds, invites and shares"""

import socket
import time
import unittest

from serving import Served, ServedCase

AT = "/api/v1/alliance"
CARD = {"name": "Sweden", "kind": "state", "jurisdiction": "SE", "address": "https://node.example:8343"}


class NoAllianceTest(ServedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.steward = cls.person("steward")
        cls.viewer = cls.person("viewer")
        cls.analyst = cls.person("analyst")

    def test_everybody_may_look_and_sees_that_there_is_none(self):
        for who in (self.viewer, self.analyst, self.steward):
            summary = who.get(AT).json
            self.assertEqual((summary["standing"], summary["member"], summary["may_vote"]), ("none", "se", False))
            self.assertEqual(len(summary["words"].split("-")), 8)
            self.assertNotIn("name", summary)
            self.assertEqual(who.get(AT + "/members").json, {"members": []})
            self.assertEqual(who.get(AT + "/changes").json["changes"], [])
            self.assertEqual(who.get(AT + "/erasures").json, {"erasures": []})
            who.refused("not-found", "GET", AT + "/members/no")

    def test_a_card_is_signed_and_checked(self):
        made = self.steward.post(AT + "/card", CARD).json
        self.assertEqual(made["words"], self.steward.get(AT).json["words"])
        self.assertEqual(made["card"], self.steward.post(AT + "/card", CARD).json["card"])
        for wrong in ({"address": "http://node.example"}, {"jurisdiction": "Sweden"}, {"jurisdiction": "se"},
                      {"kind": "country"}, {"name": ""}, {"more": 1}, {"remit": "material"}):
            self.steward.refused("invalid", "POST", AT + "/card", CARD | wrong)

    def test_what_needs_an_alliance_says_so(self):
        invitation = {"member": "no", "kind": "state", "jurisdiction": "NO", "days": 30}
        self.steward.refused("forbidden", "POST", AT + "/invitations", invitation)
        for wrong in ({"days": 0}, {"days": 366}, {"kind": "x"}, {"member": None}):
            self.steward.refused("invalid", "POST", AT + "/invitations", invitation | wrong)
        for vote in ({"what": "lift", "member": "no"}, {"what": "suspend", "member": "no", "grounds": "asked"},
                     {"what": "charter", "text": "We agree."}):
            self.steward.refused("forbidden", "POST", AT + "/votes", vote | {"reason": "to see"})
        for vote in ({}, {"what": "crown"}, {"what": "lift"}, {"what": "suspend", "member": "no"},
                     {"what": "open", "change": "abc"}, {"what": "admit", "letter": "  "}):
            self.steward.refused("invalid", "POST", AT + "/votes", vote | {"reason": "to see"})
        self.steward.refused("not-found", "POST", AT + "/votes",
                             {"what": "open", "change": "0" * 64, "reason": "to see"})
        self.steward.refused("not-found", "POST", AT + "/members/no/mute", {"reason": "odd"})
        self.steward.refused("invalid", "POST", AT + "/members/se/mute", {"reason": "odd"})
        self.steward.refused("invalid", "POST", AT + "/members/no/mute", {"reason": ""})
        self.steward.refused("conflict", "POST", AT + "/members/no/unmute", {"reason": "odd"})
        self.assertEqual(self.steward.get("/api/v1/approvals").json["approvals"], [])

    def test_letters_that_are_none(self):
        for where in ("/invitations/read", "/acceptances/read"):
            self.steward.refused("unreadable", "POST", AT + where, {"letter": "Dear colleague,"})
            self.steward.refused("unreadable", "POST", AT + where, {"letter": "{}"})
            self.steward.refused("invalid", "POST", AT + where, {"letter": ""})
        self.steward.refused("unreadable", "POST", AT + "/acceptances",
                             {"letter": "x", "name": "Sweden", "address": "https://node.example"})

    def test_lists_of_ours(self):
        path = self.make_list("Shared")
        listed = self.steward.get(AT + "/lists").json["lists"]
        [one] = [one for one in listed if one["title"] == "Shared"]
        self.assertEqual((one["own"], one["readers"], one["member"]), (True, [], "se"))
        at = AT + "/lists/" + path.rsplit("/", 1)[1]
        self.assertEqual(self.analyst.get(at).json, one)
        self.steward.refused("not-found", "POST", at + "/readers", {"readers": ["no"]})
        self.steward.refused("invalid", "POST", at + "/readers", {"readers": []})
        self.steward.refused("not-found", "DELETE", at + "/readers/no")
        self.assertEqual(self.steward.post(at + "/readers", {"readers": ["*"]}).json["readers"], ["*"])
        answer = self.steward.delete(at + "/readers/*")
        self.assertEqual(answer.json["readers"], [])
        self.analyst.refused("conflict", "PUT", at + "/subscription", {"subscribed": True})
        self.analyst.refused("invalid", "PUT", at + "/subscription", {"enforce": True})
        self.add(path, {"md5": "ab" * 16, "classification": "national"})
        self.steward.refused("forbidden", "POST", at + "/readers", {"readers": ["*"]})


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(what)
        time.sleep(0.1)


class AllianceTest(unittest.TestCase):
    """Two nodes that found one by the command line; the rest is done by the API."""

    @classmethod
    def setUpClass(cls):
        cls.nodes = {}
        cards = {}
        for member in ("no", "se"):
            port = free_port()
            node = Served(member=member, federation={"listen": f"127.0.0.1:{port}", "beat_seconds": 1})
            cls.addClassCleanup(node.remove)
            cls.nodes[member] = node
            cards[member] = node.cli("alliance", "card", "--name", "Name of " + member, "--jurisdiction",
                                     member.upper(), "--address", f"https://127.0.0.1:{port}")
        for node in cls.nodes.values():
            for member, card in cards.items():
                node.folder.joinpath(member + ".card").write_text(card)
            node.folder.joinpath("charter").write_text("We agree.\n")
            node.cli("alliance", "found", "--name", "Two", "--charter", "charter", "--founder", "no.card",
                     "--founder", "se.card")
            node.start()
        cls.se, cls.no = (cls.nodes[member].person("steward") for member in ("se", "no"))
        cls.admins = [cls.nodes[member].person("admin") for member in ("se", "no")]
        for steward in (cls.se, cls.no):
            until("the alliance doesn't begin", lambda who=steward: who.get(AT).json["standing"] == "active")

    def approve(self, admin, where):
        return admin.post(where + "/answer", {"approve": True}).json["state"]

    def test_the_metrics_say_how_it_goes_with_the_others_and_not_who_they_are(self):
        asker = self.nodes["se"].program("metrics")

        def gauges():
            lines = asker.get("/metrics").body.decode().splitlines()
            return {line.split()[0]: int(line.split()[1]) for line in lines if line.startswith("fristad_alliance_")}

        before = gauges()
        self.assertEqual(before.keys(), {"fristad_alliance_" + name for name in (
            "members", "failing", "behind", "muted", "votes_waiting", "evidence", "clock_offset_seconds")})
        self.assertLess(abs(before["fristad_alliance_clock_offset_seconds"]), 10)
        members = [one for one in self.se.get(AT + "/members").json["members"] if not one["own"]]
        self.assertEqual(before["fristad_alliance_members"],
                         sum(one["standing"] == "active" for one in members))
        self.assertEqual((before["fristad_alliance_muted"], before["fristad_alliance_evidence"]), (0, 0))
        self.se.post(AT + "/members/no/mute", {"reason": "to see it counted"})
        self.assertEqual(gauges()["fristad_alliance_muted"], 1)
        self.se.post(AT + "/members/no/unmute", {"reason": "seen"})
        self.assertEqual(gauges()["fristad_alliance_muted"], 0)

    def test_a_member_is_invited_and_voted_in(self):
        newcomer = Served(member="nz")
        self.addCleanup(newcomer.remove)
        kiwi = newcomer.start().person("steward")
        invited = self.se.post(AT + "/invitations", {"member": "nz", "kind": "state", "jurisdiction": "NZ",
                                                     "days": 3}).json
        self.se.refused("conflict", "POST", AT + "/invitations", {"member": "no", "kind": "state",
                                                                  "jurisdiction": "NO", "days": 3})
        read = kiwi.post(AT + "/invitations/read", {"letter": "\n " + invited["letter"] + "\n"}).json
        self.assertEqual((read["for_us"], read["over"], read["charter"]), (True, False, "We agree.\n"))
        self.assertEqual(read["inviter"]["words"], self.se.get(AT).json["words"])
        self.assertFalse(self.no.post(AT + "/invitations/read", {"letter": invited["letter"]}).json["for_us"])
        accepted = kiwi.post(AT + "/acceptances", {"letter": invited["letter"], "name": "New Zealand",
                                                   "address": "https://127.0.0.1:1"}).json
        self.assertEqual(kiwi.get(AT).json["standing"], "invited")
        answer = self.se.post(AT + "/acceptances/read", {"letter": accepted["answer"]}).json
        self.assertEqual((answer["words"], answer["charter_is_ours"], answer["never_wins"]),
                         (accepted["words"], True, ""))
        asked = self.se.post(AT + "/votes", {"what": "admit", "letter": accepted["answer"], "reason": "by phone"},
                             expect=202)
        self.assertEqual(asked.json["arguments"]["words"], accepted["words"])
        self.se.refused("forbidden", "POST", asked.headers["location"] + "/answer", {"approve": True})
        self.assertEqual(self.se.get(AT + "/changes").json["changes"], [])
        self.assertEqual(self.approve(self.admins[0], asked.headers["location"]), "done")
        [change] = self.se.get(AT + "/changes").json["changes"]
        self.assertEqual((change["what"], change["member"], change["voters"], change["we_could"]),
                         ("admit", "nz", ["se"], False))
        until("no vote to join", lambda: self.no.get(AT).json["waiting_for_us"] == 1)
        [seen] = self.no.get(AT + "/changes").json["changes"]
        self.assertEqual((seen["change"], seen["we_could"]), (change["change"], True))
        asked = self.no.post(AT + "/votes", {"what": "open", "change": seen["change"], "reason": "fine"}, expect=202)
        self.assertEqual(self.approve(self.admins[1], asked.headers["location"]), "done")
        self.assertEqual(self.no.get(AT + "/members/nz").json["words"], accepted["words"])
        until("nz isn't in", lambda: len(self.se.get(AT + "/members").json["members"]) == 3)

    def test_lists_are_shared_and_subscribed_to(self):
        analyst = self.nodes["no"].person("analyst")
        made = analyst.post("/api/v1/lists", {"title": "Norwegian"}).json["list"]
        analyst.post(f"/api/v1/lists/{made}/entries", {"entries": [{"md5": "ab" * 16, "classification": "national"}]})
        at = f"{AT}/lists/{made}"
        self.no.refused("forbidden", "POST", at + "/readers", {"readers": ["*"]})
        self.assertEqual(self.no.post(at + "/readers", {"readers": ["se"]}).json["readers"], ["se"])
        until("it doesn't come", lambda: self.se.get(AT + "/members/no").json["counts"] != [])
        theirs = self.se.get(at).json
        self.assertEqual((theirs["member"], theirs["own"], theirs["readers"]), ("no", False, []))
        self.assertNotIn("subscription", theirs)
        how = self.se.put(at + "/subscription", {"subscribed": True, "national": True, "enforced_per_day": 5})
        self.assertEqual(how.json["subscription"], {"subscribed": True, "enforce": False, "national": True,
                                                    "heed_disputes": True, "enforced_per_day": 5})
        self.se.refused("forbidden", "POST", at + "/readers", {"readers": ["no"]})
        [row] = [one for one in self.se.get(AT + "/members").json["members"] if one["member"] == "no"]
        self.assertEqual((row["lists"], row["subscribed"]), (1, 1))
        self.assertGreater(row["contact_ms"], 0)
        self.assertEqual(self.no.delete(at + "/readers/se").json["readers"], [])

    def test_the_brake_is_pulled_by_one_at_once(self):
        key = {"Idempotency-Key": "once"}
        for _ in range(2):
            muted = self.se.post(AT + "/members/no/mute", {"reason": "odd"}, headers=key).json
            self.assertEqual(muted, {"member": "no", "muted": True})
        self.assertTrue(self.se.get(AT + "/members/no").json["of"]["muted"])
        self.se.refused("conflict", "POST", AT + "/members/no/mute", {"reason": "odd"})
        self.se.post(AT + "/members/no/unmute", {"reason": "explained"})
        self.assertFalse(self.se.get(AT + "/members/no").json["of"]["muted"])


if __name__ == "__main__":
    unittest.main()
