"""The API's audit trail and its stream of events"""

import time

from api_client import EventStream
from serving import ServedCase


class AuditTest(ServedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.analyst = cls.person("analyst")
        cls.admin = cls.person("admin")

    def search(self, **query):
        """All acts that a search finds, over all its pages."""
        acts = []
        while True:
            page = self.admin.post("/api/v1/audit/search", query).json
            acts += page["acts"]
            if page["next"] is None:
                return acts
            query["cursor"] = page["next"]

    def kinds(self, acts):
        return [{one["kind"]: one["count"] for one in act["kinds"]} for act in acts]

    def test_who_did_what(self):
        before = int(time.time() * 1000)
        path = self.make_list("Audited")
        numbers = self.add(path, {"md5": "a1" * 16, "id": "the-id"}, {"md5": "a2" * 16})
        self.analyst.post(path + "/withdrawals", {"entries": str(numbers[0]), "reason": "the-reason"})
        self.served.cli("list", "add", "Audited", "--md5", "a3" * 16)
        acts = self.search(actor="analyst", from_ms=before)
        self.assertEqual(self.kinds(acts), [{"entries.withdrawn": 1}, {"entries.added": 1}, {"list": 1}])
        self.assertEqual({act["log"] for act in acts}, {"shared"})
        self.assertTrue(all(act["at_ms"] >= before and act["first"] <= act["last"] for act in acts))
        self.assertEqual(len(self.search(kind="entries.added", from_ms=before)), 2)
        [local] = [act for act in self.search(kind="entries.added", from_ms=before) if act["actor"] != "analyst"]
        self.assertTrue(local["actor"].startswith("local-"), local)
        self.assertEqual(self.search(from_ms=before, until_ms=before), [])
        self.assertEqual(self.search(actor="nobody"), [])
        answer = self.admin.get("/api/v1/audit?count=200")
        for secret in ("a1" * 16, "the-id", "the-reason", "Audited"):
            self.assertNotIn(secret.encode(), answer.body)

    def test_people_and_tokens_leave_a_trail(self):
        user = self.admin.post("/api/v1/users", {"name": "sam"}).json
        self.admin.post("/api/v1/users/" + user["user"] + "/first-password")
        token = self.admin.post("/api/v1/tokens", {"name": "tok", "scopes": ["entries"], "days": 1}).json
        path = self.make_list()
        program = self.admin.like(token["secret"])
        program.post(path + "/entries", {"entries": [{"md5": "a4" * 16}]})
        self.admin.post(f"/api/v1/tokens/{token['token']}/revoke", {"reason": "x"})
        self.assertEqual(self.kinds(self.search(actor="token:tok")), [{"entries.added": 1}])
        self.assertEqual(self.kinds(self.search(actor="admin"))[:4],
                         [{"token.revoked": 1}, {"token": 1}, {"user.password": 1}, {"user": 1}])

    def test_pages_and_filters(self):
        path = self.make_list()
        for i in range(7):
            self.analyst.patch(path, {"title": f"title {i}"})
        whole = self.search(count=200)
        self.assertEqual(self.search(count=3), whole)
        self.assertEqual([act["position"] for act in whole], sorted((act["position"] for act in whole), reverse=True))
        first = self.admin.get("/api/v1/audit?kind=list&count=3").json
        second = self.admin.get("/api/v1/audit?kind=list&count=3&cursor=" + first["next"]).json
        listed = [act for act in whole if any(one["kind"] == "list" for one in act["kinds"])]
        self.assertEqual(first["acts"] + second["acts"], listed[:6])
        for query in ("count=0", "count=201", "cursor=x", "actor=eva"):
            self.admin.refused("invalid", "GET", "/api/v1/audit?" + query)
        for body in ({"who": "x"}, {"from_ms": -1}, {"until_ms": "x"}, {"count": 0}, {"cursor": 1}, {"cursor": "-1"}):
            self.admin.refused("invalid", "POST", "/api/v1/audit/search", body)


class EventsTest(ServedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.analyst = cls.person("analyst")
        cls.admin = cls.person("admin")

    def listen(self, client):
        stream = EventStream(client)
        self.addCleanup(stream.close)
        return stream

    def test_an_event_comes_from_wherever_it_was_done(self):
        self.make_list("Told")
        stream = self.listen(self.analyst)
        folder = self.served.folder
        folder.joinpath("rows.csv").write_text("md5,id,classification\n" + "e1" * 16 + ",secret-name,baseline\n")
        self.served.cli("list", "import", "Told", "rows.csv")
        self.assertTrue(stream.wait_for("lists"))
        self.assertEqual(len(self.matches(self.analyst, md5="e1" * 16)), 1)

    def test_who_may_not_see_it_hears_nothing_of_it(self):
        lists, users, metrics = (self.listen(client) for client in
                                 (self.analyst, self.admin, self.program("metrics")))
        self.make_list()
        self.assertTrue(lists.wait_for("lists"))
        self.admin.post("/api/v1/users", {"name": "heard"})
        self.assertTrue(users.wait_for("users"))
        self.analyst.post(self.make_list() + "/exports", {"reason": "x"})
        for stream in (lists, users):
            self.assertTrue(stream.wait_for("approvals"))
        # All were told at the same moment, so what came to one would have come to the others.
        self.assertEqual(set(lists.names), {"lists", "approvals"})
        self.assertEqual(set(users.names), {"users", "approvals"})
        self.assertEqual(metrics.names, [])

    def test_streams_end_with_what_they_came_with(self):
        program = self.program("lists", name="listener")
        self.person("eva", "analyst")
        sessions = [self.served.another_session("eva") for _ in range(2)]
        stays, token, signed_out, ended, disabled = (
            self.listen(client) for client in (self.analyst, program, *sessions, self.served.people["eva"]))
        self.served.cli("token", "revoke", "listener", "--reason", "x")
        self.assertTrue(token.wait_for_end())
        sessions[0].delete("/api/v1/sessions/current")
        self.assertTrue(signed_out.wait_for_end())
        shown = sessions[1].get("/api/v1/me/sessions").json["sessions"]
        [current] = [one["session"] for one in shown if one["current"]]
        self.served.people["eva"].delete("/api/v1/me/sessions/" + current)
        self.assertTrue(ended.wait_for_end())
        self.served.cli("user", "disable", "eva")
        self.assertTrue(disabled.wait_for_end())
        self.make_list()
        self.assertTrue(stays.wait_for("lists"))
        self.assertFalse(stays.ended)

    def test_streams_are_bounded(self):
        streams = [self.listen(self.program("lists", name="many")) for _ in range(20)]
        self.program("lists", name="many").refused("throttled", "GET", "/api/v1/events")
        self.listen(self.analyst)
        for stream in streams:
            stream.close()

    def test_head_opens_none(self):
        answer, _ = self.analyst.send("HEAD", "/api/v1/events")
        self.assertEqual(answer.body, b"")
        self.analyst.get("/api/v1/me")
