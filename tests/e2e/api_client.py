"""A client of the node's HTTP API that takes nothing for granted: each answer has to be as documented"""

import http.client
import json
import socket
import threading

from authenticator import SecurityKey, totp
from openapi import Document
from support import TIMEOUT_S

ORIGIN = "https://se.example"
RP_ID = "se.example"


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.fields = response.getheaders()
        self.headers = {name.lower(): value for name, value in self.fields}
        self.body = body
        is_json = self.headers.get("content-type", "").endswith(("/json", "+json"))
        self.json = json.loads(body) if is_json and body else None

    @property
    def etag(self):
        return self.headers["etag"]


class Client:
    """One who asks: nobody at first, then by a token or a session. Keeps its connection; one thread at a time."""

    def __init__(self, port, document=None, token=None, tls=None, others=None):
        self.address = ("127.0.0.1", port)
        self.tls = tls
        # Of the same server: whoever stops it closes them all.
        self.others = [] if others is None else others
        self.others.append(self)
        self.token = token
        self.cookie = None
        self.csrf = None
        self.connection = None
        self.document = document or Document(self.send("GET", "/api/v1/openapi.json")[0].json)

    def like(self, token=None):
        """Another client of the same server."""
        return Client(self.address[1], self.document, token, self.tls, self.others)

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def headers(self):
        headers = {}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if self.cookie:
            headers["Cookie"] = "other=1; fristad_session=" + self.cookie
        if self.csrf:
            headers["X-CSRF-Token"] = self.csrf
        return headers

    def connect(self):
        kind = http.client.HTTPSConnection if self.tls else http.client.HTTPConnection
        more = {"context": self.tls} if self.tls else {}
        return kind(*self.address, timeout=TIMEOUT_S, **more)

    def send(self, method, path, body=None, headers=None, chunked=False):
        """The answer, and the response it came in; unchecked."""
        sent = self.headers() | {"Content-Type": "application/json"} | (headers or {})
        sent = {name: value for name, value in sent.items() if value is not None}
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        fresh = self.connection is None
        self.connection = self.connection or self.connect()
        try:
            try:
                self.connection.request(method, path, data, sent, encode_chunked=chunked)
            except (BrokenPipeError, ConnectionResetError):
                # It closed before it had all: its answer may say why.
                if not data:
                    raise
            response = self.connection.getresponse()
        except (http.client.BadStatusLine, ConnectionError):
            # A kept connection may have been closed meanwhile. Only what changes nothing is safe to repeat.
            self.close()
            if fresh or method != "GET":
                raise
            return self.send(method, path, body, headers, chunked)
        answer = Answer(response, response.read())
        if response.will_close:
            self.close()
        return answer, response

    def ask(self, method, path, body=None, expect=None, **more):
        """The answer, checked. `expect`: the status it has to have; None: any below 400."""
        answer, _ = self.send(method, path, body, **more)
        assert answer.status == expect or (expect is None and answer.status < 400), \
            f"{method} {path}: {answer.status} {answer.body[:500]!r}"
        assert "server" not in answer.headers and "x-powered-by" not in answer.headers, answer.fields
        assert answer.headers["x-content-type-options"] == "nosniff", answer.fields
        if path.startswith("/api/") and answer.status < 400 and path != "/api/v1/openapi.json":
            assert answer.headers["cache-control"] == "no-store", answer.fields
        self.document.check_answer(method, path, answer)
        if answer.status < 400:
            self.document.check_request(method, path, body)
        for name, value in answer.fields:
            if name.lower() == "set-cookie":
                self.cookie = value.split(";")[0].partition("=")[2] or None
        return answer

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, body, **more)

    def patch(self, path, body, **more):
        return self.ask("PATCH", path, body, **more)

    def put(self, path, body, **more):
        return self.ask("PUT", path, body, **more)

    def delete(self, path, **more):
        return self.ask("DELETE", path, **more)

    def refused(self, code, method, path, body=None, **more):
        """A request that has to fail with this code; gives the answer."""
        answer = self.ask(method, path, body, expect=self.document.problems[code]["status"], **more)
        assert answer.json["code"] == code, answer.json
        return answer

    # ---- Signing in ----

    def begin(self, name, password):
        self.cookie = self.csrf = None
        signed_in = self.post("/api/v1/sessions", {"name": name, "password": password}).json
        self.csrf = signed_in["csrf"]
        return signed_in

    def step(self, path, body=None):
        """A later step of the sign-in; it brings a new session."""
        signed_in = self.post("/api/v1/sessions/" + path, body).json
        self.csrf = signed_in["csrf"]
        return signed_in["step"]

    def enrol_key(self, password):
        """Adds a security key in an enrolling session, and gives it."""
        key = SecurityKey(ORIGIN)
        asked = self.post("/api/v1/me/security-keys/challenge", {"password": password}).json
        self.post("/api/v1/me/security-keys", key.register(asked["challenge"], asked["rp_id"]) | {"label": "test"})
        assert self.step("enrolled") == "done"
        return key

    def enrol_totp(self, password):
        """The same with an app; gives its secret. The code of half a minute ago: later ones are still good."""
        secret = self.post("/api/v1/me/totp", {"password": password}).json["secret"]
        self.post("/api/v1/me/totp/confirm", {"code": totp(secret, -1)})
        assert self.step("enrolled") == "done"
        return secret

    def sign_in(self, name, password, key=None, code=None):
        begun = self.begin(name, password)
        if key:
            assert begun["step"] == "security_key", begun
            assert self.step("security-key", key.sign_in(begun["challenge"], RP_ID)) == "done"
        if code:
            assert begun["step"] == "totp", begun
            assert self.step("totp", {"code": code}) == "done"


class EventStream:
    """Server-sent events, read by a thread of its own."""

    def __init__(self, client):
        self.connection = client.connect()
        self.connection.connect()
        self.socket = self.connection.sock
        self.connection.request("GET", "/api/v1/events", headers=client.headers())
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        assert self.response.headers["Content-Type"].startswith("text/event-stream")
        self.names = []
        self.ended = False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        # From here on nothing is missed.
        assert self.wait_for("open")
        self.names.remove("open")

    def read(self):
        try:
            for line in self.response:
                if line.startswith(b"event: "):
                    with self.changed:
                        self.names.append(line[7:].strip().decode())
                        self.changed.notify_all()
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait_for(self, name):
        with self.changed:
            return self.changed.wait_for(lambda: name in self.names, TIMEOUT_S)

    def wait_for_end(self):
        with self.changed:
            return self.changed.wait_for(lambda: self.ended, TIMEOUT_S)

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(TIMEOUT_S)
        self.response.close()
        self.connection.close()
