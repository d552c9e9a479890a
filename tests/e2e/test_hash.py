"""fristad hash"""

import hashlib
import os
import random
import re
import subprocess

from support import PHOTOS, PROGRAM, Case, hostile_names, open_files, png, png_file

KEYS = ["path", "pdq", "pdq_quality", "md5", "sha1", "sha256"]
BRIDGE = PHOTOS / "dih" / "bridge-1-original.jpg"
BRIDGE_PDQ = "d8f8f0cee0f4a84f0637022a078f67f0b36e2ed596621e1d33e6339c4e9c9b22"


class HashTest(Case):
    def hash(self, *arguments, **more):
        return self.json_lines(self.run_program("hash", "--json", *arguments, **more).stdout)

    def test_the_published_value_as_text_and_json(self):
        text = self.run_program("hash", BRIDGE).stdout.decode()
        self.assertRegex(text, rf"^{BRIDGE_PDQ} 100 {re.escape(str(BRIDGE))}\n$")
        [line] = self.hash(BRIDGE)
        self.assertEqual(list(line), KEYS)
        self.assertEqual((line["pdq"], line["pdq_quality"]), (BRIDGE_PDQ, 100))

    def test_eight_orientations(self):
        [line] = self.hash("--dihedral", BRIDGE)
        self.assertEqual(len(line["dihedral"]), 8)
        self.assertEqual(line["dihedral"]["original"], line["pdq"])
        self.assertEqual(len(set(line["dihedral"].values())), 8)
        self.run_program("hash", "--dihedral", BRIDGE, expect=2)

    def test_digests_of_files_of_all_sizes(self):
        for size in (0, 1, 4095, 4096, 4097, (1 << 20) + 4096, 3_000_001):
            self.write(f"in/{size}", random.Random(size).randbytes(size))
        lines = self.hash("in")
        self.assertEqual(len(lines), 7)
        for line in lines:
            content = self.path(line["path"]).read_bytes()
            for kind in ("md5", "sha1", "sha256"):
                self.assertEqual(line[kind], hashlib.new(kind, content).hexdigest())
            self.assertEqual((line["pdq"], line["error_code"]), (None, "unsupported"))
        only = self.hash("--digests-only", "in")
        self.assertEqual(list(only[0]), ["path", "md5", "sha1", "sha256"])
        text = self.run_program("hash", "--digests-only", "in").stdout.decode().splitlines()
        self.assertEqual(text[0].split(" "), [only[0][key] for key in ("md5", "sha1", "sha256", "path")])

    def test_images_have_the_digests_of_their_bytes(self):
        for line in self.hash(PHOTOS):
            with open(line["path"], "rb") as file:
                self.assertEqual(line["sha256"], hashlib.sha256(file.read()).hexdigest(), line["path"])

    def test_order_does_not_depend_on_threads(self):
        for number in range(60):
            self.write(f"in/{number % 7}/{number}.png", png(40 + number, 40, number))
        one = self.run_program("hash", "--json", "--threads", "1", "in").stdout
        self.assertEqual(len(one.splitlines()), 60)
        self.assertEqual(self.run_program("hash", "--json", "--threads", "5", "in").stdout, one)

    def test_damaged_images_are_errors_with_digests(self):
        photo = BRIDGE.read_bytes()
        self.write("bad/cut.jpg", photo[: len(photo) // 2])
        self.write("bad/start.jpg", photo[:100])
        self.write("bad/empty.jpg", b"")
        self.write("bad/text.jpg", "this is no picture\n")
        self.write("bad/huge.png", png_file(46341, 46341, b"x"))
        self.write("bad/cut.png", png()[:2000])
        self.write("good.png", png())
        lines = {line["path"]: line for line in self.hash("bad", "good.png")}
        codes = {path: line.get("error_code") for path, line in lines.items()}
        self.assertEqual(codes, {"bad/cut.jpg": "damaged", "bad/start.jpg": "damaged", "bad/empty.jpg": "unsupported",
                                 "bad/text.jpg": "unsupported", "bad/huge.png": "too_large", "bad/cut.png": "damaged",
                                 "good.png": None})
        for line in lines.values():
            self.assertEqual(line["sha256"], hashlib.sha256(self.path(line["path"]).read_bytes()).hexdigest())
            self.assertEqual(line["pdq"] is None, "error" in line)
        done = self.run_program("hash", "bad", "good.png")
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assertIn(b"4 files could not be hashed", done.stderr)
        self.assertIn(b"2 files are no images", done.stderr)
        self.run_program("hash", "--strict", "bad", expect=3)
        self.run_program("hash", "--strict", "good.png")
        # Who names a file wants its hash.
        self.assertIn(b"bad/text.jpg: ", self.run_program("hash", "--strict", "bad/text.jpg", expect=3).stderr)

    def test_names_are_foreign_text(self):
        picture = png()
        self.path("in").mkdir()
        for name in hostile_names():
            with open(os.path.join(os.fsencode(self.folder), b"in", name), "wb") as file:
                file.write(picture)
        done = self.run_program("hash", "in")
        self.assert_printable(done.stdout)
        shown = {line[69:] for line in done.stdout.decode().split("\n") if line}
        self.assertEqual(shown, {"in/" + text for text in hostile_names().values()})
        output = self.run_program("hash", "--json", "in").stdout
        self.assert_printable(output)
        paths = set()
        for line in self.json_lines(output):
            exact = bytes.fromhex(line["path_hex"]) if "path_hex" in line else line["path"].encode()
            self.assertEqual("path_hex" in line, b"latin" in exact)
            paths.add(exact)
        self.assertEqual(paths, {b"in/" + name for name in hostile_names()})

    def test_lists_of_paths_on_stdin(self):
        self.write("a.png", png(seed=1))
        self.write("line\nfeed.png", png(seed=2))
        self.write("folder/b.png", png(seed=3))
        lines = self.hash("-", "a.png", stdin=b"folder\n\na.png\r\n")
        self.assertEqual([line["path"] for line in lines], ["folder/b.png", "a.png", "a.png"])
        lines = self.hash("--null", "-", stdin=b"line\nfeed.png\0a.png\0")
        self.assertEqual([line["path"] for line in lines], ["line\nfeed.png", "a.png"])
        self.assertEqual(self.hash("-"), [])
        [line] = self.hash("-", stdin=b"none")
        self.assertEqual(line["error_code"], "not_found")

    def test_unreadable_files_and_folders_are_errors(self):
        self.write("in/a.png", png())
        self.write("in/closed/b.png", png())
        os.chmod(self.write("in/secret.png", png()), 0)
        os.chmod(self.path("in/closed"), 0)
        done = self.run_as_nobody("hash", "--json", "in")
        lines = {line["path"]: line.get("error_code") for line in self.json_lines(done.stdout)}
        denied = "permission_denied"
        self.assertEqual(lines, {"in/a.png": None, "in/closed": denied, "in/secret.png": denied})

    def test_pipes_are_not_waited_for(self):
        os.mkfifo(self.path("pipe"))
        self.write("in/a", "x")
        os.mkfifo(self.path("in/pipe"))
        self.assertEqual([line["path"] for line in self.hash("in")], ["in/a"])
        [line] = self.hash("pipe", "--strict", expect=3)
        self.assertEqual(line["error"], "not a regular file")
        self.hash("/dev/zero", "--strict", expect=3)

    def test_interrupted_it_exits_with_3(self):
        self.path("endless").touch()
        os.truncate(self.path("endless"), 1 << 42)
        process = subprocess.Popen([PROGRAM, "hash", "--json", BRIDGE, "endless"], cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # The first line may wait in a buffer: give the signal when the program surely runs.
        while b"endless" not in open_files(process.pid):
            self.assertIsNone(process.poll())
        process.terminate()
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3)
        self.assertIn(b"not complete", errors)
