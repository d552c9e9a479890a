"""fristad node, explain, erase, rebuild, dump, doctor; and commands by way of a running server"""

import os
import pathlib
import signal
import sqlite3
import stat
import subprocess
import threading
import unittest

from support import PROGRAM, TIMEOUT_S, NodeCase, png, random_hashes, random_md5s

MD5, OTHER, THIRD = random_md5s(3, 1)


class WalkTest(NodeCase):
    def test_from_nothing_to_a_recall(self):
        self.create("Known", "--handling", "TLP:RED", "--limit", "20")
        self.write("known.csv", f"md5,pdq,id,classification,note\n{MD5},,seven,baseline,hej\n"
                   f",{random_hashes(1, 9)[0]},eight,national,\n{OTHER},,nine,COPINE 7,\n")
        [done] = self.node_json("list", "import", "Known", "known.csv", "--scheme", "COPINE")
        self.assertEqual((done["imported"], done["last"] - done["first"]), (3, 2))
        first = done["first"]
        [found] = self.matches(MD5, "--record", "order 12")[0]
        self.assertEqual((found["id"], found["entry"], found["level"], found["reasons"]),
                         ("seven", first, "enforce", ["own-list"]))
        [found] = self.matches("-", stdin=random_hashes(1, 9)[0].encode())[0]
        self.assertEqual((found["id"], found["classification"], found["distance"]), ("eight", "national", 0))
        [found] = self.matches(OTHER)[0]
        self.assertEqual((found["level"], found["reasons"]), ("lead", ["unclassified"]))
        text = self.node("match", MD5, THIRD)
        [line] = text.splitlines()
        self.assertEqual(line.split("\t")[:6] + line.split("\t")[7:],
                         [MD5, "md5", "0", "seven", "baseline", "hej", str(first), "enforce", "own-list"])
        self.run_program("match", "--node", "se", "--fail-on-match", MD5, expect=1)

        [recall] = self.node_json("list", "withdraw", "Known", "--entries", str(first), "--reason", "wrong")
        self.assertEqual((recall["reference"], recall["entry"], recall["level"]), ("order 12", first, "enforce"))
        self.assertEqual(self.matches(MD5), [[]])
        self.assertEqual(len(self.matches(OTHER)[0]), 1)
        self.assertEqual(self.node_json("list", "recalls", "Known"), [recall])
        self.assertEqual(self.node_json("list", "recalls", "Known", "--entries", str(first + 1)), [])
        [status] = self.node_json("node", "status")
        self.assertEqual((status["member"], status["server"], status["lists"], status["entries"]), ("se", False, 1, 2))

    def test_a_scan_compares_with_the_node(self):
        self.write("pictures/known.png", png(seed=1))
        self.write("pictures/other.png", png(seed=2))
        self.write("pictures/text", "x")
        [known] = [line for line in self.json_lines(self.run_program("hash", "--json", "pictures").stdout)
                   if line["path"].endswith("known.png")]
        self.create()
        entry = self.node("list", "add", "Known", "--pdq", known["pdq"], "--id", "p", "--classification", "baseline")
        self.node("scan", "pictures", "-o", "report", "--record", "disk 4")
        server = self.serve()
        self.node("scan", "pictures", "-o", "served")
        self.stop(server)
        self.assertEqual(self.path("served.csv").read_bytes(), self.path("report.csv").read_bytes())
        lines = self.json_lines(self.path("report.jsonl").read_bytes())
        [match] = [line for line in lines if line["type"] == "match"]
        self.assertEqual((match["path"], match["entry"], match["level"], match["distance"]),
                         ("pictures/known.png", int(entry), "enforce", 0))
        self.assertNotIn("row", match)
        self.assertEqual(lines[-1]["node"]["entries"], 1)
        self.assertNotIn("index", lines[-1])
        rows = self.path("report.csv").read_text().splitlines()
        self.assertTrue(rows[0].endswith(",sha256,list,entry,level"))
        self.assertTrue(rows[1].endswith(f",{entry.strip()},enforce"))
        [recall] = self.node_json("list", "recalls", "Known")
        self.assertEqual(recall["reference"], "disk 4")

    def test_opinions_change_the_ruling_and_are_explained(self):
        first = str(self.import_rows("Known", f"{MD5},a,baseline,"))
        self.node("list", "opinion", "Known", first, "confirm")
        self.assertIn("says why", self.refused("list", "opinion", "Known", first, "dispute"))
        self.node("list", "opinion", "Known", first, "dispute", "--reason", "an adult\x1b[2J")
        [found] = self.matches(MD5)[0]
        self.assertEqual((found["level"], found["reasons"]), ("observe", ["disputed-by-us"]))
        text = self.node("explain", "Known", first)
        self.assertIn("observe", text)
        self.assertIn("disputed-by-us: we dispute it", text)
        self.assertIn("an adult\\x1b[2J", text)
        [told] = self.node_json("explain", "Known", first)
        self.assertEqual((told["level"], told["input"]["disputed_by_us"], told["entry"]["md5"]), ("observe", True, MD5))
        self.assertEqual([opinion["verdict"] for opinion in told["opinions"]], ["dispute"])
        self.assertIn("own-list\tenforce", self.run_program("explain", "--rule").stdout.decode())

    def test_an_allow_list_takes_back(self):
        self.import_rows("Known", f"{MD5},a,baseline,")
        self.create("Harmless", "--purpose", "allow")
        self.node("list", "add", "Harmless", "--md5", MD5)
        self.assertEqual(self.matches(MD5), [[]])
        self.node("list", "set", "Harmless", "--state", "disabled")
        self.assertEqual(len(self.matches(MD5)[0]), 1)

    def test_erased_is_gone_from_everywhere(self):
        first = self.import_rows("Known", f"{MD5},a,baseline,one", f"{OTHER},b,baseline,two")
        said = self.node("erase", "--list", "Known", "--entry", str(first), "--ground", "article 17")
        self.assertIn("is erased", said)
        self.assertEqual([len(found) for found in self.matches(MD5, OTHER)], [0, 1])
        self.assertIn("erased", self.refused("explain", "Known", str(first)))
        self.refused("erase", "--list", "Known", "--entry", str(first), "--ground", "again")
        [verified, _] = self.node_json("log", "verify", "--all")
        self.assertTrue(verified["good"])
        [line] = self.node_json("list", "show", "Known")
        self.assertEqual(line["entries"], 1)
        kinds = [line["kind"] for line in self.node_json("log", "show")]
        self.assertIn("record.erased", kinds)
        # All of the chunk, by the record's id.
        [chunk] = [line["record"] for line in self.node_json("log", "show") if line["kind"] == "entries.added"]
        self.node("erase", "--record", chunk, "--ground", "article 17")
        self.assertEqual(self.matches(MD5, OTHER), [[], []])
        self.assertTrue(all(log["good"] for log in self.node_json("log", "verify", "--all")))

    def test_no_known_hash_lies_in_the_folder(self):
        first = self.import_rows("Known", *(f"{md5},secret-name,baseline,secret-note" for md5 in random_md5s(1200, 7)))
        known = random_md5s(1200, 7)
        self.write("stdin.csv", "pdq\n" + random_hashes(1, 77)[0] + "\n")
        self.node("list", "import", "Known", "-", stdin=self.path("stdin.csv").read_bytes())
        server = self.serve()
        self.assertEqual(len(self.matches(known[3], "--record", "r")[0]), 1)
        self.node("list", "withdraw", "Known", "--entries", str(first + 5), "--reason", "x")
        self.stop(server)
        wanted = [known[0], known[3], known[5], known[1100], random_hashes(1, 77)[0]]
        needles = [b"secret-name", b"secret-note"]
        for md5 in wanted:
            needles += [md5.encode(), md5.upper().encode(), bytes.fromhex(md5), bytes.fromhex(md5)[::-1]]
        files = [path for path in self.path("se").rglob("*") if path.is_file()]
        self.assertGreater(len(files), 5)
        for path in files:
            content = path.read_bytes()
            for needle in needles:
                self.assertNotIn(needle, content, path)

    def test_rebuild_changes_nothing(self):
        first = self.import_rows("Known", f"{MD5},a,baseline,", f"{OTHER},b,national,")
        self.node("list", "withdraw", "Known", "--entries", str(first), "--reason", "wrong")
        before = self.node("dump")
        self.assertIn('"withdrawn"', before)
        self.assertNotIn(MD5, before)
        self.assertIn("rebuilt", self.node("rebuild"))
        self.assertEqual(self.node("dump"), before)
        self.assertEqual([len(found) for found in self.matches(MD5, OTHER)], [0, 1])


class KeyTest(NodeCase):
    def test_init_refuses_what_is_unsafe_or_there(self):
        for wrong in (["--key-file", "new/key", "--shares", "s"], ["--key-file", "k", "--shares", "new/s"]):
            self.refused("node", "init", "new", "--member", "se", *wrong)
            self.assertFalse(self.path("new").exists())
        self.refused("node", "init", "se", "--member", "se", "--key-file", "k", "--shares", "s")
        self.refused("node", "init", "new", "--member", "S E!", "--key-file", "k", "--shares", "s")
        self.refused("node", "init", "new", "--member", "se", expect=2)
        self.assertFalse(self.path("new").exists())
        self.assertEqual(stat.S_IMODE(os.stat(self.path("se")).st_mode), 0o700)
        self.assertEqual(len(os.listdir(self.path("shares"))), 3)

    def test_without_the_right_key_nothing_opens(self):
        os.rename(self.path("se.key"), self.path("moved.key"))
        self.assertIn("se.key", self.refused("list", "show"))
        self.node("list", "show", "--key-file", "moved.key")
        self.run_program("index", "key", "-o", "other.key")
        self.assertIn("key", self.refused("list", "show", "--key-file", "other.key"))
        os.chmod(self.path("moved.key"), 0o644)
        self.assertIn("others", self.refused("list", "show", "--key-file", "moved.key"))
        os.chmod(self.path("moved.key"), 0o600)
        os.rename(self.path("moved.key"), self.path("se", "se.key"))
        self.refused("list", "show", "--key-file", "se/se.key")

    def test_the_folder_of_the_service_manager_has_the_key(self):
        settings = self.path("se", "node.json")
        self.assertIn("se.key", settings.read_text())
        self.path("credentials").mkdir()
        os.rename(self.path("se.key"), self.path("credentials", "fristad-node-key"))
        settings.write_text(settings.read_text().replace(str(self.path("se.key")), ""))
        self.run_program("list", "show", "--node", "se", env={"CREDENTIALS_DIRECTORY": str(self.path("credentials"))})

    def test_a_newer_schema_is_refused_unharmed(self):
        self.create()
        with sqlite3.connect(self.path("se", "node.db")) as database:
            database.execute("INSERT INTO schema_version(version, what, program) VALUES (9999, 'later', '99.0')")
        database.close()
        before = self.path("se", "node.db").read_bytes()
        self.assertIn("newer", self.refused("list", "show"))
        self.assertEqual(self.path("se", "node.db").read_bytes(), before)

    def test_a_node_must_be_named(self):
        self.assertIn("--node", self.run_program("list", "show", expect=2).stderr.decode())
        self.run_program("list", "show", "--node", "nothing", expect=3)
        self.run_program("match", MD5, expect=2)
        self.run_program("match", MD5, "--node", "se", "--index", "x", expect=2)
        self.run_program("match", MD5, "--index", "x", "--record", "r", expect=2)


class DoctorTest(NodeCase):
    def test_it_finds_nothing_bad_in_a_good_node(self):
        self.import_rows("Known", f"{MD5},a,baseline,")
        self.node("log", "publish")
        for more in ([], ["--deep"]):
            findings = self.node_json("doctor", *more)
            self.assertEqual([one for one in findings if one["state"] == "bad"], [])
            self.assertGreater(len(findings), 5)
        self.assertIn("ok\t", self.node("doctor"))

    def test_it_says_what_to_do(self):
        os.chmod(self.path("se"), 0o755)
        os.chmod(self.path("se.key"), 0o644)
        done = self.run_program("doctor", "--node", "se", expect=3)
        bad = [line for line in done.stdout.decode().splitlines() if line.startswith("bad\t")]
        self.assertGreaterEqual(len(bad), 2)
        self.assertIn("-> chmod", done.stdout.decode())
        self.run_program("doctor", "--node", "nothing", expect=3)
        self.run_program("doctor", expect=2)


class ServerTest(NodeCase):
    def test_commands_give_the_same_with_and_without(self):
        first = str(self.import_rows("Known", f"{MD5},a,baseline,", f"{OTHER},b,national,\x1bnote"))
        self.write("folder/input.csv", f"md5\n{THIRD}\n")
        questions = [["list", "show"], ["list", "show", "Known", "--entries", "--json"], ["match", MD5, OTHER, THIRD],
                     ["match", "--json", "-"], ["explain", "Known", first], ["log", "show", "--payload"], ["dump"],
                     ["list", "show", "none"], ["match", "--fail-on-match", MD5], ["log", "show", "--private"],
                     ["list", "counts", "--json"], ["list", "subscribe", "Known"]]

        def ask():
            answers = []
            for question in questions:
                done = subprocess.run([PROGRAM, *question], input=MD5.encode(), capture_output=True, check=False,
                                      cwd=self.folder, env={**os.environ, "FRISTAD_NODE": "se"}, timeout=TIMEOUT_S)
                answers.append((done.returncode, done.stdout, done.stderr))
            return answers

        self.node("log", "publish")  # which the server does at once, and which may add a record
        without = ask()
        server = self.serve()
        [status] = self.node_json("node", "status")
        self.assertTrue(status["server"])
        self.assertEqual(ask(), without)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("se", "socket")).st_mode), 0o600)
        # Relative paths are the client's.
        subprocess.run([PROGRAM, "list", "import", "--node", "../se", "Known", "input.csv"], check=True,
                       timeout=TIMEOUT_S, cwd=self.path("folder"), stdout=subprocess.DEVNULL)
        self.assertEqual(len(self.matches(THIRD)[0]), 1)
        self.stop(server)
        self.assertEqual(len(self.matches(THIRD)[0]), 1)
        self.assertFalse(self.path("se", "socket").exists())

    def test_many_at_once(self):
        self.create()
        server = self.serve()
        codes = []
        hashes = random_md5s(24, 5)

        def add(md5):
            done = subprocess.run([PROGRAM, "list", "add", "Known", "--node", "se", "--md5", md5], cwd=self.folder,
                                  stdout=subprocess.DEVNULL, timeout=TIMEOUT_S, check=False)
            codes.append(done.returncode)

        threads = [threading.Thread(target=add, args=(md5,)) for md5 in hashes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(codes, [0] * len(hashes))
        self.assertEqual([len(found) for found in self.matches(*hashes)], [1] * len(hashes))
        self.stop(server)
        self.assertTrue(all(log["good"] for log in self.node_json("log", "verify", "--all")))

    def test_a_second_server_is_refused(self):
        server = self.serve()
        self.assertIn("already", self.refused("node", "run", "se"))
        self.node("list", "show")
        self.stop(server)

    def test_what_was_acknowledged_outlives_a_kill(self):
        self.create()
        for round_number in range(2):
            server = self.serve()
            for md5 in random_md5s(6, round_number):
                self.node("list", "add", "Known", "--md5", md5)
            server.send_signal(signal.SIGKILL)
            server.wait(TIMEOUT_S)
            self.assertTrue(self.path("se", "socket").exists())
        hashes = random_md5s(6, 0) + random_md5s(6, 1)
        self.assertEqual([len(found) for found in self.matches(*hashes)], [1] * 12)
        server = self.serve()
        self.assertEqual([len(found) for found in self.matches(*hashes)], [1] * 12)
        self.stop(server)
        self.assertTrue(all(log["good"] for log in self.node_json("log", "verify", "--all")))

    def test_a_client_that_is_stopped_stops_its_command(self):
        self.import_rows("Known", f"{MD5},a,baseline,")
        server = self.serve()
        for signal_number, code in ((signal.SIGTERM, 3), (signal.SIGKILL, -9)):
            with subprocess.Popen([PROGRAM, "match", "--node", "se"], cwd=self.folder, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
                client.stdin.write(MD5.encode() + b"\n")
                client.stdin.flush()
                self.assertIn(b"enforce", client.stdout.readline())
                client.send_signal(signal_number)
                self.assertEqual(client.wait(TIMEOUT_S), code)
                # The server lets go of the client's streams.
                self.assertEqual(client.stdout.read(), b"")
        self.stop(server)

    def test_stopping_the_server_stops_commands(self):
        self.import_rows("Known", f"{MD5},a,baseline,")
        server = self.serve()
        with subprocess.Popen([PROGRAM, "match", "--node", "se"], cwd=self.folder, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:
            client.stdin.write(MD5.encode() + b"\n")
            client.stdin.flush()
            self.assertIn(b"enforce", client.stdout.readline())
            self.stop(server)
            self.assertEqual(client.wait(TIMEOUT_S), 3)
            self.assertIn(b"stopped", client.stderr.read())

    @unittest.skipUnless(os.geteuid() == 0, "needs another user")
    def test_other_users_are_refused(self):
        self.create()
        server = self.serve()
        os.chmod(self.folder, 0o755)
        for mode in (0o700, 0o755):
            os.chmod(self.path("se"), mode)
            done = subprocess.run([PROGRAM, "list", "show", "--node", "se"], cwd=self.folder, capture_output=True,
                                  check=False, user=65534, group=65534, extra_groups=[], timeout=TIMEOUT_S)
            self.assertEqual((done.returncode, done.stdout), (3, b""))
        os.chmod(self.path("se", "socket"), 0o666)
        done = subprocess.run([PROGRAM, "list", "show", "--node", "se"], cwd=self.folder, capture_output=True,
                              check=False, user=65534, group=65534, extra_groups=[], timeout=TIMEOUT_S)
        self.assertEqual((done.returncode, done.stdout), (3, b""))
        self.assertIn(b"own user", done.stderr)
        self.stop(server)

    def test_logs_are_published_when_it_starts_and_stops(self):
        server = self.serve()
        checkpoint = pathlib.Path(self.path("se", "log", "shared", "checkpoint"))
        before = checkpoint.read_text()
        self.create()
        self.stop(server)
        self.assertNotEqual(checkpoint.read_text(), before)
