"""fristad index build, info, verify and key"""

import os
import random

from support import Case, random_hashes

HASHES = random_hashes(300, 7)
MD5 = "0123456789abcdef0123456789abcdef"


class IndexTest(Case):
    def info(self, name="known.frseg", *more):
        return self.json_lines(self.run_program("index", "info", "--json", name, *more).stdout)[0]

    def match(self, query, name="known.frseg", *more):
        output = self.run_program("match", "--json", "--index", name, *more, query).stdout
        return self.json_lines(output)[0]["matches"]

    def test_csv_and_json_lines_make_the_same_index(self):
        rows = [(HASHES[i], MD5 if i % 3 == 0 else "", f"id-{i}", "baseline" if i % 2 else "", f'"n", {i}')
                for i in range(300)]
        csv = "note,pdq,id,classification,md5\r\n"
        jsonl = ""
        for pdq, md5, name, classification, note in rows:
            quoted = note.replace('"', '""')
            csv += f'"{quoted}",{pdq},{name},{classification},{md5}\r\n'
            note = note.replace('"', '\\"')
            jsonl += f'{{"pdq":"{pdq}","md5":"{md5}","id":"{name}",'
            jsonl += f'"classification":"{classification}","note":"{note}"}}\n'
        self.write("list.csv", "\ufeff" + csv)
        self.write("list.jsonl", jsonl)
        done = self.run_program("index", "build", "list.csv", "-o", "a.frseg")
        self.assertIn(b"300 rows (300 pdq, 100 md5, 0 sha1, 0 sha256), 0 bad rows skipped, ", done.stdout)
        self.run_program("index", "build", "list.jsonl", "-o", "b.frseg")
        self.run_program("index", "build", "-", "-o", "c.frseg", stdin=jsonl.encode())
        self.run_program("index", "build", "--format", "csv", "-", "-o", "d.frseg", stdin=csv.encode())
        content = self.path("a.frseg").read_bytes()
        for name in "bcd":
            self.assertEqual(self.path(f"{name}.frseg").read_bytes(), content)
        info = self.info("a.frseg")
        self.assertEqual((info["rows"], info["pdq"], info["md5"], info["sealed"]), (300, 300, 100, False))
        self.assertEqual(info["bytes"], len(content))
        self.assertIn(b"300", self.run_program("index", "info", "a.frseg").stdout)
        self.run_program("index", "verify", "a.frseg")
        [found] = self.match(HASHES[5].upper(), "a.frseg")
        self.assertEqual(found, {"id": "id-5", "distance": 0, "classification": "baseline", "note": '"n", 5', "row": 5})

    def test_lists_follow_one_another(self):
        self.write("a.csv", f"pdq,id\n{HASHES[0]},a\n")
        self.write("b.jsonl", f'{{"pdq":"{HASHES[1]}","id":"b"}}\n')
        self.run_program("index", "build", "a.csv", "b.jsonl", "-o", "known.frseg")
        self.assertEqual(self.match(HASHES[1])[0]["row"], 1)

    def test_large_enough_to_be_indexed(self):
        hashes = random_hashes(30_000, 1)
        text = "pdq,id\n" + "".join(f"{pdq},{i}\n" for i, pdq in enumerate(hashes))
        for more in ([], ["--compact"], ["--threads", "3"]):
            self.build(text, "known.frseg", "--overwrite", *more)
            self.assertTrue(self.info()["indexed"])
            self.run_program("index", "verify", "known.frseg")
            self.assertEqual([found["id"] for found in self.match(hashes[20_000])], ["20000"])

    def test_bad_rows_are_named_and_refused_unless_skipped(self):
        rows = "pdq,id\n" + "".join(f"{HASHES[i]},{i}\n" + ("abc,\x1b[31m\n" if i < 25 else "") for i in range(50))
        self.write("list.csv", rows)
        done = self.run_program("index", "build", "list.csv", "-o", "known.frseg", expect=3)
        lines = done.stderr.decode().splitlines()
        self.assertEqual(lines[0], "fristad: list.csv, line 3: pdq is not 64 hex digits, but 3 characters")
        self.assertEqual(len([line for line in lines if "list.csv, line" in line]), 20)
        self.assertIn("25 bad rows: nothing was written", lines[-1])
        self.assertEqual(os.listdir(self.folder), ["list.csv"])
        done = self.run_program("index", "build", "list.csv", "-o", "known.frseg", "--bad-rows", "skip")
        self.assertIn(b"50 rows (50 pdq, 0 md5, 0 sha1, 0 sha256), 25 bad rows skipped", done.stdout)
        self.assertEqual(self.match(HASHES[49])[0]["id"], "49")
        self.run_program("index", "build", "list.csv", "-o", "x", "--bad-rows", "maybe", expect=2)

    def test_headers_that_are_not_understood_are_refused(self):
        for text, says in (("", "empty"), ("id\nx\n", "no column of hashes"), ("pdq,colour\n", "colour"),
                           ("pdq;id\n", "commas"), ("[]", "array")):
            self.write("list", text)
            done = self.run_program("index", "build", "list", "-o", "x", expect=3)
            self.assertIn(says, done.stderr.decode())
        self.write("list", f"pdq,colour\n{HASHES[0]},red\n")
        self.run_program("index", "build", "list", "-o", "x", "--ignore-columns")

    def test_nothing_is_overwritten_unless_asked(self):
        self.build(f"pdq\n{HASHES[0]}\n")
        before = self.path("known.frseg").read_bytes()
        self.write("list", f"pdq\n{HASHES[1]}\n")
        self.run_program("index", "build", "list", "-o", "known.frseg", expect=3)
        self.assertEqual(self.path("known.frseg").read_bytes(), before)
        self.run_program("index", "build", "list", "-o", "known.frseg", "--overwrite")
        self.assertNotEqual(self.path("known.frseg").read_bytes(), before)
        self.run_program("index", "build", "list", "-o", "nowhere/known.frseg", expect=3)

    def test_keys(self):
        self.run_program("index", "key", "-o", "key")
        self.assertEqual(os.stat(self.path("key")).st_mode & 0o777, 0o600)
        self.assertRegex(self.path("key").read_text(), r"^[0-9a-f]{64}\n$")
        self.run_program("index", "key", "-o", "key", expect=3)
        self.run_program("index", "key", "-o", "other")
        self.assertNotEqual(self.path("key").read_text(), self.path("other").read_text())

    def test_sealed_indexes_open_with_their_key_only(self):
        self.run_program("index", "key", "-o", "key")
        self.run_program("index", "key", "-o", "other")
        text = "pdq,id\n" + "".join(f"{pdq},secret-id-{i}\n" for i, pdq in enumerate(HASHES))
        self.build(text, "known.frseg", "--seal", "--key", "key")
        self.assertNotIn(b"secret-id", self.path("known.frseg").read_bytes())
        self.assertEqual(self.info("known.frseg", "--key", "key")["sealed"], True)
        self.run_program("index", "verify", "known.frseg", "--key", "key")
        self.assertEqual(self.match(HASHES[3], "known.frseg", "--key", "key")[0]["id"], "secret-id-3")
        for more in ([], ["--key", "other"], ["--key", "none"], ["--key", "list"]):
            for command in (["index", "info", "known.frseg"], ["match", "--index", "known.frseg", HASHES[3]]):
                self.assertEqual(self.run_program(*command, *more, expect=3).stdout, b"")
        os.chmod(self.path("key"), 0o640)
        done = self.run_program("index", "info", "known.frseg", "--key", "key", expect=3)
        self.assertIn(b"chmod 600", done.stderr)
        self.run_program("index", "build", "list", "-o", "x", "--seal", expect=2)
        self.run_program("index", "build", "list", "-o", "x", "--key", "key", expect=2)

    def test_damaged_files_are_errors_and_never_answers(self):
        text = "pdq,md5,id,note\n" + "".join(f"{pdq},{MD5},{i},n\n" for i, pdq in enumerate(HASHES))
        good = self.build(text).read_bytes()
        draw = random.Random(os.environ.get("FRISTAD_SEED", "1"))
        places = list(range(0, 64, 3)) + [draw.randrange(len(good)) for _ in range(60)] + [len(good) - 1]
        for place in places:
            damaged = bytearray(good)
            damaged[place] ^= 1 << draw.randrange(8)
            self.assert_refused(bytes(damaged), place)
        lengths = [0, 1, 7, 8, 63, 64, 4096, len(good) // 2, len(good) - 1]
        for length in lengths + [draw.randrange(len(good)) for _ in range(10)]:
            self.assert_refused(good[:length], f"cut to {length}")
        self.assert_refused(good + b"\0", "one byte more")
        for foreign in (b"\x7fELF" + bytes(5000), text.encode(), bytes(1 << 16), b"PK\x03\x04"):
            self.assert_refused(foreign, "foreign")
        self.run_program("index", "info", ".", expect=3)
        self.run_program("index", "info", "/dev/null", expect=3)

    def assert_refused(self, content, what):
        self.path("bad.frseg").write_bytes(content)
        done = self.run_program("match", "--index", "bad.frseg", HASHES[0], MD5, expect=3)
        self.assertEqual(done.stdout, b"", what)
        self.assertIn(b"bad.frseg", done.stderr, what)
