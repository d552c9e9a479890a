"""The API's defences: forgery, guessing, repeated requests, limits"""

import threading

from api_client import ORIGIN
from serving import ServedCase


class SafetyTest(ServedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.analyst = cls.person("analyst")

    def titles(self):
        return [one["title"] for one in self.analyst.get("/api/v1/lists").json["lists"]]

    # ---- Forgery ----

    def test_a_change_brings_what_only_our_pages_know(self):
        other = self.person("other", "analyst")
        for csrf in (None, "", "x", other.csrf, self.analyst.csrf + "x"):
            self.analyst.refused("forbidden", "POST", "/api/v1/lists", {"title": "forged"},
                                 headers={"X-CSRF-Token": csrf})
        for method, path in (("DELETE", "/api/v1/sessions/current"), ("PUT", "/api/v1/me/password"),
                             ("PATCH", self.make_list()), ("POST", "/api/v1/sessions/enrolled")):
            self.analyst.refused("forbidden", method, path, {}, headers={"X-CSRF-Token": None})
        self.assertNotIn("forged", self.titles())
        self.analyst.get("/api/v1/me", headers={"X-CSRF-Token": None})

    def test_a_change_comes_from_our_pages(self):
        for origin in ("https://evil.example", "null", ORIGIN + ".evil.example", ORIGIN + ":444", "http://se.example"):
            self.analyst.refused("forbidden", "POST", "/api/v1/lists", {"title": "forged"}, headers={"Origin": origin})
            self.analyst.like().refused("forbidden", "POST", "/api/v1/sessions",
                                        {"name": "analyst", "password": self.served.passwords["analyst"]},
                                        headers={"Origin": origin})
        self.analyst.post("/api/v1/lists", {"title": "ours"}, headers={"Origin": ORIGIN})
        self.assertNotIn("forged", self.titles())
        # No other site's page reads anything: nothing says that it may.
        answer = self.analyst.get("/api/v1/lists", headers={"Origin": "https://evil.example"})
        self.assertNotIn("access-control-allow-origin", answer.headers)
        answer, _ = self.analyst.send("OPTIONS", "/api/v1/lists", None, {"Origin": "https://evil.example"})
        self.assertGreaterEqual(answer.status, 400)

    def test_the_cookie(self):
        signed_in = self.analyst.like().post("/api/v1/sessions",
                                             {"name": "analyst", "password": self.served.passwords["analyst"]})
        value, *flags = signed_in.headers["set-cookie"].split("; ")
        self.assertEqual((value.partition("=")[0], len(value.partition("=")[2])), ("fristad_session", 43))
        # Browsers come by https, so it goes by https alone, whatever is between.
        self.assertEqual(sorted(flags), ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"])
        self.assertNotIn(value.partition("=")[2].encode(), signed_in.body)

    # ---- Repeated requests ----

    def test_a_repeated_request_is_done_once(self):
        key = {"Idempotency-Key": "one"}
        first = self.analyst.post("/api/v1/lists", {"title": "once"}, headers=key)
        again = self.analyst.post("/api/v1/lists", {"title": "once"}, headers=key)
        self.assertEqual((again.json, again.status), (first.json, 201))
        self.assertEqual(again.headers["idempotency-replayed"], "true")
        self.assertNotIn("idempotency-replayed", first.headers)
        self.assertEqual(self.titles().count("once"), 1)
        self.analyst.refused("invalid", "POST", "/api/v1/lists", {"title": "twice"}, headers=key)
        path = "/api/v1/lists/" + first.json["list"]
        self.analyst.refused("invalid", "POST", path + "/entries", {"entries": [{"md5": "0" * 32}]}, headers=key)
        self.assertNotIn("twice", self.titles())
        # Another's keys are his own.
        self.person("other", "analyst").post("/api/v1/lists", {"title": "twice"}, headers=key)
        # What failed isn't done, so it may be tried again.
        self.analyst.refused("invalid", "POST", "/api/v1/lists", {"title": ""}, headers={"Idempotency-Key": "two"})
        self.analyst.post("/api/v1/lists", {"title": "mended"}, headers={"Idempotency-Key": "two"})
        self.analyst.refused("invalid", "POST", "/api/v1/lists", {"title": "x"}, headers={"Idempotency-Key": "k" * 256})

    def test_decisions_of_all_kinds_are_repeated_once(self):
        path = self.make_list()
        [number] = self.add(path, {"md5": "b0" * 16})
        for where, body in ((path + "/entries", {"entries": [{"md5": "b1" * 16}]}),
                            (path + "/withdrawals", {"entries": str(number), "reason": "x"}),
                            (path + "/exports", {"reason": "x"})):
            key = {"Idempotency-Key": where}
            first = self.analyst.post(where, body, headers=key)
            self.assertEqual(self.analyst.post(where, body, headers=key).json, first.json)
        shown = self.analyst.get(path).json
        self.assertEqual((shown["entries"], shown["withdrawn"]), (2, 1))
        asked = self.analyst.get("/api/v1/approvals").json["approvals"]
        self.assertEqual([one["subject"] for one in asked].count(path.rsplit("/", 1)[1]), 1)

    def test_a_secret_answer_is_not_repeated(self):
        admin = self.person("admin")
        key = {"Idempotency-Key": "token"}
        draft = {"name": "once", "scopes": ["match"], "days": 1}
        secret = admin.post("/api/v1/tokens", draft, headers=key).json["secret"]
        said = admin.refused("conflict", "POST", "/api/v1/tokens", draft, headers=key)
        self.assertNotIn(secret, said.json["detail"])
        self.assertEqual([one["name"] for one in admin.get("/api/v1/tokens").json["tokens"]].count("once"), 1)

    def test_the_same_request_many_times_at_once(self):
        path = self.make_list()
        clients = [self.served.another_session("analyst") for _ in range(4)]
        answers = []

        def add(client, n):
            answer, _ = client.send("POST", path + "/entries", {"entries": [{"md5": "b2" * 16, "id": f"{n}"}]},
                                    {"Idempotency-Key": f"many {n}"})
            answers.append((n, answer.status, answer.body))

        for n in range(5):
            threads = [threading.Thread(target=add, args=(client, n)) for client in clients]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        for n in range(5):
            mine = [(status, body) for which, status, body in answers if which == n]
            self.assertEqual({status for status, _ in mine} - {201, 409}, set())
            self.assertEqual(len({body for status, body in mine if status == 201}), 1)
        self.assertEqual(self.analyst.get(path).json["entries"], 5)
        for client in clients:
            client.close()

    # ---- Limits ----

    def test_limits_of_bodies(self):
        self.analyst.refused("too-large", "POST", "/api/v1/lists", b" " * ((1 << 20) + 1))
        self.analyst.refused("too-large", "POST", "/api/v1/sessions", b" " * 70_000)
        self.analyst.refused("invalid", "POST", "/api/v1/lists", b'{"title":' + b"[" * 20 + b"]" * 20 + b"}")
        self.analyst.refused("headers-too-large", "GET", "/api/v1/lists", headers={"X-Long": "x" * 20_000})
        self.analyst.get("/api/v1/lists")

    def test_paths(self):
        for path in ("/api/v1//lists", "/api/v1/lists/", "/api/v1/../v1/lists", "/api/v1/%2e%2e/lists",
                     "/api/v1/lists%2f"):
            answer, _ = self.analyst.send("GET", path)
            self.assertIn(answer.status, (400, 404), path)
        self.analyst.refused("not-found", "GET", "/nothing")
        self.analyst.refused("not-found", "GET", "/api/v1/lists/" + "a" * 1000)

    def test_conflicting_changes(self):
        path = self.make_list()
        before = self.analyst.get(path)
        tag = before.etag
        clients = [self.served.another_session("analyst") for _ in range(4)]
        statuses = []

        def change(client, n):
            statuses.append(client.send("PATCH", path, {"title": f"by {n}"}, {"If-Match": tag})[0].status)
            client.close()

        threads = [threading.Thread(target=change, args=(client, n)) for n, client in enumerate(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(statuses)[0], 200)
        self.assertEqual(set(sorted(statuses)[1:]) - {409, 412}, set())
        self.assertEqual(self.analyst.get(path).json["revision"], before.json["revision"] + 1)


class LockOutTest(ServedCase):
    def test_who_guesses_waits(self):
        self.person("eva", "analyst")
        admin = self.person("admin")
        client = admin.like()
        for name in ("eva", "nobody"):
            details = set()
            for _ in range(10):
                said = client.refused("sign-in-needed", "POST", "/api/v1/sessions",
                                      {"name": name, "password": "x" * 12})
                details.add(said.json["detail"])
            self.assertEqual(len(details), 1)
            password = self.served.passwords.get(name, "x" * 12)
            said = client.refused("throttled", "POST", "/api/v1/sessions", {"name": name, "password": password})
            self.assertGreater(int(said.headers["retry-after"]), 0)
        # Neither those who are in, nor others, are kept out.
        self.served.people["eva"].get("/api/v1/me")
        self.served.another_session("admin")

    def test_who_is_in_and_guesses_waits_too(self):
        client = self.person("ulla", "analyst")
        for _ in range(10):
            client.refused("forbidden", "POST", "/api/v1/me/totp", {"password": "x" * 12})
        body = {"password": self.served.passwords["ulla"]}
        for path in ("/api/v1/me/totp", "/api/v1/me/security-keys/challenge"):
            client.refused("throttled", "POST", path, body)
        client.refused("throttled", "PUT", "/api/v1/me/password",
                       {"before": body["password"], "password": "a new pass phrase"})
        client.get("/api/v1/me")


class PlainCookieTest(ServedCase):
    settings = {"origins": []}

    def test_without_https_the_cookie_goes_by_http(self):
        password = self.served.add_user("eva", "analyst")
        signed_in = self.served.nobody().post("/api/v1/sessions", {"name": "eva", "password": password})
        self.assertNotIn("Secure", signed_in.headers["set-cookie"])
        self.assertIn("SameSite=Strict", signed_in.headers["set-cookie"])


class BehindProxyTest(ServedCase):
    settings = {"behind_proxy": True}

    def test_who_guesses_waits_where_he_is(self):
        password = self.served.add_user("eva", "analyst")
        client = self.served.nobody()

        def sign_in(code, guess, address):
            body = {"name": "eva", "password": guess}
            if code:
                # Only what the proxy itself wrote counts: the last.
                headers = {"X-Forwarded-For": "203.0.113.9, " + address}
                client.refused(code, "POST", "/api/v1/sessions", body, headers=headers)
            else:
                client.post("/api/v1/sessions", body, headers={"X-Forwarded-For": address})

        for _ in range(10):
            sign_in("sign-in-needed", "x" * 12, "192.0.2.1")
        sign_in("throttled", password, "192.0.2.1")
        sign_in(None, password, "192.0.2.2")
