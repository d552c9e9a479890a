"""fristad backup, restore"""

import os

from support import NodeCase, random_md5s

MD5, OTHER, THIRD = random_md5s(3, 31)


class BackupTest(NodeCase):
    def setUp(self):
        super().setUp()
        self.first = self.import_rows("Known", f"{MD5},a,baseline,", f"{OTHER},b,baseline,")
        self.recipient = self.node("backup", "keygen", "-o", "identity").strip()
        self.assertTrue(self.recipient.startswith("age1"))
        self.assertEqual(os.stat(self.path("identity")).st_mode & 0o777, 0o600)

    def backup(self):
        self.node("backup", "-o", "node.age", "--recipient", self.recipient)

    def restore(self, *more, expect=0):
        return self.run_program("restore", "node.age", "--identity", "identity", "--to", "new", "--key-file", "new.key",
                                *more, expect=expect)

    def test_what_is_restored_is_the_same(self):
        self.backup()
        before = self.node("dump")
        self.assertIn(b"restored", self.restore().stdout)
        self.assertEqual(self.run_program("dump", "--node", "new").stdout.decode(), before)
        self.run_program("match", "--node", "new", "--fail-on-match", MD5, expect=1)
        self.run_program("log", "verify", "--all", "--node", "new")
        self.run_program("list", "create", "More", "--node", "new")

    def test_from_a_running_node(self):
        server = self.serve()
        self.backup()
        self.node("list", "add", "Known", "--md5", THIRD)
        self.stop(server)
        self.restore()
        self.run_program("match", "--node", "new", "--fail-on-match", OTHER, expect=1)
        self.run_program("match", "--node", "new", "--fail-on-match", THIRD)

    def test_the_erased_does_not_come_back(self):
        self.backup()
        self.node("erase", "--list", "Known", "--entry", str(self.first), "--ground", "article 17")
        self.restore()
        self.run_program("match", "--node", "new", "--fail-on-match", MD5)
        self.run_program("match", "--node", "new", "--fail-on-match", OTHER, expect=1)

    def test_without_the_file_of_erasures_it_is_refused(self):
        self.backup()
        self.node("erase", "--list", "Known", "--entry", str(self.first), "--ground", "article 17")
        os.rename(self.path("node.age.erasures"), self.path("moved"))
        self.assertIn(b"erasures", self.restore(expect=3).stderr)
        self.assertFalse(self.path("new").exists())
        self.restore("--erasures", "moved", "--no-erasures", expect=2)
        self.restore("--erasures", "moved")
        self.run_program("match", "--node", "new", "--fail-on-match", MD5)

    def test_what_is_wrong_is_refused(self):
        self.backup()
        self.assertIn("already", self.refused("backup", "-o", "node.age", "--recipient", self.recipient))
        self.refused("backup", "-o", "x.age", "--recipient", "age1nothing")
        self.assertFalse(self.path("x.age").exists())
        self.refused("backup", "keygen", "-o", "identity")
        self.node("backup", "keygen", "-o", "other")
        os.rename(self.path("identity"), self.path("right"))
        os.rename(self.path("other"), self.path("identity"))
        self.restore(expect=3)
        os.rename(self.path("right"), self.path("identity"))
        content = bytearray(self.path("node.age").read_bytes())
        content[-100] ^= 1
        self.write("node.age", bytes(content))
        self.restore(expect=3)
        self.assertFalse(self.path("new", "node.json").exists())

    def test_several_recipients(self):
        second = self.node("backup", "keygen", "-o", "second").strip()
        self.node("backup", "-o", "node.age", "--recipient", self.recipient, "--recipient", second)
        os.rename(self.path("second"), self.path("identity"))
        self.restore()
