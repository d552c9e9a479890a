"""fristad serve: starting, stopping, its configuration, its figures and its log"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import unittest

from api_client import Client
from serving import Served, ServedCase
from support import POSTGRES, PROGRAM, TIMEOUT_S, png, random_hashes

MD5 = "5e" * 16


class ServedByEach(unittest.TestCase):
    """Tests that each have a node of their own."""

    def served(self, *init, **settings):
        served = Served(*init, **settings)
        self.addCleanup(served.remove)
        return served


class StartTest(ServedByEach):
    def test_what_makes_no_configuration_is_refused(self):
        served = self.served()
        for settings, named in (({"lisen": "127.0.0.1:0"}, "lisen"), ({"listen": "localhost:0"}, "127.0.0.1:8340"),
                                ({"listen": "127.0.0.1:65536"}, "port"), ({"origins": ["se.example"]}, "origins"),
                                ({"origins": ["https://se.example/"]}, "origins"), ({"log_level": "loud"}, "log_level"),
                                ({"handler_threads": 0}, "handler_threads"),
                                ({"image_bytes_max": "x"}, "image_bytes_max"),
                                ({"certificate_file": "x"}, "key_file")):
            served.configure(**settings)
            said = served.cli("serve", "se", expect=2)
            self.assertIn(named, said)
            self.assertIn("serve.json", said)
        served.folder.joinpath("se", "serve.json").write_text("{")
        served.cli("serve", "se", expect=2)
        served.cli("serve", "se", "--config", "absent.json", expect=2)
        served.cli("serve", "absent", expect=3)
        served.cli("serve", "se", "--listen", "0.0.0.0:0", "--config", "absent.json", expect=2)

    def test_plain_http_stays_on_this_machine(self):
        served = self.served(listen="0.0.0.0:0")
        for listen in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0"):
            self.assertIn("certificate", served.cli("serve", "se", "--listen", listen, expect=3))
        # The command line goes before the file.
        served.start("--listen", "127.0.0.1:0").stop()
        # Nor is anything left that a next start would stumble over.
        served.start("--listen", "127.0.0.1:0").stop()

    def test_an_address_that_is_taken(self):
        served = self.served()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            served.cli("serve", "se", "--listen", f"127.0.0.1:{taken.getsockname()[1]}", expect=3)

    def test_tls_13_alone(self):
        served = self.served(certificate_file="cert.pem", key_file="key.pem")
        self.assertIn("cert.pem", served.cli("serve", "se", expect=3))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", "key.pem", "-out", "cert.pem", "-days", "1", "-subj", "/CN=se.example", "-addext",
                        "subjectAltName=IP:127.0.0.1"], cwd=served.folder, check=True, stderr=subprocess.DEVNULL)
        good = served.folder.joinpath("cert.pem").read_bytes()
        served.folder.joinpath("cert.pem").write_bytes(b"no certificate")
        served.cli("serve", "se", expect=3)
        served.folder.joinpath("cert.pem").write_bytes(good)
        served.start()
        context = ssl.create_default_context(cafile=served.folder / "cert.pem")
        client = Client(served.port, tls=context, others=served.clients)
        self.assertEqual(client.get("/health/live").json, {"live": True})
        self.assertEqual(client.connection.sock.version(), "TLSv1.3")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises(OSError):
            client.like().get("/health/live")
        with self.assertRaises((OSError, http.client.HTTPException)):
            Client(served.port, client.document, others=served.clients).get("/health/live")
        # Whoever knocks without speaking TLS disturbs nobody.
        self.assertEqual(client.get("/health/live").json, {"live": True})
        client.close()
        served.stop()

    def test_a_node_is_served_once(self):
        served = self.served().start()
        self.assertIn("already", served.cli("serve", "se", expect=3))
        self.assertIn("already", served.cli("node", "run", "se", expect=3))
        self.assertEqual(served.nobody().get("/health/live").json, {"live": True})
        served.stop()
        served.start().stop()

    def test_a_restart_keeps_sessions_and_tokens(self):
        served = self.served().start()
        analyst, program, revoked = served.person("analyst"), served.program("match"), served.program("lists")
        gone = served.another_session("analyst")
        gone_cookie = gone.cookie
        gone.delete("/api/v1/sessions/current")
        served.cli("token", "revoke", "lists", "--reason", "x")
        path = "/api/v1/lists/" + analyst.post("/api/v1/lists", {"title": "Kept"}).json["list"]
        analyst.post(path + "/entries", {"entries": [{"md5": MD5}]})
        [before] = program.post("/api/v1/match", {"md5": MD5}).json["matches"]
        for end in (served.stop, served.kill):
            end()
            served.start()
            for client in (analyst, program, revoked, gone):
                client.close()
                client.address = ("127.0.0.1", served.port)
            self.assertEqual(analyst.get(path).json["title"], "Kept")
            analyst.patch(path, {"limit": 5})
            self.assertEqual(program.post("/api/v1/match", {"md5": MD5}).json["matches"], [before])
            revoked.refused("sign-in-needed", "GET", "/api/v1/me")
            gone.cookie = gone_cookie
            gone.refused("sign-in-needed", "GET", "/api/v1/me")
        analyst.close()
        program.close()

    def test_on_postgres(self):
        # pylint: disable-next=consider-using-with
        server = subprocess.Popen([POSTGRES], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(server.wait)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.stdin.close)
        served = self.served("--postgres", server.stdout.readline().decode().strip()).start()
        analyst = served.person("analyst")
        [made, again] = [analyst.post("/api/v1/lists", {"title": "P"}, headers={"Idempotency-Key": "k"})
                         for _ in range(2)]
        self.assertEqual(made.json, again.json)
        path = "/api/v1/lists/" + made.json["list"]
        [number] = analyst.post(path + "/entries", {"entries": [{"md5": MD5}]}).json["entries"]
        self.assertEqual(analyst.post("/api/v1/match", {"md5": MD5}).json["matches"][0]["entry"], number)
        self.assertEqual(served.person("admin").get("/api/v1/audit").json["acts"][-1]["actor"][:6], "local-")
        served.stop()
        served.start()
        analyst.close()
        analyst.address = ("127.0.0.1", served.port)
        analyst.post(path + "/withdrawals", {"entries": str(number), "reason": "x"})
        self.assertEqual(analyst.post("/api/v1/match", {"md5": MD5}).json["matches"], [])
        served.stop()


class StopTest(ServedByEach):
    def test_a_request_in_flight_is_answered(self):
        served = self.served().start()
        client = served.program("details")
        body = json.dumps({"pdq": random_hashes(2000, 1)}).encode()
        connection = client.connect()
        connection.putrequest("POST", "/api/v1/match/batch")
        for name, value in (client.headers() | {"Content-Length": str(len(body))}).items():
            connection.putheader(name, value)
        connection.endheaders(body[:1000])
        asker = client.like(client.token)
        # That one, and the one that asks for the number.
        self.wait_until(lambda: asker.get("/api/v1/node").json["servers"][0]["running"] >= 2)
        asker.close()
        served.process.send_signal(signal.SIGTERM)
        self.wait_until(lambda: not self.answers(served.port))
        connection.send(body[1000:])
        response = connection.getresponse()
        self.assertEqual((response.status, json.loads(response.read())["asked"]), (200, 2000))
        connection.close()
        self.assertEqual(served.process.wait(TIMEOUT_S), 0)
        self.assertTrue(served.process.stdout.read().endswith(b"stopped\n"))

    def wait_until(self, holds):
        for _ in range(TIMEOUT_S * 20):
            if holds():
                return
            time.sleep(0.05)
        self.fail("it didn't come about")

    @staticmethod
    def answers(port):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        except OSError:
            return False

    def test_listeners_and_idle_clients_hold_nothing_up(self):
        served = self.served().start()
        client = served.program("lists")
        client.get("/api/v1/lists")
        stream = client.connect()
        stream.request("GET", "/api/v1/events", headers=client.headers())
        response = stream.getresponse()
        # The head comes before it is known whether the stream is open.
        self.assertEqual(response.readline(), b"event: open\n")
        half = socket.create_connection(("127.0.0.1", served.port))
        half.sendall(b"GET /health/li")
        served.stop()
        self.assertNotIn(b"event: ", response.read())
        stream.close()
        half.close()


class DiskTest(ServedByEach):
    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_a_disk_that_is_full_or_read_only(self):
        served = self.served()
        node = served.folder / "se"
        kept = served.folder / "kept"
        node.rename(kept)
        node.mkdir()
        # A disk of its own, and small.
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", node], check=False).returncode != 0:
            self.skipTest("this machine mounts nothing")
        try:
            shutil.copytree(kept, node, dirs_exist_ok=True)
            node.chmod(0o700)
            served.start()
            analyst = served.person("analyst")
            path = "/api/v1/lists/" + analyst.post("/api/v1/lists", {"title": "Known"}).json["list"]
            analyst.post(path + "/entries", {"entries": [{"md5": MD5}]})
            with node.joinpath("filler").open("wb", buffering=0) as filler:
                with self.assertRaises(OSError):
                    while True:
                        filler.write(bytes(65536))
            more = {"entries": [{"md5": f"{i:032x}", "note": "a note " * 120} for i in range(2000)]}
            for _ in range(3):
                analyst.refused("unavailable", "POST", path + "/entries", more)
                self.assertTrue(analyst.post("/api/v1/match", {"md5": MD5}).json["match"])
                self.assertFalse(analyst.post("/api/v1/match", {"md5": f"{7:032x}"}).json["match"])
                self.assertEqual(len(analyst.get(path + "/entries").json["entries"]), 1)
            node.joinpath("filler").unlink()
            analyst.post(path + "/entries", more)
            self.assertTrue(analyst.post("/api/v1/match", {"md5": f"{7:032x}"}).json["match"])
            served.stop()
            subprocess.run(["mount", "-o", "remount,ro", node], check=True)
            self.assertIn("ead-only", served.cli("log", "verify", expect=3))
            subprocess.run(["mount", "-o", "remount,rw", node], check=True)
            served.cli("log", "verify")
        finally:
            if served.process:
                served.kill()
            subprocess.run(["umount", node], check=True)


class RunningTest(ServedCase):
    settings = {"log_level": "debug"}

    def test_health(self):
        nobody = self.served.nobody()
        self.assertEqual(nobody.get("/health/live").json, {"live": True})
        self.assertEqual(nobody.get("/health/ready").json, {"ready": True})
        self.assertEqual(nobody.ask("HEAD", "/health/live").body, b"")
        node = self.program("match").get("/api/v1/node").json
        self.assertEqual((node["member"], [server["name"] for server in node["servers"]]), ("se", ["api"]))
        self.assertEqual([bool(re.fullmatch("[0-9a-f]{64}", log["root"])) for log in node["logs"]], [True, True])

    def test_commands_go_through_the_socket(self):
        analyst = self.person("analyst")
        self.served.cli("list", "create", "By hand")
        entry = self.served.cli("list", "add", "By hand", "--md5", MD5).strip()
        [found] = analyst.post("/api/v1/match", {"md5": MD5}).json["matches"]
        self.assertEqual(found["entry"], int(entry))
        self.assertTrue(json.loads(self.served.cli("node", "status", "--json"))["server"])
        self.served.cli("list", "withdraw", "By hand", "--entries", entry, "--reason", "x")
        self.assertEqual(analyst.post("/api/v1/match", {"md5": MD5}).json["matches"], [])

    def test_figures(self):
        reader = self.program("metrics")
        self.program("match").post("/api/v1/match", {"pdq": random_hashes(1, 2)[0]})
        text = reader.get("/metrics").body.decode()
        kinds = {}
        seen = set()
        for line in text.splitlines():
            if line.startswith("# "):
                _, what, name, rest = line.split(" ", 3)
                if what == "TYPE":
                    self.assertNotIn(name, kinds)
                    kinds[name] = rest
                continue
            sample = re.fullmatch(r'([a-z_]+)(\{[a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*\})? ([0-9.e+]+)', line)
            self.assertTrue(sample, line)
            self.assertNotIn(sample[0].rsplit(" ", 1)[0], seen)
            seen.add(sample[0].rsplit(" ", 1)[0])
            base = re.sub("_(bucket|sum|count)$", "", sample[1])
            self.assertTrue(sample[1] in kinds or kinds.get(base) == "histogram", line)
        self.assertEqual(set(kinds.values()), {"counter", "gauge", "histogram"})
        self.assertIn('fristad_http_requests_total{method="POST",route="/api/v1/match",status="2xx"}', text)
        self.assertRegex(text, r"\nfristad_match_queries_total [1-9]")
        self.served.nobody().refused("sign-in-needed", "GET", "/metrics")
        self.program("match").refused("forbidden", "GET", "/metrics")

    def test_nothing_that_is_secret_is_told(self):
        """Neither the log nor the figures say who, what or from where."""
        analyst, details = self.person("analyst"), self.program("details")
        [pdq] = random_hashes(1, 3)
        path = "/api/v1/lists/" + analyst.post("/api/v1/lists", {"title": "The-Title"}).json["list"]
        analyst.post(path + "/entries", {"entries": [{"pdq": pdq, "id": "the-id", "note": "https://the-url.example"}]})
        facts = details.post("/api/v1/match/image", png(seed=3), headers={"Content-Type": "image/*"}).json
        for body, expect in (({"pdq": pdq}, 200), ({"pdq": pdq[1:]}, 400), ({pdq: 1}, 400), (pdq.encode(), 400)):
            details.post("/api/v1/match", body, expect=expect)
        details.get("/api/v1/" + pdq, expect=404)
        details.get("/api/v1/lists?" + pdq, expect=403)
        details.get("/api/v1/node?" + pdq, expect=400)
        analyst.like().post("/api/v1/sessions", {"name": "the-name", "password": "the-password"}, expect=401)
        self.served.cli("list", "add", "The-Title", "--pdq", pdq)
        said = self.served.said()
        figures = self.program("metrics").get("/metrics").body.decode()
        for secret in (pdq, facts["md5"], facts["pdq"], facts["sha256"], "The-Title", "the-id", "the-url", "the-name",
                       "the-password", "analyst", "details", details.token, analyst.cookie, analyst.csrf,
                       path.rsplit("/", 1)[1], self.served.passwords["analyst"], "127.0.0.1"):
            self.assertNotIn(secret, said)
            self.assertNotIn(secret, figures)
        for line in said.splitlines():
            self.assertIn(json.loads(line)["level"], ("debug", "info", "warning", "error"))

    def test_an_open_door_for_figures(self):
        served = Served(open_metrics=True)
        self.addCleanup(served.remove)
        self.assertIn("fristad_entries 0", served.start().nobody().get("/metrics").body.decode())
        served.stop()
