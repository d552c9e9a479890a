"""./run demo: what a visitor sees first"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

from api_client import Client
from support import MAKE_IMAGES, PROGRAM, TIMEOUT_S, remove_tree

DEMO = pathlib.Path(__file__).resolve().parents[2] / "tools" / "demo.py"


class DemoTest(unittest.TestCase):
    def setUp(self):
        # Of its own, so that what is left behind shows.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fristad-e2e-"))
        self.addCleanup(remove_tree, self.folder)

    def command(self, *options):
        return [sys.executable, str(DEMO), "--program", PROGRAM, "--make-images", MAKE_IMAGES, *options]

    def environment(self):
        return {**os.environ, "TMPDIR": str(self.folder)}

    def test_once(self):
        done = subprocess.run(self.command("--once"), capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
                              env=self.environment())
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertRegex(done.stdout, r"altered copies: +\d+, found: \d+")
        self.assertIn("an altered copy was found", done.stdout)
        self.assertRegex(done.stdout, r"Sweden takes that entry back; \d+\.\d s later nobody finds it any more")
        self.assertEqual(os.listdir(self.folder), [])

    def test_it_stays_until_it_is_ended(self):
        with subprocess.Popen(self.command(), stdout=subprocess.PIPE, text=True, env=self.environment()) as process:
            try:
                self.look_at(process.stdout)
                process.send_signal(signal.SIGTERM)
                rest = process.stdout.read()
                self.assertEqual(process.wait(TIMEOUT_S), 0)
                self.assertIn("ended", rest)
            finally:
                process.kill()
        self.assertEqual(os.listdir(self.folder), [])

    def look_at(self, output):
        """Everything that is printed has to be true."""
        text = ""
        for line in output:
            text += line
            if line.startswith("Codes now:"):
                break
        port = int(re.search(r"http://localhost:(\d+)", text)[1])
        passwords = dict(re.findall(r"^  (\w+) +(?:analyst|admin|steward) +(\S+)  ", text, re.M))
        self.assertEqual(list(passwords), ["anna", "omar", "eva", "sten"])
        codes = dict(re.findall(r"(\w+) (\d{6})", text[text.index("Codes now:"):]))
        self.assertTrue(os.listdir(re.search(r"the page Match: (\S+)", text)[1]))
        clients = []
        anna = Client(port, others=clients)
        anna.sign_in("anna", passwords["anna"], code=codes["anna"])
        self.assertEqual(len(anna.get("/api/v1/lists").json["lists"]), 4)
        [waiting] = anna.get("/api/v1/approvals?state=asked").json["approvals"]
        self.assertEqual((waiting["asked_by"], waiting["action"]), ("omar", "list.export"))
        eva = Client(port, others=clients)
        self.assertEqual(eva.begin("eva", passwords["eva"])["step"], "enrol")
        self.assertNotIn(json.dumps(waiting["reason"]), text)
        for client in clients:
            client.close()
