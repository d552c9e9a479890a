"""The API's alliance: what a node says that belongs to none, and one that founds, invites and shares"""

import unittest

from serving import ServedCase

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


if __name__ == "__main__":
    unittest.main()
