"""A node that keeps its records in PostgreSQL"""

import signal
import subprocess

from support import POSTGRES, NodeCase, random_md5s

MD5, OTHER, THIRD = random_md5s(3, 41)


class PostgresTest(NodeCase):
    @classmethod
    def setUpClass(cls):
        # pylint: disable-next=consider-using-with
        cls.server = subprocess.Popen([POSTGRES], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        cls.conninfo = cls.server.stdout.readline().decode().strip()

    @classmethod
    def tearDownClass(cls):
        cls.server.stdin.close()
        cls.server.stdout.close()
        cls.server.wait()

    def init(self, *more):
        """Each test has a database of its own, made through the one that there is."""
        name = "node_" + self.id().rsplit(".", 1)[-1][:40]
        self.database(name)
        super().init("--postgres", self.conninfo_of(name), *more)

    def database(self, name):
        subprocess.run(["psql", "--quiet", "--command", f"CREATE DATABASE {name}", self.conninfo], check=True)

    def conninfo_of(self, name):
        return self.conninfo + f" dbname={name}"

    def test_a_walk(self):
        first = self.import_rows("Known", f"{MD5},a,baseline,", f"{OTHER},b,baseline,")
        [found] = self.matches(MD5, "--record", "order 1")[0]
        self.assertEqual((found["id"], found["level"]), ("a", "enforce"))
        [recall] = self.node_json("list", "withdraw", "Known", "--entries", str(first), "--reason", "wrong")
        self.assertEqual(recall["reference"], "order 1")
        self.assertEqual([len(found) for found in self.matches(MD5, OTHER)], [0, 1])
        before = self.node("dump")
        self.node("rebuild")
        self.assertEqual(self.node("dump"), before)
        self.node("erase", "--list", "Known", "--entry", str(first + 1), "--ground", "article 17")
        self.assertEqual(self.matches(OTHER), [[]])
        self.assertTrue(all(log["good"] for log in self.node_json("log", "verify", "--all")))
        self.assertEqual([one for one in self.node_json("doctor", "--deep") if one["state"] == "bad"], [])
        self.assertFalse(self.path("se", "node.db").exists())

    def test_no_known_hash_stands_in_a_table(self):
        first = self.import_rows("Known", f"{MD5},secret-name,baseline,", f"{OTHER},b,baseline,")
        self.matches(MD5, "--record", "order 1")
        self.node("list", "withdraw", "Known", "--entries", str(first + 1), "--reason", "wrong")
        conninfo = self.conninfo_of("node_" + self.id().rsplit(".", 1)[-1][:40])
        # Which writes bytes as hex digits, so that both forms would show.
        dump = subprocess.run(["pg_dump", conninfo], capture_output=True, check=True).stdout.lower()
        self.assertIn(b"order 1", dump)
        for needle in (MD5, OTHER, "secret-name", b"secret-name".hex()):
            self.assertNotIn(needle.encode(), dump)

    def test_a_killed_server_loses_nothing(self):
        self.create()
        server = self.serve()
        hashes = random_md5s(8, 5)
        for md5 in hashes:
            self.node("list", "add", "Known", "--md5", md5)
        server.send_signal(signal.SIGKILL)
        server.wait()
        self.assertEqual([len(found) for found in self.matches(*hashes)], [1] * 8)
        self.assertTrue(all(log["good"] for log in self.node_json("log", "verify", "--all")))

    def test_a_backup_goes_from_one_store_to_the_other(self):
        first = self.import_rows("Known", f"{MD5},a,baseline,", f"{OTHER},b,baseline,")
        recipient = self.node("backup", "keygen", "-o", "identity").strip()
        self.node("backup", "-o", "node.age", "--recipient", recipient)
        self.node("erase", "--list", "Known", "--entry", str(first), "--ground", "article 17")
        self.database("restored")
        for to, more in (("sqlite", []), ("postgres", ["--postgres", self.conninfo_of("restored")])):
            self.run_program("restore", "node.age", "--identity", "identity", "--to", to, "--key-file", to + ".key",
                             *more)
            self.run_program("match", "--node", to, "--fail-on-match", MD5)
            self.run_program("match", "--node", to, "--fail-on-match", OTHER, expect=1)

    def test_an_erasure_that_a_reader_delays_is_finished_later(self):
        first = self.import_rows("Known", f"{MD5},a,baseline,", f"{OTHER},b,baseline,")
        conninfo = self.conninfo_of("node_" + self.id().rsplit(".", 1)[-1][:40])
        with subprocess.Popen(["psql", "--quiet", "--no-psqlrc", conninfo], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as reader:
            reader.stdin.write(b"BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT 1 FROM fristad.log LIMIT 1;\n"
                               b"\\echo reading\n")
            reader.stdin.flush()
            while b"reading" not in reader.stdout.readline():
                pass
            said = self.refused("erase", "--list", "Known", "--entry", str(first), "--ground", "article 17")
            self.assertIn("it is erased and matches no more", said)
            self.assertIn("isn't out of all files", self.node("doctor"))
            reader.stdin.close()
        self.assertEqual([len(found) for found in self.matches(MD5, OTHER)], [0, 1])
        self.assertFalse(self.path("se", "erasing").exists())
        self.assertNotIn("isn't out of all files", self.node("doctor"))

    def test_two_nodes_do_not_share_a_database(self):
        said = self.refused("node", "init", "us", "--member", "us", "--key-file", "us.key", "--shares", "s",
                            "--postgres", self.conninfo_of("node_test_two_nodes_do_not_share_a_database"[:45]))
        self.assertNotIn("Kurz&Lang", said)
        self.assertFalse(self.path("us").exists())
