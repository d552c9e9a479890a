"""The program as a whole: help, exit codes, version, kernels, broken outputs."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

from support import PHOTOS, PROGRAM, Case

COMMANDS = [["hash"], ["index"], ["index", "build"], ["index", "info"], ["index", "verify"], ["index", "key"],
            ["match"], ["scan"], ["version"], ["node"], ["node", "init"], ["node", "run"], ["node", "status"], ["list"],
            ["list", "create"], ["list", "show"], ["list", "set"], ["list", "import"], ["list", "export"],
            ["list", "add"], ["list", "withdraw"], ["list", "opinion"], ["list", "recalls"],
            ["list", "subscribe"], ["list", "unsubscribe"], ["list", "counts"], ["explain"], ["log"], ["log", "show"],
            ["log", "checkpoint"], ["log", "publish"], ["log", "prove"], ["log", "verify"], ["backup"],
            ["backup", "keygen"], ["restore"], ["erase"], ["rebuild"], ["dump"], ["doctor"]]


class ProgramTest(Case):
    def test_every_command_explains_itself(self):
        for command in [[], *COMMANDS]:
            text = self.run_program(*command, "--help").stdout.decode()
            self.assertIn("Example:", text)
            self.assertIn("Exit codes:", text)
            self.assertIn("Usage: fristad" + "".join(" " + word for word in command), text)
            self.assertEqual(self.run_program("help", *command).stdout.decode(), text)
        self.run_program("help", "nothing", expect=2)

    def test_wrong_usage_is_2(self):
        self.run_program(expect=2)
        self.run_program("nothing", expect=2)
        for command in COMMANDS:
            self.run_program(*command, "--nothing", expect=2)
        for command in [["hash"], ["index"], ["index", "build"], ["index", "build", "x"], ["index", "info"],
                        ["index", "key"], ["match"], ["scan"], ["scan", "."], ["scan", ".", "--index", "x"]]:
            self.run_program(*command, expect=2)
        index = ["--index", "x"]
        for wrong in (["--limit", "64"], ["--limit", "-1"], ["--limit", "x"], ["--threads", "0"]):
            self.run_program("match", *index, *wrong, expect=2)
        for wrong in (["--orientations", "3"], ["--min-quality", "101"]):
            self.run_program("scan", ".", *index, "-o", "r", *wrong, expect=2)

    def test_what_does_not_exist_is_3(self):
        for command in (["index", "info", "none"], ["index", "verify", "none"], ["index", "build", "none", "-o", "x"],
                        ["match", "--index", "none", "0" * 64], ["scan", ".", "--index", "none", "-o", "r"]):
            done = self.run_program(*command, expect=3)
            self.assertIn(b"none", done.stderr)
        self.assertEqual(os.listdir(self.folder), [])

    def test_version_names_the_kernel_that_runs(self):
        told = json.loads(self.run_program("version", "--json").stdout)
        self.assertEqual(list(told), ["version", "kernel", "kernels", "libraries"])
        self.assertEqual(told["kernels"][-1], "scalar")
        for kernel in told["kernels"]:
            forced = self.run_program("version", "--json", env={"FRISTAD_KERNEL": kernel})
            self.assertEqual(json.loads(forced.stdout)["kernel"], kernel)
        text = self.run_program("version").stdout.decode()
        self.assertIn("fristad " + told["version"], text)
        self.assertEqual(self.run_program("--version").stdout.decode(), "fristad " + told["version"] + "\n")

    def test_an_unknown_kernel_is_2_for_every_command(self):
        for command in COMMANDS:
            done = self.run_program(*command, expect=2, env={"FRISTAD_KERNEL": "abacus"})
            self.assertIn(b"scalar", done.stderr)

    def test_examples_in_the_help_are_true(self):
        programs = self.path("bin")
        programs.mkdir()
        (programs / "fristad").symlink_to(PROGRAM)
        shutil.copytree(PHOTOS / "labelme-subset", self.path("photos"))
        environment = {**os.environ, "PATH": str(programs) + ":" + os.environ["PATH"]}
        for command in (["index", "build"], ["index", "info"], ["index", "verify"], ["hash"], ["match"], ["version"]):
            text = self.run_program(*command, "--help").stdout.decode()
            script = "set -e\n" + "".join(re.findall(r"^  ((?:printf|fristad|find|md5sum|FRISTAD).*\n)", text, re.M))
            self.assertIn("fristad " + " ".join(command), script)
            if command[-1] in ("info", "verify", "match"):
                # Their example has an index already: a plain one.
                self.path("known.frseg").unlink(missing_ok=True)
                photo = (self.path("photos") / "q0003.jpg").read_bytes()
                self.build("md5,id\n" + hashlib.md5(photo).hexdigest() + ",seven\n")
            done = subprocess.run(["sh", "-c", script], cwd=self.folder, env=environment, capture_output=True,
                                  timeout=60, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, b""), (script, done.stderr))
            if command == ["match"]:
                self.assertIn(b"\tseven\t", done.stdout)

    def test_output_that_cannot_be_written_is_3(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "version"], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"No space left", done.stderr)

    def test_a_reader_that_goes_away_ends_the_work_quietly(self):
        for number in range(50):
            self.write(f"many/{number}", "x")
        process = subprocess.Popen([PROGRAM, "hash", "--json", "many"] + ["many"] * 200, cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(60), 3)

    def test_closed_standard_streams_do_no_harm(self):
        self.write("a", "x")
        done = subprocess.run(["sh", "-c", '"$0" hash --digests-only a <&- >&- 2>&-', PROGRAM], cwd=self.folder,
                              timeout=60, check=False)
        self.assertIn(done.returncode, (0, 3))
        self.assertEqual(pathlib.Path(self.folder, "a").read_bytes(), b"x")
