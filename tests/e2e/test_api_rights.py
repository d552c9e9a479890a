"""Who may do what: every route of the API for every role and scope alone"""

from serving import ServedCase

# DESIGN's section "Who may do what", written down once more: not asked of the program.
ROLES = {
    "viewer": "own_account dashboards read_alliance",
    "analyst": "own_account node_status dashboards match match_details read_lists decide_lists ask_export ask_erasure "
               "answer_lists read_alliance subscribe_lists",
    "investigator": "own_account dashboards match read_alliance",
    "guardian": "own_account dashboards read_alliance",
    "coordinator": "own_account dashboards read_alliance",
    "steward": "own_account node_status dashboards answer_lists read_audit answer_users read_alliance decide_alliance "
               "answer_alliance subscribe_lists",
    "admin": "own_account node_status dashboards read_audit manage_users answer_users read_metrics read_alliance "
             "answer_alliance",
}
SCOPES = {
    "match": "node_status match",
    "details": "node_status match match_details",
    "lists": "node_status read_lists",
    "entries": "node_status read_lists decide_lists",
    "banks": "node_status match match_details read_lists curate_banks",
    "metrics": "node_status read_metrics",
}
# What each route needs: a right; or that one is signed in (session), also half way; or anything that says who asks.
ROUTES = {
    "GET /api/v1/alliance": "read_alliance",
    "GET /api/v1/alliance/members": "read_alliance",
    "GET /api/v1/alliance/members/{member}": "read_alliance",
    "POST /api/v1/alliance/members/{member}/mute": "decide_alliance",
    "POST /api/v1/alliance/members/{member}/unmute": "decide_alliance",
    "GET /api/v1/alliance/changes": "read_alliance",
    "GET /api/v1/alliance/erasures": "read_alliance",
    "POST /api/v1/alliance/card": "decide_alliance",
    "POST /api/v1/alliance/invitations": "decide_alliance",
    "POST /api/v1/alliance/invitations/read": "decide_alliance",
    "POST /api/v1/alliance/acceptances": "decide_alliance",
    "POST /api/v1/alliance/acceptances/read": "decide_alliance",
    "POST /api/v1/alliance/votes": "decide_alliance",
    "GET /api/v1/alliance/lists": "subscribe_lists",
    "GET /api/v1/alliance/lists/{list}": "subscribe_lists",
    "POST /api/v1/alliance/lists/{list}/readers": "decide_alliance",
    "DELETE /api/v1/alliance/lists/{list}/readers/{reader}": "decide_alliance",
    "PUT /api/v1/alliance/lists/{list}/subscription": "subscribe_lists",
    "GET /api/v1/approvals": "own_account",
    "GET /api/v1/approvals/{approval}": "own_account",
    "POST /api/v1/approvals/{approval}/answer": "own_account",
    "POST /api/v1/approvals/{approval}/run": "own_account",
    "GET /api/v1/approvals/{approval}/export": "ask_export",
    "GET /api/v1/audit": "read_audit",
    "POST /api/v1/audit/search": "read_audit",
    "GET /api/v1/audit/{log}/{position}/proof": "read_audit",
    "GET /api/v1/lists": "read_lists",
    "POST /api/v1/lists": "decide_lists",
    "GET /api/v1/lists/{list}": "read_lists",
    "GET /api/v1/lists/{list}/history": "read_lists",
    "PATCH /api/v1/lists/{list}": "decide_lists",
    "POST /api/v1/lists/{list}/exports": "ask_export",
    "POST /api/v1/lists/{list}/erasures": "ask_erasure",
    "GET /api/v1/lists/{list}/entries": "read_lists",
    "POST /api/v1/lists/{list}/entries": "decide_lists",
    "POST /api/v1/lists/{list}/entries/search": "read_lists",
    "GET /api/v1/lists/{list}/entries/{entry}": "read_lists",
    "POST /api/v1/lists/{list}/entries/{entry}/opinions": "decide_lists",
    "GET /api/v1/lists/{list}/entries/{entry}/explanation": "match_details",
    "GET /api/v1/lists/{list}/entries/{entry}/history": "read_lists",
    "POST /api/v1/lists/{list}/withdrawals": "decide_lists",
    "POST /api/v1/lists/{list}/recalls": "read_lists",
    "POST /api/v1/match": "match",
    "POST /api/v1/match/batch": "match",
    "POST /api/v1/match/image": "match",
    "POST /api/v1/handles": "match_details",
    "GET /api/v1/me": "caller",
    "GET /api/v1/me/sessions": "session",
    "DELETE /api/v1/me/sessions/{session}": "session",
    "PUT /api/v1/me/password": "own_account",
    "POST /api/v1/me/totp": "session",
    "POST /api/v1/me/totp/confirm": "session",
    "POST /api/v1/me/security-keys": "session",
    "POST /api/v1/me/security-keys/challenge": "session",
    "GET /api/v1/me/security-keys": "own_account",
    "POST /api/v1/me/security-keys/remove": "own_account",
    "GET /api/v1/node": "node_status",
    "GET /api/v1/events": "caller",
    "POST /api/v1/sessions": "open",
    "POST /api/v1/sessions/totp": "open",
    "POST /api/v1/sessions/security-key": "open",
    "POST /api/v1/sessions/enrolled": "session",
    "DELETE /api/v1/sessions/current": "session",
    "GET /api/v1/tokens": "manage_users",
    "POST /api/v1/tokens": "manage_users",
    "POST /api/v1/tokens/{token}/revoke": "manage_users",
    "GET /api/v1/users": "manage_users",
    "POST /api/v1/users": "manage_users",
    "GET /api/v1/users/{user}": "manage_users",
    "PATCH /api/v1/users/{user}": "manage_users",
    "POST /api/v1/users/{user}/roles": "manage_users",
    "POST /api/v1/users/{user}/reset": "manage_users",
    "POST /api/v1/users/{user}/first-password": "manage_users",
    "GET /api/v1/openapi.json": "open",
    "GET /health/live": "open",
    "GET /health/ready": "open",
    "GET /metrics": "read_metrics",
}
# Would take away what the next request comes with.
ENDS_SESSION = "DELETE /api/v1/sessions/current"


class RightsTest(ServedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clients = {"nobody": (cls.served.nobody(), set())}
        for role, rights in ROLES.items():
            cls.clients["role " + role] = (cls.person(role), {"session", "caller", *rights.split()})
        for scope, rights in SCOPES.items():
            cls.clients["scope " + scope] = (cls.program(scope), {"caller", *rights.split()})
        enrolling = cls.served.nobody()
        enrolling.begin("new", cls.served.add_user("new", "analyst"))
        cls.clients["enrolling"] = (enrolling, {"session", "caller"})
        cls.document = enrolling.document

    def test_the_table_has_every_route_and_the_document_its_right(self):
        served = {f"{method} {path}": operation for method, path, _, operation in self.document.routes}
        self.assertEqual(set(served), set(ROUTES))
        for name, operation in served.items():
            needs = ROUTES[name]
            if name == "GET /metrics":
                # Which the configuration may open.
                self.assertIn(needs, operation["summary"])
                continue
            right = needs if needs not in ("open", "session", "caller") else None
            self.assertEqual(operation.get("x-right"), right, name)
            schemes = [list(one) for one in operation["security"]]
            self.assertEqual(schemes, {"open": [], "session": [["session"]]}.get(needs, [["token"], ["session"]]), name)

    def test_what_each_is_told_of_his_rights(self):
        for name, (client, may) in self.clients.items():
            if name != "nobody":
                rights = set(client.get("/api/v1/me").json["rights"])
                self.assertEqual(rights, may - {"session", "caller"} or {"own_account"}, name)

    def test_every_route_for_everybody(self):
        tried = 0
        for method, path, _, _ in self.document.routes:
            name = f"{method} {path}"
            needs = ROUTES[name]
            for who, (client, may) in self.clients.items():
                if name == ENDS_SESSION and "session" in may:
                    continue
                with self.subTest(route=name, who=who):
                    status = self.status_of(client, method, path)
                    tried += 1
                    if needs != "open" and needs not in may:
                        self.assertEqual(status, 401 if who == "nobody" else 403)
                    elif needs == "open" or name == "POST /api/v1/sessions/enrolled":
                        # A step of a sign-in that isn't on its way is a 401 too.
                        self.assertIn(status, (200, 400, 401))
                    else:
                        # What is asked for makes no sense, but that is the first thing to be said.
                        self.assertIn(status, (200, 400, 404, 415))
        self.assertGreater(tried, 700)

    def status_of(self, client, method, path):
        """Of a request that changes nothing, whoever sends it."""
        body = None if method in ("GET", "DELETE") else {"unknown": "member"}
        if path == "/api/v1/match/image":
            body = b"no image"
        for name in ("list", "approval", "user"):
            path = path.replace("{" + name + "}", "0" * 32)
        path = path.replace("{entry}", "1").replace("{token}", "0" * 16).replace("{session}", "0" * 16)
        path = path.replace("{member}", "no").replace("{reader}", "no")
        path = path.replace("{log}", "shared").replace("{position}", "999999")
        if path != "/api/v1/events":
            answer, _ = client.send(method, path, body)
            self.assertLess(answer.status, 500, answer.body)
            if answer.status >= 400:
                client.document.check_answer(method, path, answer)
            return answer.status
        connection = client.connect()
        connection.request(method, path, headers=client.headers())
        response = connection.getresponse()
        response.close()
        connection.close()
        return response.status
