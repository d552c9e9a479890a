"""fristad match"""

import select
import subprocess

from support import PROGRAM, Case, flip_bits, random_hashes

HASHES = random_hashes(400, 3)
MD5 = "0123456789abcdef0123456789abcdef"
SHA1 = MD5 + "01234567"
SHA256 = MD5 + MD5


class MatchTest(Case):
    def setUp(self):
        super().setUp()
        rows = ["pdq,md5,sha1,sha256,id,classification,note"]
        rows += [f"{pdq},,,,id-{i},baseline,note {i}" for i, pdq in enumerate(HASHES)]
        rows += [f",{MD5},,,by-md5,,", f",,{SHA1},,by-sha1,,", f",,,{SHA256},by-sha256,,"]
        rows += [f"{flip_bits(HASHES[0], 10)},,,,near,,\"=1+1\x1b[2J\""]
        self.build("\n".join(rows) + "\n")

    def match(self, *arguments, **more):
        return self.json_lines(self.run_program("match", "--json", "--index", "known.frseg", *arguments, **more).stdout)

    def test_the_nearest_first_and_the_limit(self):
        [found] = self.match(HASHES[0])
        self.assertEqual([(m["id"], m["distance"]) for m in found["matches"]], [("id-0", 0), ("near", 10)])
        self.assertEqual((found["query"], found["kind"]), (HASHES[0], "pdq"))
        self.assertEqual([m["distance"] for m in self.match(flip_bits(HASHES[9], 31))[0]["matches"]], [31])
        self.assertEqual(self.match(flip_bits(HASHES[9], 32))[0]["matches"], [])
        [far] = self.match("--limit", "40", flip_bits(HASHES[9], 32))
        self.assertEqual([m["distance"] for m in far["matches"]], [32])
        self.assertEqual(len(self.match("--limit", "0", HASHES[0])[0]["matches"]), 1)
        [few] = self.match("--matches-max", "1", HASHES[0])
        self.assertEqual(([m["id"] for m in few["matches"]], few["matches_left_out"]), (["id-0"], 1))

    def test_kinds(self):
        for query, name in ((MD5, "by-md5"), (SHA1.upper(), "by-sha1"), ("sha256:" + SHA256, "by-sha256"),
                            ("md5:" + MD5, "by-md5"), ("pdq:" + HASHES[7], "id-7")):
            [found] = self.match(query)
            self.assertEqual([m["id"] for m in found["matches"]], [name])
        self.assertEqual(self.match(SHA256)[0]["matches"], [])

    def test_text_is_tabs_and_escaped(self):
        done = self.run_program("match", "--index", "known.frseg", HASHES[0], HASHES[1], "f" * 64)
        self.assertEqual(done.stdout.decode().splitlines(),
                         [f"{HASHES[0]}\tpdq\t0\tid-0\tbaseline\tnote 0",
                          f"{HASHES[0]}\tpdq\t10\tnear\t\t=1+1\\x1b[2J",
                          f"{HASHES[1]}\tpdq\t0\tid-1\tbaseline\tnote 1"])

    def test_exit_codes(self):
        for query, code in ((HASHES[0], 1), ("f" * 64, 0)):
            self.run_program("match", "--index", "known.frseg", query)
            self.run_program("match", "--fail-on-match", "--index", "known.frseg", query, expect=code)
        for wrong in ("x", "f" * 63, "g" * 64, "sha512:" + SHA256, ""):
            self.run_program("match", "--index", "known.frseg", HASHES[0], wrong, expect=2)

    def test_bad_lines_are_named_and_keep_their_place(self):
        stdin = f"{HASHES[3]}\r\n\nrubbish\x1b\n{'a' * 5000}\n{HASHES[4]}".encode()
        done = self.run_program("match", "--json", "--index", "known.frseg", "-", stdin=stdin)
        lines = self.json_lines(done.stdout)
        self.assertEqual([line["query"] for line in lines], [HASHES[3], "rubbish\x1b", "", HASHES[4]])
        wrong = "invalid_argument"
        self.assertEqual([line.get("error_code") for line in lines], [None, wrong, wrong, None])
        self.assertIn(b"stdin, line 3: not a hash", done.stderr)
        self.assertIn(b"stdin, line 4: longer than any hash", done.stderr)
        self.assertIn(b"2 lines were no hashes", done.stderr)
        self.run_program("match", "--strict", "--index", "known.frseg", "-", stdin=stdin, expect=3)

    def test_many_lines_keep_their_order(self):
        queries = [flip_bits(HASHES[i % 400], i % 40) if i % 3 else random_hashes(1, i)[0] for i in range(40_000)]
        stdin = "\n".join(queries).encode()
        one = self.match("--threads", "1", stdin=stdin)
        self.assertEqual([line["query"] for line in one], queries)
        self.assertEqual(self.match("-", "--threads", "4", stdin=stdin), one)
        for i, line in enumerate(one):
            found = {m["id"]: m["distance"] for m in line["matches"]}
            if i % 3 and i % 40 <= 31:
                self.assertEqual(found[f"id-{i % 400}"], i % 40)
            else:
                self.assertNotIn(f"id-{i % 400}", found)

    def test_answers_come_before_the_input_ends(self):
        with subprocess.Popen([PROGRAM, "match", "--json", "--index", "known.frseg", "-"], cwd=self.folder,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            for i in range(3):
                process.stdin.write(HASHES[i].encode() + b"\n")
                process.stdin.flush()
                ready, _, _ = select.select([process.stdout], [], [], 60)
                self.assertTrue(ready)
                self.assertIn(f'"id-{i}"'.encode(), process.stdout.readline())
            process.stdin.close()
            self.assertEqual(process.wait(60), 0)

    def test_interrupted_while_it_waits(self):
        with subprocess.Popen([PROGRAM, "match", "--json", "--index", "known.frseg", "-"], cwd=self.folder,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdin.write(HASHES[0].encode() + b"\n")
            process.stdin.flush()
            process.stdout.readline()
            process.terminate()
            self.assertEqual(process.wait(60), 3)
