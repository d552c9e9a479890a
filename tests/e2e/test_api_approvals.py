"""The API's approvals: what one asks for and another answers"""

import threading

from serving import ServedCase
from support import random_hashes


class ApprovalsTest(ServedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.analyst = cls.person("analyst")
        cls.second = cls.person("ann", "analyst")
        cls.admin = cls.person("admin")
        cls.other_admin = cls.person("adam", "admin")
        cls.steward = cls.person("steward")
        cls.viewer = cls.person("viewer")

    def ask(self, client, path, **body):
        asked = client.post(path, body, expect=202)
        self.assertEqual(asked.headers["location"], "/api/v1/approvals/" + asked.json["approval"])
        self.assertEqual(asked.json["state"], "asked")
        return asked.headers["location"]

    def answer(self, client, where, approve=True, **more):
        return client.post(where + "/answer", {"approve": approve, **more}).json["state"]

    def state(self, where):
        return self.analyst.get(where).json["state"]

    def test_an_export_is_approved_and_downloaded_once(self):
        path = self.make_list("Exported")
        numbers = self.add(path, *({"pdq": pdq, "id": f"=n{i}", "note": "a \"b\",c\nd", "classification": "baseline"}
                                   for i, pdq in enumerate(random_hashes(700, 21))), {"md5": "ab" * 16, "raw": "x"})
        self.analyst.post(path + "/withdrawals", {"entries": str(numbers[0]), "reason": "wrong"})
        for kind, content_type in (("csv", "text/csv"), ("jsonl", "application/x-ndjson")):
            where = self.ask(self.analyst, path + "/exports", format=kind, reason="for the police of no")
            self.analyst.refused("conflict", "GET", where + "/export")
            self.analyst.refused("forbidden", "POST", where + "/answer", {"approve": True})
            self.assertEqual(self.state(where), "asked")
            self.assertEqual(self.answer(self.second, where), "approved")
            self.second.refused("forbidden", "GET", where + "/export")
            self.second.refused("conflict", "POST", where + "/answer", {"approve": True})
            self.analyst.refused("invalid", "POST", where + "/run")
            download = self.analyst.get(where + "/export")
            self.assertEqual(download.headers["content-type"].partition(";")[0], content_type)
            self.assertIn("attachment", download.headers["content-disposition"])
            self.assertEqual(download.body.decode(), self.served.cli("list", "export", "Exported", "--format", kind))
            self.assertEqual(download.body.count(b"ab" * 16), 1)
            self.analyst.refused("conflict", "GET", where + "/export")
            shown = self.analyst.get(where).json
            self.assertEqual((shown["state"], shown["asked_by"], shown["answered_by"], shown["reason"]),
                             ("done", "analyst", "ann", "for the police of no"))
        for body in ({}, {"reason": ""}, {"reason": "x", "format": "xml"}, {"reason": "x" * 1001}, {"reason": 7}):
            self.analyst.refused("invalid", "POST", path + "/exports", body)

    def test_two_downloads_at_once_are_one(self):
        path = self.make_list()
        self.add(path, {"md5": "ac" * 16})
        where = self.ask(self.analyst, path + "/exports", reason="x")
        self.answer(self.steward, where)
        clients = [self.served.another_session("analyst") for _ in range(6)]
        statuses = []

        def load(client):
            statuses.append(client.send("GET", where + "/export")[0].status)
            client.close()

        threads = [threading.Thread(target=load, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(statuses), [200] + [409] * 5)

    def test_a_refusal_has_a_reason(self):
        path = self.make_list()
        where = self.ask(self.analyst, path + "/exports", reason="x")
        self.second.refused("invalid", "POST", where + "/answer", {"approve": False})
        for body in ({}, {"approve": "yes"}, {"approve": True, "more": 1}):
            self.second.refused("invalid", "POST", where + "/answer", body)
        self.assertEqual(self.answer(self.steward, where, False, reason="not needed"), "refused")
        shown = self.analyst.get(where).json
        self.assertEqual((shown["state"], shown["answer_reason"]), ("refused", "not needed"))
        self.analyst.refused("conflict", "GET", where + "/export")
        self.second.refused("conflict", "POST", where + "/answer", {"approve": True})

    def test_an_erasure(self):
        path = self.make_list()
        number, other = self.add(path, {"md5": "ad" * 16, "classification": "baseline"}, {"md5": "ae" * 16})
        for body in ({"entry": number}, {"entry": number, "ground": ""}, {"entry": 0, "ground": "x"},
                     {"entry": str(number), "ground": "x"}):
            self.analyst.refused("invalid", "POST", path + "/erasures", body)
        self.analyst.refused("not-found", "POST", path + "/erasures", {"entry": other + 1, "ground": "article 17"})
        where = self.ask(self.analyst, path + "/erasures", entry=number, ground="article 17")
        self.assertEqual(len(self.matches(self.analyst, md5="ad" * 16)), 1)
        self.analyst.refused("conflict", "POST", where + "/run")
        self.assertEqual(self.answer(self.second, where), "done")
        self.assertEqual(self.matches(self.analyst, md5="ad" * 16), [])
        self.assertEqual(len(self.matches(self.analyst, md5="ae" * 16)), 1)
        self.analyst.refused("not-found", "GET", f"{path}/entries/{number}")
        self.analyst.refused("not-found", "POST", where + "/run")
        self.assertEqual(self.analyst.get(path).json["entries"], 1)

    def test_roles_need_a_second_administrator(self):
        user = self.admin.post("/api/v1/users", {"name": "rolf"}, expect=201).json
        self.assertEqual(user["roles"], [])
        path = "/api/v1/users/" + user["user"]
        where = self.ask(self.admin, path + "/roles", roles=["viewer", "analyst"], reason="is new")
        self.admin.refused("forbidden", "POST", where + "/answer", {"approve": True})
        self.assertEqual(self.admin.get(path).json["roles"], [])
        for nobody in (self.analyst, self.viewer):
            nobody.refused("not-found", "POST", where + "/answer", {"approve": True})
        self.assertEqual(self.answer(self.other_admin, where), "done")
        self.assertEqual(sorted(self.admin.get(path).json["roles"]), ["analyst", "viewer"])
        for roles in (["analyst", "guardian"], ["analyst", "coordinator"], ["admin", "investigator"],
                      ["admin", "guardian"]):
            self.admin.refused("forbidden", "POST", path + "/roles", {"roles": roles, "reason": "x"})
        for body in ({"roles": ["king"], "reason": "x"}, {"roles": "admin", "reason": "x"}, {"roles": ["viewer"]},
                     {"reason": "x"}):
            self.admin.refused("invalid", "POST", path + "/roles", body)
        where = self.ask(self.admin, path + "/roles", roles=[], reason="has left")
        self.assertEqual(self.answer(self.steward, where), "done")
        self.assertEqual(self.admin.get(path).json["roles"], [])

    def test_new_roles_end_sessions(self):
        self.person("vera", "viewer")
        client = self.served.people["vera"]
        path = "/api/v1/users/" + client.get("/api/v1/me").json["user"]
        where = self.ask(self.admin, path + "/roles", roles=["analyst"], reason="has learnt")
        client.get("/api/v1/me")
        self.answer(self.other_admin, where)
        client.refused("sign-in-needed", "GET", "/api/v1/me")
        client = self.served.another_session("vera")
        self.assertEqual(client.get("/api/v1/me").json["roles"], ["analyst"])

    def test_a_reset_and_a_first_password(self):
        client = self.person("resa", "viewer")
        path = "/api/v1/users/" + client.get("/api/v1/me").json["user"]
        self.admin.refused("conflict", "POST", path + "/first-password")
        where = self.ask(self.admin, path + "/reset", reason="the key is lost")
        self.assertEqual(self.answer(self.other_admin, where), "done")
        client.refused("sign-in-needed", "GET", "/api/v1/me")
        shown = self.admin.get(path).json
        self.assertEqual((shown["has_password"], shown["has_totp"], shown["security_keys"]), (False, False, 0))
        given = self.admin.post(path + "/first-password", expect=201).json
        self.admin.refused("conflict", "POST", path + "/first-password")
        self.assertEqual(client.begin("resa", given["password"])["step"], "enrol")
        client.enrol_totp(given["password"])
        self.assertEqual(client.get("/api/v1/me").json["has_totp"], True)

    def test_whom_it_does_not_concern_it_is_not_shown(self):
        where = self.ask(self.analyst, self.make_list() + "/exports", reason="for me")
        for client, sees in ((self.second, True), (self.steward, True), (self.admin, False), (self.viewer, False)):
            if sees:
                self.assertEqual(client.get(where).json["reason"], "for me")
            else:
                client.refused("not-found", "GET", where)
                client.refused("not-found", "POST", where + "/run")
            listed = client.get("/api/v1/approvals?count=200").json["approvals"]
            self.assertEqual(where.rsplit("/", 1)[1] in [one["approval"] for one in listed], sees)
        for wrong in ("/api/v1/approvals/" + "0" * 32, "/api/v1/approvals/x"):
            self.analyst.refused("not-found", "GET", wrong)
            self.analyst.refused("not-found", "POST", wrong + "/answer", {"approve": True})
            self.analyst.refused("not-found", "GET", wrong + "/export")

    def test_names_are_told_to_who_may_know_them(self):
        path = self.make_list("A list with a name")
        where = self.ask(self.analyst, path + "/exports", reason="x")
        for client in (self.analyst, self.second, self.steward):
            self.assertEqual(client.get(where).json["subject_name"], "A list with a name")
            [listed] = [one for one in client.get("/api/v1/approvals?count=200").json["approvals"]
                        if where.endswith(one["approval"])]
            self.assertEqual(listed["subject_name"], "A list with a name")
        self.analyst.patch(path, {"title": "Named anew"})
        self.assertEqual(self.steward.get(where).json["subject_name"], "Named anew")

        user = self.admin.post("/api/v1/users", {"name": "nora", "display": "Nora Nes"}, expect=201).json["user"]
        where = self.ask(self.admin, f"/api/v1/users/{user}/roles", roles=["viewer"], reason="is new")
        for client in (self.admin, self.other_admin, self.steward):
            self.assertEqual(client.get(where).json["subject_name"], "Nora Nes (nora)")

    def test_who_may_not_read_lists_any_more_is_told_no_name(self):
        client = self.person("lars", "analyst")
        path = self.make_list("Not for Lars")
        where = self.ask(client, path + "/exports", reason="x")
        self.assertEqual(client.get(where).json["subject_name"], "Not for Lars")
        self.served.cli("user", "roles", "lars", "--role", "viewer")
        client = self.served.another_session("lars")
        shown = client.get(where)
        self.assertEqual(shown.json["reason"], "x")
        self.assertNotIn("subject_name", shown.json)
        self.assertNotIn(b"Not for Lars", client.get("/api/v1/approvals?count=200").body)

    def test_pages_and_states(self):
        path = self.make_list()
        asked = [self.ask(self.analyst, path + "/exports", reason=f"page {i}").rsplit("/", 1)[1] for i in range(5)]
        found = []
        more = ""
        while True:
            page = self.analyst.get("/api/v1/approvals?state=asked&count=2" + more).json
            self.assertEqual({one["state"] for one in page["approvals"]} - {"asked"}, set())
            found += [one["approval"] for one in page["approvals"]]
            if page["next"] is None:
                break
            more = "&cursor=" + page["next"]
        # The newest first.
        self.assertEqual([one for one in found if one in asked], asked[::-1])
        self.assertEqual(len(found), len(set(found)))
        for query in ("state=open", "count=0", "count=201", "cursor=x"):
            self.analyst.refused("invalid", "GET", "/api/v1/approvals?" + query)
