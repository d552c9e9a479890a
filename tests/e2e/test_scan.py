"""fristad scan"""

import csv
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import zlib

from support import MAKE_IMAGES, PHOTOS, PROGRAM, Case, hostile_names, open_files, png, png_file


class ScanTest(Case):
    def scan(self, *arguments, expect=0, **more):
        done = self.run_program("scan", *arguments, "--index", "known.frseg", "-o", "report", expect=expect, **more)
        self.assertFalse(self.path("report.jsonl.partial").exists())
        return done

    def report(self):
        """The lines of the report by type; the last one is the summary."""
        lines = self.json_lines(self.path("report.jsonl").read_bytes())
        self.assert_printable(self.path("report.jsonl").read_bytes())
        self.assertEqual([line["type"] for line in lines].count("summary"), 1)
        self.assertEqual(lines[-1]["type"], "summary")
        matches = [line for line in lines if line["type"] == "match"]
        errors = [line for line in lines if line["type"] == "error"]
        self.assertEqual((lines[-1]["matches"], lines[-1]["errors"]), (len(matches), len(errors)))
        self.assertEqual(len(self.csv_rows()), len(matches))
        return matches, errors, lines[-1]

    def csv_rows(self):
        return list(csv.DictReader(io.StringIO(self.path("report.csv").read_bytes().decode(), newline="")))

    def known_picture(self, seed=1):
        """An index that knows one picture, and its bytes."""
        picture = png(seed=seed)
        self.write("original/known.png", picture)
        self.build_of_pictures("original")
        return picture


class CopiesTest(ScanTest):
    def test_altered_copies_of_photos_are_found_and_others_are_not(self):
        photos = self.path("photos")
        shutil.copytree(PHOTOS / "labelme-subset", photos)
        shutil.copy(PHOTOS / "dih" / "bridge-1-original.jpg", photos)
        subprocess.run([MAKE_IMAGES, photos, self.path("copies")], check=True, timeout=120)
        self.build_of_pictures("photos")
        done = self.scan("copies")
        matches, errors, summary = self.report()
        self.assertEqual(errors, [])
        self.assertTrue(summary["complete"])
        self.assertEqual(summary["files"], len(os.listdir(self.path("copies"))))
        orientations = {}
        for match in matches:
            photo, _, change = os.path.basename(match["path"]).partition("__")
            self.assertEqual(match["id"], photo, match["path"])
            self.assertTrue(change)
            self.assertLessEqual(match["distance"], 31)
            orientations.setdefault(change.partition(".")[0], set()).add(match["orientation"])
        # Two of the small photos are too flat for PDQ. Resizing a third carries it out of reach, and for pictures as
        # small as these (256 pixels) PDQ's own orientations are rough: only the large photo must be found turned.
        for change, photos in (("recompressed", 6), ("png", 6), ("resized", 5), ("mirrored", 1), ("rotated90", 1)):
            found = {match["id"] for match in matches if f"__{change}." in match["path"]}
            self.assertGreaterEqual(len(found), photos, change)
            self.assertIn("bridge-1-original", found, change)
        self.assertEqual(summary["images_too_flat"], 14)
        self.assertEqual(orientations["recompressed"], {"original"})
        self.assertEqual(orientations["mirrored"], {"flipped_y"})
        self.assertEqual(len(orientations["rotated90"]), 1)
        self.assertIn(next(iter(orientations["rotated90"])), ("rotated_90", "rotated_270"))
        self.assertIn(f"{len(matches)} matches in ", done.stdout.decode())
        self.assertIn("people decide", done.stdout.decode())

        self.scan("copies", "--orientations", "1", "--overwrite")
        plain, _, _ = self.report()
        self.assertEqual({match["orientation"] for match in plain}, {"original"})
        self.assertEqual([match for match in plain if "__mirrored." in match["path"]], [])
        self.scan("copies", "--limit", "0", "--overwrite", "--threads", "1")
        self.assertEqual({match["distance"] for match in self.report()[0]}, {0})

    def test_threads_do_not_change_the_report(self):
        self.build_of_pictures(PHOTOS / "dih")
        reports = []
        for threads in ("1", "4"):
            self.scan(PHOTOS / "dih", "--threads", threads, "--overwrite")
            reports.append(self.report()[0])
        self.assertGreaterEqual(len(reports[0]), 64)
        self.assertEqual(reports[0], reports[1])

    def test_any_file_is_found_by_digest(self):
        film = os.urandom(3_000_000)
        rows = ["md5,sha1,sha256,id"]
        rows.append(f"{hashlib.md5(film).hexdigest()},{hashlib.sha1(film).hexdigest()},,film")
        rows.append(f",,{hashlib.sha256(b'').hexdigest()},empty")
        self.build("\n".join(rows) + "\n")
        self.write("in/film.mp4", film)
        self.write("in/empty", b"")
        self.write("in/other", b"x")
        self.scan("in")
        matches, errors, summary = self.report()
        self.assertEqual([(m["path"], m["kind"], m["id"], m["distance"], m["orientation"]) for m in matches],
                         [("in/empty", "sha256", "empty", 0, None), ("in/film.mp4", "md5", "film", 0, None),
                          ("in/film.mp4", "sha1", "film", 0, None)])
        self.assertEqual((errors, summary["files"], summary["bytes"], summary["images"]), ([], 3, 3_000_001, 0))

    def test_flat_pictures_are_compared_by_digest_only(self):
        flat = png_file(64, 64, zlib.compress((b"\0" + b"\x80" * 192) * 64))
        self.write("in/flat.png", flat)
        [hashed] = self.json_lines(self.run_program("hash", "--json", "in").stdout)
        self.build(f"pdq,md5,id\n{hashed['pdq']},,by-pdq\n,{hashed['md5']},by-md5\n")
        self.scan("in")
        matches, _, summary = self.report()
        self.assertEqual([match["id"] for match in matches], ["by-md5"])
        self.assertEqual(summary["images_too_flat"], 1)
        self.scan("in", "--min-quality", "0", "--overwrite")
        self.assertEqual({match["id"] for match in self.report()[0]}, {"by-md5", "by-pdq"})

    def test_more_matches_than_asked_for_are_counted(self):
        picture = self.known_picture()
        pdq = self.json_lines(self.run_program("hash", "--json", "original").stdout)[0]["pdq"]
        self.build("pdq\n" + (pdq + "\n") * 10, "known.frseg", "--overwrite")
        self.write("in/a.png", picture)
        self.scan("in", "--matches-max", "3", "--strict", expect=3)
        matches, [error], _ = self.report()
        self.assertEqual(len(matches), 3)
        self.assertTrue(error["error"].startswith("7 more matches were left out"))


class ReportTest(ScanTest):
    def test_exit_codes(self):
        self.write("in/a.png", self.known_picture())
        self.write("other/a", "x")
        self.scan("in")
        self.scan("in", "--fail-on-match", "--overwrite", expect=1)
        self.scan("other", "--fail-on-match", "--overwrite")
        self.scan("none", "--overwrite")
        self.assertEqual(self.report()[1][0]["error_code"], "not_found")
        self.scan("none", "--strict", "--overwrite", expect=3)
        self.run_program("scan", "in", "--index", "known.frseg", "-o", "nowhere/report", expect=3)

    def test_a_report_is_not_overwritten_unless_asked(self):
        self.write("in/a.png", self.known_picture())
        for name in ("report.jsonl", "report.csv", "report.jsonl.partial"):
            self.write(name, "precious")
            done = self.run_program("scan", "in", "--index", "known.frseg", "-o", "report", expect=3)
            self.assertIn(name.encode(), done.stderr)
            self.assertEqual(self.path(name).read_text(), "precious")
            self.path(name).unlink()
        self.assertEqual(sorted(os.listdir(self.folder)), ["in", "known.frseg", "list", "original"])
        self.run_program("scan", "in", "--index", "known.frseg", "-o", "report.jsonl")
        self.report()
        self.scan("in", "--overwrite")
        self.assertEqual(os.stat(self.path("report.csv")).st_mode & 0o777, 0o600)

    def test_the_scanned_folder_may_hold_index_and_report(self):
        self.write("a.png", self.known_picture())
        self.scan(".")
        matches, errors, summary = self.report()
        self.assertEqual([match["path"] for match in matches], ["./a.png", "./original/known.png"])
        self.assertEqual((errors, summary["files"]), ([], 4))

    def test_names_are_foreign_text(self):
        picture = self.known_picture()
        self.path("in").mkdir()
        for name in hostile_names():
            with open(os.path.join(os.fsencode(self.folder), b"in", name), "wb") as file:
                file.write(picture)
        self.scan("in")
        matches, _, _ = self.report()
        exact = {bytes.fromhex(m["path_hex"]) if "path_hex" in m else m["path"].encode() for m in matches}
        self.assertEqual(exact, {b"in/" + name for name in hostile_names()})
        self.assertEqual({row["path"] for row in self.csv_rows()}, {"in/" + text for text in hostile_names().values()})
        # A root of its own can start with anything.
        self.write("=1+1;=2.png", picture)
        self.scan("=1+1;=2.png", "--overwrite")
        self.assertEqual(self.csv_rows()[0]["path"], "'=1+1\\x3b=2.png")
        self.assert_printable(self.path("report.csv").read_bytes().replace(b"\r", b""))

    def test_the_summary_says_what_was_done(self):
        self.write("in/a/b.png", self.known_picture())
        (self.path("in/link")).symlink_to("a")
        os.mkfifo(self.path("in/pipe"))
        self.scan("in", "--limit", "20", "--min-quality", "40")
        _, _, summary = self.report()
        self.assertEqual((summary["folders"], summary["links_skipped"], summary["special_skipped"]), (2, 1, 1))
        self.assertEqual((summary["limit"], summary["quality_min"], summary["orientations"]), (20, 40, 8))
        self.assertEqual(summary["index"], {"path": "known.frseg", "rows": 1,
                                            "bytes": self.path("known.frseg").stat().st_size})
        self.assertEqual(summary["roots"], [{"path": "in"}])
        self.assertLessEqual(summary["started_utc_ms"], summary["finished_utc_ms"])
        version = json.loads(self.run_program("version", "--json").stdout)
        self.assertEqual((summary["version"], summary["kernel"]), (version["version"], version["kernel"]))

    def test_progress_is_silent_on_a_pipe_unless_asked(self):
        self.write("in/a.png", self.known_picture())
        self.assertEqual(self.scan("in").stderr, b"")
        self.path("in/long").touch()
        os.truncate(self.path("in/long"), 1_500_000_000)
        self.assertRegex(self.scan("in", "--overwrite", "--progress").stderr.decode(), r"files/s, .*/s, \d+ %, .* left")


class HostileTreeTest(ScanTest):
    def test_links_never_lead_out_or_around(self):
        picture = self.known_picture()
        self.write("outside/secret.png", picture)
        self.write("in/a.png", picture)
        for name, target in (("out", "../outside"), ("file.png", "../outside/secret.png"), ("loop", "."), ("up", ".."),
                             ("self", "self"), ("broken", "nowhere"), ("root", "/")):
            self.path("in", name).symlink_to(target)
        self.scan("in")
        matches, errors, summary = self.report()
        self.assertEqual([match["path"] for match in matches], ["in/a.png"])
        self.assertEqual((errors, summary["files"], summary["links_skipped"]), ([], 1, 7))

    def test_unreadable_files_and_folders_cost_one_error_each(self):
        picture = self.known_picture()
        self.write("in/good.png", picture)
        os.chmod(self.write("in/secret.png", picture), 0)
        self.write("in/closed/a.png", picture)
        os.chmod(self.path("in/closed"), 0)
        # nobody may read the index
        os.chmod(self.path("known.frseg"), 0o644)
        self.run_as_nobody("scan", "in", "--index", "known.frseg", "-o", "report")
        matches, errors, summary = self.report()
        self.assertEqual([match["path"] for match in matches], ["in/good.png"])
        self.assertEqual({(e["path"], e["error_code"]) for e in errors},
                         {("in/closed", "permission_denied"), ("in/secret.png", "permission_denied")})
        self.assertTrue(summary["complete"])

    def test_bad_images_cost_one_error_each(self):
        picture = self.known_picture()
        self.write("in/a-cut.png", picture[: len(picture) // 2])
        self.write("in/b-empty.png", b"")
        self.write("in/c-text.jpg", "text")
        self.write("in/d-good.png", picture)
        self.scan("in")
        matches, errors, summary = self.report()
        self.assertEqual([match["path"] for match in matches], ["in/d-good.png"])
        self.assertEqual([(error["path"], error["error_code"]) for error in errors], [("in/a-cut.png", "damaged")])
        self.assertEqual((summary["files"], summary["images"]), (4, 1))

    def test_trees_deeper_than_any_path(self):
        picture = self.known_picture()
        self.path("in").mkdir()
        here = os.open(self.path("in"), os.O_RDONLY)
        for _ in range(150):
            os.mkdir("d" * 100, dir_fd=here)
            below = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        with open(os.open("deep.png", os.O_WRONLY | os.O_CREAT, dir_fd=here), "wb") as file:
            file.write(picture)
        os.close(here)
        self.write("in/z.png", picture)
        self.scan("in")
        matches, errors, _ = self.report()
        self.assertEqual(matches[0]["path"], "in/" + ("d" * 100 + "/") * 150 + "deep.png")
        self.assertEqual((len(matches), errors), (2, []))

    def test_nothing_is_changed(self):
        picture = self.known_picture()
        self.write("in/a.png", picture)
        self.write("in/b/c", "x")
        before = self.state_of("in")
        self.scan("in")
        self.assertEqual(self.state_of("in"), before)

    def state_of(self, folder):
        state = {}
        for path in [self.path(folder), *self.path(folder).rglob("*")]:
            found = path.stat()
            # Reading files here would change their access time; a folder's may change by listing it here.
            times = (found.st_mtime_ns, found.st_ctime_ns) + (() if path.is_dir() else (found.st_atime_ns,))
            state[str(path)] = (found.st_mode, found.st_size, times)
        return state

    def test_one_file_system(self):
        self.write("in/a.png", self.known_picture())
        self.scan("in", "--one-file-system")
        self.assertEqual(len(self.report()[0]), 1)


class StopTest(ScanTest):
    def stopped_by(self, number):
        self.write("in/a.png", self.known_picture())
        self.path("in/b-endless").touch()
        os.truncate(self.path("in/b-endless"), 1 << 42)
        self.write("in/c.png", png(seed=2))
        process = subprocess.Popen([PROGRAM, "scan", "in", "--index", "known.frseg", "-o", "report", "--threads", "1"],
                                   cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while b"endless" not in open_files(process.pid):
            self.assertIsNone(process.poll())
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3)
        self.assertIn(b"STOPPED", output)
        matches, errors, summary = self.report()
        self.assertEqual([match["path"] for match in matches], ["in/a.png"])
        self.assertEqual((errors, summary["complete"]), ([], False))

    def test_interrupted(self):
        self.stopped_by(signal.SIGINT)

    def test_terminated(self):
        self.stopped_by(signal.SIGTERM)

    def test_killed_it_leaves_only_partial_files(self):
        self.known_picture()
        self.path("in").mkdir()
        self.path("in/endless").touch()
        os.truncate(self.path("in/endless"), 1 << 42)
        process = subprocess.Popen([PROGRAM, "scan", "in", "--index", "known.frseg", "-o", "report"], cwd=self.folder)
        while b"endless" not in open_files(process.pid):
            self.assertIsNone(process.poll())
        process.kill()
        process.wait(60)
        self.assertEqual(sorted(name for name in os.listdir(self.folder) if name.startswith("report")),
                         ["report.csv.partial", "report.jsonl.partial"])
