"""fristad log"""

import os
import sqlite3

from support import NodeCase, random_md5s

MD5, OTHER = random_md5s(2, 21)


class LogTest(NodeCase):
    def setUp(self):
        super().setUp()
        self.first = self.import_rows("Known", f"{MD5},a,baseline,", f"{OTHER},b,baseline,")

    def test_records_are_shown(self):
        records = self.node_json("log", "show", "--payload")
        self.assertEqual([r["position"] for r in records], list(range(len(records))))
        self.assertEqual([r["kind"] for r in records][-2:], ["list", "entries.added"])
        self.assertEqual(records[-1]["items"], 2)
        self.assertIn('"kind":"list"', records[-2]["payload"])
        text = self.node("log", "show", "--payload") + self.node("log", "show", "--private", "--payload")
        self.assertNotIn(MD5, text)
        [one] = self.node_json("log", "show", "--from", "1", "--limit", "1")
        self.assertEqual(one["record"], records[1]["record"])
        self.assertEqual(self.node_json("log", "show", "--from", "1000"), [])
        self.node("list", "withdraw", "Known", "--entries", str(self.first), "--reason", "x", "--actor", "Kim")
        self.assertIn("Kim", self.node("log", "show", "--private", "--payload"))
        self.assertNotIn("Kim", self.node("log", "show", "--payload"))

    def test_a_good_log_verifies(self):
        for more in ([], ["--private"], ["--all"], ["--no-signatures", "--threads", "1"]):
            reports = self.node_json("log", "verify", *more)
            self.assertEqual(len(reports), 2 if more == ["--all"] else 1)
            for report in reports:
                self.assertEqual((report["good"], report["problems"]), (True, []))
        self.assertIn("records/s", self.node("log", "verify"))
        self.node("log", "publish")
        self.assertGreater(self.node_json("log", "verify")[0]["files"], 0)

    def test_a_changed_byte_is_found(self):
        database = sqlite3.connect(self.path("se", "node.db"))
        place, sealed = database.execute(
            "SELECT place, sealed FROM record WHERE kind = 'entries.added' AND sealed IS NOT NULL").fetchone()
        changed = bytearray(sealed)
        changed[len(changed) // 2] ^= 1
        with database:
            database.execute("UPDATE record SET sealed = ? WHERE place = ?", (bytes(changed), place))
        database.close()
        done = self.run_program("log", "verify", "--all", "--node", "se", expect=3)
        self.assertIn(b"BAD", done.stdout)
        self.run_program("doctor", "--deep", "--node", "se", expect=3)

    def test_a_changed_file_is_found_and_made_anew(self):
        self.node("log", "publish")
        files = sorted(self.path("se", "log", "shared", "tile").rglob("*"))
        tile = [path for path in files if path.is_file()][0]
        content = bytearray(tile.read_bytes())
        content[0] ^= 1
        tile.write_bytes(bytes(content))
        self.run_program("log", "verify", "--node", "se", expect=3)

    def test_a_missing_file_is_found(self):
        self.node("log", "publish")
        self.path("se", "log", "shared", "checkpoint").unlink()
        done = self.run_program("log", "verify", "--node", "se", expect=3)
        self.assertIn(b"publish the log again", done.stdout)
        self.node("log", "publish")
        self.node("log", "verify")

    def test_a_proof_convinces_who_has_the_key_alone(self):
        [status] = self.node_json("node", "status")
        key = status["logs"][0]["key"]
        self.node("log", "prove", "1", "-o", "proof", "--leaf", "leaf")
        self.assertEqual(self.node("log", "prove", "1").encode(), self.path("proof").read_bytes())
        check = ["log", "verify", "--proof", "proof", "--key", key, "--leaf", "leaf"]
        self.assertIn("record 1 of ", self.run_program(*check).stdout.decode())
        leaf = bytearray(self.path("leaf").read_bytes())
        leaf[40] ^= 1
        self.write("leaf", bytes(leaf))
        self.run_program(*check, expect=3)
        self.run_program(*check[:5], status["logs"][1]["key"], *check[6:], expect=3)
        self.refused("log", "prove", "1000")
        self.refused("log", "prove", "1", "-o", "proof")
        os.unlink(self.path("leaf"))
        self.run_program(*check, expect=3)

    def test_a_checkpoint_is_signed(self):
        [status] = self.node_json("node", "status")
        for more, log in (([], 0), (["--private"], 1)):
            lines = self.node("log", "checkpoint", *more).splitlines()
            self.assertEqual(lines[:2], [status["logs"][log]["origin"], str(status["logs"][log]["size"])])
            self.assertTrue(lines[4].startswith("— " + status["logs"][log]["origin"]))
