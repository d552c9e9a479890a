"""The API's users, tokens, sessions and own accounts"""

import time

from api_client import ORIGIN, RP_ID
from authenticator import PRESENT, RsaKey, SecurityKey, base64url, totp
from serving import ServedCase


class UsersTest(ServedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.person("admin")
        cls.other = cls.person("adam", "admin")

    def user_path(self, client):
        return "/api/v1/users/" + client.get("/api/v1/me").json["user"]

    def test_users_are_made_and_changed(self):
        made = self.admin.post("/api/v1/users", {"name": "eva.ek", "display": "Eva Ek"}, expect=201)
        path = made.headers["location"]
        shown = self.admin.get(path)
        self.assertEqual((shown.json, shown.etag), (made.json, made.etag))
        self.assertIn(made.json, self.admin.get("/api/v1/users").json["users"])
        self.admin.get(path, headers={"If-None-Match": shown.etag}, expect=304)
        self.admin.patch(path, {"display": "Eva Ekman"}, headers={"If-Match": shown.etag})
        self.admin.refused("stale", "PATCH", path, {"state": "disabled"}, headers={"If-Match": shown.etag})
        self.assertEqual(self.admin.patch(path, {"state": "disabled"}).json["state"], "disabled")
        self.assertEqual(self.admin.get(path).json["display"], "Eva Ekman")
        self.admin.refused("conflict", "POST", "/api/v1/users", {"name": "eva.ek"})
        for body in ({}, {"name": ""}, {"name": "Eva"}, {"name": "a b"}, {"name": "node"}, {"name": "local-x"},
                     {"name": "x" * 65}, {"name": "x", "roles": ["admin"]}, {"name": "x", "password": "y" * 20},
                     {"name": "x", "display": "y" * 201}):
            self.admin.refused("invalid", "POST", "/api/v1/users", body)
        for body in ({}, {"display": "x", "state": "active"}, {"state": "gone"}, {"name": "x"}, {"roles": ["admin"]}):
            self.admin.refused("invalid", "PATCH", path, body)
        self.admin.refused("not-found", "GET", "/api/v1/users/" + "0" * 32)
        self.admin.refused("not-found", "PATCH", "/api/v1/users/x", {"display": "x"})

    def test_a_disabled_user_is_out_at_once(self):
        client = self.person("dora", "viewer")
        path = self.user_path(client)
        self.admin.patch(path, {"state": "disabled"})
        client.refused("sign-in-needed", "GET", "/api/v1/me")
        password = self.served.passwords["dora"]
        client.refused("sign-in-needed", "POST", "/api/v1/sessions", {"name": "dora", "password": password})
        self.admin.patch(path, {"state": "active"})
        client.sign_in("dora", password, self.served.keys["dora"])

    def test_the_last_administrator_stays(self):
        second = self.user_path(self.other)
        self.admin.patch(second, {"state": "disabled"})
        self.admin.refused("forbidden", "PATCH", self.user_path(self.admin), {"state": "disabled"})
        self.assertIn("last", self.served.cli("user", "disable", "admin", expect=3))
        self.assertIn("last", self.served.cli("user", "roles", "admin", "--role", "viewer", expect=3))
        self.admin.patch(second, {"state": "active"})
        self.served.people["adam"] = UsersTest.other = self.served.another_session("adam")
        self.admin.get("/api/v1/users")

    # ---- Tokens ----

    def test_tokens(self):
        made = self.admin.post("/api/v1/tokens", {"name": "intake", "scopes": ["match", "metrics"], "days": 10,
                                                  "hashes_per_minute": 5}, expect=201).json
        token = self.admin.like(made["secret"])
        self.assertEqual(token.get("/api/v1/me").json, {"actor": "token:intake", "kind": "token", "enrolling": False,
                                                        "rights": ["node_status", "match", "read_metrics"]})
        [shown] = [one for one in self.admin.get("/api/v1/tokens").json["tokens"] if one["token"] == made["token"]]
        self.assertEqual((shown["name"], shown["scopes"], shown["revoked"], shown["hashes_per_minute"]),
                         ("intake", ["match", "metrics"], False, 5))
        self.assertGreater(shown["used_ms"], 0)
        self.assertNotIn(made["secret"].encode(), self.admin.get("/api/v1/tokens").body)
        self.admin.refused("conflict", "POST", "/api/v1/tokens", {"name": "intake", "scopes": ["match"], "days": 1})
        revoke = f"/api/v1/tokens/{made['token']}/revoke"
        self.admin.refused("invalid", "POST", revoke, {"reason": ""})
        self.admin.refused("invalid", "POST", revoke)
        token.get("/api/v1/me")
        self.admin.post(revoke, {"reason": "leaked"})
        token.refused("sign-in-needed", "GET", "/api/v1/me")
        token.refused("sign-in-needed", "GET", "/health/live")
        token.refused("sign-in-needed", "POST", "/api/v1/match", {"md5": "0" * 32})
        self.admin.refused("conflict", "POST", revoke, {"reason": "again"})
        self.admin.refused("not-found", "POST", "/api/v1/tokens/" + "0" * 16 + "/revoke", {"reason": "x"})
        self.admin.post("/api/v1/tokens", {"name": "intake", "scopes": ["match"], "days": 1})
        for body in ({}, {"name": "x", "scopes": [], "days": 1}, {"name": "x", "scopes": ["all"], "days": 1},
                     {"name": "x", "scopes": ["match"]}, {"name": "x", "scopes": ["match"], "days": 0},
                     {"name": "x", "scopes": ["match"], "days": 732}, {"name": "X", "scopes": ["match"], "days": 1},
                     {"name": "x", "scopes": ["match"], "days": 1, "hashes_per_day": -1},
                     {"name": "x", "scopes": ["match"], "days": 1, "rights": ["manage_users"]}):
            self.admin.refused("invalid", "POST", "/api/v1/tokens", body)

    def test_a_token_revoked_on_the_command_line_is_out_at_once(self):
        client = self.program("match", name="short")
        client.get("/api/v1/me")
        self.served.cli("token", "revoke", "short", "--reason", "x")
        client.refused("sign-in-needed", "GET", "/api/v1/me")

    def test_what_is_no_token(self):
        good = self.program("match", name="good").token
        for text in ("Bearer", "Bearer ", "Bearer x", "Bearer fristad_" + "A" * 43, "Bearer " + good[:-1],
                     "Basic " + good, "Bearer " + good + "x", good):
            client = self.admin.like()
            answer = client.ask("GET", "/api/v1/me", headers={"Authorization": text}, expect=401)
            self.assertEqual(answer.headers["www-authenticate"], "Bearer")

    # ---- Signing in, and one's own account ----

    def test_the_way_in_with_a_key(self):
        password = self.served.add_user("gustav", "guardian")
        client = self.admin.like()
        self.assertEqual(client.begin("gustav", password)["step"], "enrol")
        me = client.get("/api/v1/me").json
        self.assertEqual((me["enrolling"], me["rights"], me["needs_security_key"]), (True, ["own_account"], True))
        client.refused("forbidden", "GET", "/api/v1/approvals")
        client.refused("forbidden", "PUT", "/api/v1/me/password", {"before": password, "password": "y" * 20})
        # A code isn't enough for who needs a key.
        secret = client.post("/api/v1/me/totp", {"password": password}).json["secret"]
        client.post("/api/v1/me/totp/confirm", {"code": totp(secret, -1)})
        self.assertEqual(client.step("enrolled"), "enrol")
        client.refused("forbidden", "POST", "/api/v1/me/security-keys/challenge", {"password": password + "x"})
        key = client.enrol_key(password)
        self.assertEqual(client.get("/api/v1/me").json["security_keys"], 1)

        begun = client.begin("gustav", password)
        self.assertEqual((begun["step"], begun["totp_too"]), ("security_key", False))
        client.refused("sign-in-needed", "GET", "/api/v1/me")
        client.refused("sign-in-needed", "POST", "/api/v1/sessions/totp", {"code": totp(secret)})
        for answer in (SecurityKey(ORIGIN).sign_in(begun["challenge"], RP_ID), key.sign_in("AAAA", RP_ID),
                       key.sign_in(begun["challenge"], "other.example"),
                       key.sign_in(begun["challenge"], RP_ID, PRESENT)):
            client.refused("sign-in-needed", "POST", "/api/v1/sessions/security-key", answer)
        pending = client.cookie
        self.assertEqual(client.step("security-key", key.sign_in(begun["challenge"], RP_ID)), "done")
        self.assertNotEqual(client.cookie, pending)
        client.get("/api/v1/me")

    def test_keys_are_listed_and_removed(self):
        client = self.person("kim", "steward")
        password = self.served.passwords["kim"]
        path = "/api/v1/me/security-keys"

        def keys():
            return client.get(path).json["security_keys"]

        [first] = keys()
        self.assertEqual((first["label"], first["used_ms"]), ("test", 0))
        removal = {"security_key": first["security_key"], "password": password}
        only = client.refused("conflict", "POST", path + "/remove", removal)
        self.assertIn("only security key", only.json["detail"])

        # As Windows Hello makes them.
        second = RsaKey(ORIGIN)
        asked = client.post(path + "/challenge", {"password": password}).json
        self.assertEqual(asked["exclude"], [base64url(self.served.keys["kim"].id)])
        client.post(path, second.register(asked["challenge"], asked["rp_id"]) | {"label": "laptop <b>"}, expect=204)
        client.sign_in("kim", password, second)
        self.assertEqual([one["label"] for one in keys()], ["test", "laptop <b>"])
        self.assertGreater(keys()[1]["used_ms"], 0)
        other = self.served.another_session("kim")
        remove = path + "/remove"
        client.refused("forbidden", "POST", remove, removal | {"password": password + "x"})
        for body in ({}, {"password": password}, removal | {"security_key": 7}, removal | {"more": 1}):
            client.refused("invalid", "POST", remove, body)
        self.person("analyst").refused("not-found", "POST", remove,
                                       removal | {"password": self.served.passwords["analyst"]})
        client.post(remove, removal, expect=204)
        other.refused("sign-in-needed", "GET", "/api/v1/me")
        client.refused("not-found", "POST", remove, removal)
        self.assertEqual([one["label"] for one in keys()], ["laptop <b>"])
        # Credentials of WebAuthn are nobody's business but the browser's.
        self.assertNotIn(base64url(second.id).encode(), client.get(path).body)
        begun = client.begin("kim", password)
        client.refused("sign-in-needed", "POST", "/api/v1/sessions/security-key",
                       self.served.keys["kim"].sign_in(begun["challenge"], RP_ID))
        self.served.keys["kim"] = second
        acts = self.admin.post("/api/v1/audit/search", {"actor": "kim", "kind": "user.factor.removed"}).json["acts"]
        self.assertEqual(len(acts), 1)

    def test_a_session_says_what_it_runs_on_and_nothing_that_was_sent(self):
        client = self.person("siv", "analyst")
        password = self.served.passwords["siv"]
        sent = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; <b>secret) Gecko/20100101 Firefox/128.0"}
        begun = client.post("/api/v1/sessions", {"name": "siv", "password": password}, headers=sent).json
        client.csrf = begun["csrf"]
        client.step("security-key", self.served.keys["siv"].sign_in(begun["challenge"], RP_ID))
        shown = client.get("/api/v1/me/sessions")
        self.assertIn("Firefox, Windows", [one["device"] for one in shown.json["sessions"]])
        self.assertNotIn(b"secret", shown.body)
        self.assertNotIn("Firefox", self.served.said())

    def test_who_failed_too_often_is_told_how_long_to_wait(self):
        self.served.add_user("otto", "viewer")
        client = self.admin.like()
        body = {"name": "otto", "password": "a wrong password"}
        for _ in range(10):
            client.refused("sign-in-needed", "POST", "/api/v1/sessions", body)
        first = int(client.refused("throttled", "POST", "/api/v1/sessions", body).headers["retry-after"])
        self.assertTrue(50 < first <= 60, first)
        time.sleep(1.1)
        later = int(client.refused("throttled", "POST", "/api/v1/sessions", body).headers["retry-after"])
        self.assertLess(later, first)

    def test_a_stolen_password_alone_adds_no_factor(self):
        self.person("harald", "analyst")
        client = self.admin.like()
        begun = client.begin("harald", self.served.passwords["harald"])
        self.assertEqual(begun["step"], "security_key")
        for path, body in (("totp", {"password": self.served.passwords["harald"]}),
                           ("security-keys/challenge", {"password": self.served.passwords["harald"]})):
            client.refused("sign-in-needed", "POST", "/api/v1/me/" + path, body)
        client.refused("sign-in-needed", "POST", "/api/v1/sessions/enrolled")

    def test_the_way_in_with_a_code(self):
        password = self.served.add_user("tove", "analyst")
        client = self.admin.like()
        client.begin("tove", password)
        secret = client.enrol_totp(password)
        client.sign_in("tove", password, code=totp(secret))
        other = self.admin.like()
        self.assertEqual(other.begin("tove", password)["step"], "totp")
        # The one that was used, and one that is none.
        for code in (totp(secret, -2), "", "x" * 6, "12345", "1234567"):
            other.refused("sign-in-needed", "POST", "/api/v1/sessions/totp", {"code": code})
        # Five attempts, then the sign-in begins anew.
        other.refused("sign-in-needed", "POST", "/api/v1/sessions/totp", {"code": totp(secret, 1)})

    def test_one_changes_the_password(self):
        client = self.person("pia", "analyst")
        password = self.served.passwords["pia"]
        other = self.served.another_session("pia")
        for body, code in (({"before": "wrong" * 5, "password": "n" + "ew" * 10}, "forbidden"),
                           ({"before": password, "password": "short"}, "invalid"),
                           ({"before": password, "password": "a" * 20}, "invalid"),
                           ({"password": "new" * 9}, "invalid")):
            client.refused(code, "PUT", "/api/v1/me/password", body)
        other.get("/api/v1/me")
        client.put("/api/v1/me/password", {"before": password, "password": "a new pass phrase"}, expect=204)
        client.get("/api/v1/me")
        other.refused("sign-in-needed", "GET", "/api/v1/me")
        client.refused("sign-in-needed", "POST", "/api/v1/sessions", {"name": "pia", "password": password})
        self.served.passwords["pia"] = "a new pass phrase"
        self.served.another_session("pia")

    def test_sessions_are_shown_and_ended(self):
        client = self.person("sven", "analyst")
        other = self.served.another_session("sven")
        sessions = other.get("/api/v1/me/sessions").json["sessions"]
        self.assertEqual(sorted(one["current"] for one in sessions), [False, True])
        [first] = [one["session"] for one in sessions if not one["current"]]
        self.admin.refused("not-found", "DELETE", "/api/v1/me/sessions/" + first)
        other.delete("/api/v1/me/sessions/" + first, expect=204)
        client.refused("sign-in-needed", "GET", "/api/v1/me")
        other.refused("not-found", "DELETE", "/api/v1/me/sessions/" + first)
        other.refused("not-found", "DELETE", "/api/v1/me/sessions/x")
        gone = other.cookie
        ended = other.delete("/api/v1/sessions/current", expect=204)
        self.assertIn("Max-Age=0", ended.headers["set-cookie"])
        other.cookie = gone
        other.refused("sign-in-needed", "GET", "/api/v1/me")

    def test_a_page_that_is_loaded_again_goes_on(self):
        client = self.person("lisa", "analyst")
        csrf = client.csrf
        client.csrf = None
        self.assertEqual(client.get("/api/v1/me").json["csrf"], csrf)

    def test_a_dead_cookie_keeps_nobody_out(self):
        client = self.person("nina", "analyst")
        self.served.cli("user", "disable", "nina")
        self.served.cli("user", "enable", "nina")
        client.csrf = None
        client.refused("sign-in-needed", "POST", "/api/v1/lists", {"title": "x"})
        body = {"name": "nina", "password": self.served.passwords["nina"]}
        self.assertEqual(client.post("/api/v1/sessions", body).json["step"], "security_key")
