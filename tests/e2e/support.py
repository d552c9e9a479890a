"""What the end-to-end tests share: the program, temporary folders, and pictures made without any library."""

import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib

PROGRAM = os.environ["FRISTAD_PROGRAM"]
MAKE_IMAGES = os.environ["FRISTAD_MAKE_IMAGES"]
POSTGRES = os.environ["FRISTAD_POSTGRES"]
LYING_MEMBER = os.environ["FRISTAD_LYING_MEMBER"]
PHOTOS = pathlib.Path(__file__).resolve().parent.parent / "data"
NOBODY = 65534
TIMEOUT_S = 120


def png(width=320, height=240, seed=1):
    """A PNG of soft coloured waves: enough structure for PDQ, different for each seed."""
    draw = random.Random(seed)
    waves = [(draw.uniform(0.5, 6), draw.uniform(0.5, 6), draw.uniform(0, 6)) for _ in range(4)]
    grid = [[draw.randrange(256) for _ in range(9)] for _ in range(9)]
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            value = grid[y * 9 // height][x * 9 // width]
            rows += bytes(((value + int(9 * waves[i][0] * x / width + waves[i][2])) & 255) for i in range(3))
    return png_file(width, height, zlib.compress(bytes(rows), 1))


def png_file(width, height, data):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def random_hashes(count, seed):
    draw = random.Random(seed)
    return ["%064x" % draw.getrandbits(256) for _ in range(count)]


def flip_bits(pdq, count):
    """The hash with its `count` lowest bits inverted."""
    return "%064x" % (int(pdq, 16) ^ ((1 << count) - 1))


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fristad-e2e-"))
        self.addCleanup(remove_tree, self.folder)

    def path(self, *parts):
        return self.folder.joinpath(*parts)

    def write(self, name, content):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run_program(self, *arguments, expect=0, stdin=b"", env=None, **more):
        """Runs the program in the test's folder; fails the test on another exit code than `expect`."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            input=stdin,
            capture_output=True,
            cwd=self.folder,
            env={**os.environ, **(env or {})},
            timeout=TIMEOUT_S,
            check=False,
            **more,
        )
        self.assertEqual(done.returncode, expect, (arguments, done.stdout[-2000:], done.stderr[-2000:]))
        self.assert_printable(done.stderr)
        return done

    def run_as_nobody(self, *arguments, expect=0):
        """The same without the rights of root, so that permissions count."""
        if os.geteuid() != 0:
            return self.run_program(*arguments, expect=expect)
        os.chown(self.folder, NOBODY, NOBODY)
        return self.run_program(*arguments, expect=expect, user=NOBODY, group=NOBODY, extra_groups=[])

    def assert_printable(self, output):
        """Nothing in it may move a cursor; raises if it is no UTF-8."""
        for line in output.decode().split("\n"):
            self.assertTrue(line.replace("\t", "").isprintable() or line == "", line)

    def json_lines(self, output):
        return [json.loads(line) for line in output.decode().splitlines()]

    def build(self, text, name="known.frseg", *more):
        self.write("list", text)
        self.run_program("index", "build", "list", "-o", name, *more)
        return self.path(name)

    def build_of_pictures(self, folder, name="known.frseg"):
        """An index of the pictures in a folder; ids are their names without the ending."""
        rows = ["pdq,id"]
        for found in self.json_lines(self.run_program("hash", "--json", folder).stdout):
            rows.append(found["pdq"] + "," + pathlib.Path(found["path"]).stem)
        return self.build("\n".join(rows) + "\n", name)


class NodeCase(Case):
    """A test with a node "se" in its folder."""

    def setUp(self):
        super().setUp()
        self.init()

    def init(self, *more):
        self.run_program("node", "init", "se", "--member", "se", "--key-file", "se.key", "--shares", "shares", *more)

    def node(self, *arguments, **more):
        """Runs a command on the node; gives what it printed."""
        return self.run_program(*arguments, env={"FRISTAD_NODE": "se"}, **more).stdout.decode()

    def node_json(self, *arguments, **more):
        return [json.loads(line) for line in self.node(*arguments, "--json", **more).splitlines()]

    def refused(self, *arguments, expect=3, **more):
        """Runs a command that must fail; gives what it said."""
        return self.run_program(*arguments, env={"FRISTAD_NODE": "se"}, expect=expect, **more).stderr.decode()

    def create(self, title="Known", *more):
        return self.node("list", "create", title, *more).strip()

    def import_rows(self, title, *rows):
        """Makes the list, adds the rows (of md5, id, classification, note) and gives the number of the first."""
        self.create(title)
        self.write("rows.csv", "md5,id,classification,note\n" + "".join(row + "\n" for row in rows))
        [done] = self.node_json("list", "import", title, "rows.csv")
        return done["first"]

    def matches(self, *hashes, **more):
        """The matches of each hash."""
        return [line["matches"] for line in self.node_json("match", *hashes, **more)]

    def serve(self):
        """Starts a server on the node and waits until it takes commands."""
        process = subprocess.Popen([PROGRAM, "node", "run", "se"], cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(end_process, process)
        self.assertIn(b"is open", process.stdout.readline())
        return process

    def stop(self, process):
        process.terminate()
        self.assertEqual(process.wait(TIMEOUT_S), 0, process.stderr.read())


def end_process(process):
    process.kill()
    process.wait()
    process.stdout.close()
    process.stderr.close()


def random_md5s(count, seed):
    draw = random.Random(seed)
    return ["%032x" % draw.getrandbits(128) for _ in range(count)]


def remove_tree(folder):
    subprocess.run(["chmod", "-R", "u+rwx", str(folder)], check=False, stderr=subprocess.DEVNULL)
    shutil.rmtree(folder, ignore_errors=True)


def hostile_names():
    """Names of files that are foreign text at its worst, each with the form that a terminal gets to see."""
    return {
        b"new\nline.png": "new\\x0aline.png",
        b"esc\x1b[31mred.png": "esc\\x1b[31mred.png",
        b"=cmd|' C calc'!A0.png": "=cmd|' C calc'!A0.png",
        b"latin-\xe5\xff.png": "latin-\\xe5\\xff.png",
        "turn\u202egnp.exe.png".encode(): "turn\\xe2\\x80\\xaegnp.exe.png",
        b"quote\",;comma.png": "quote\",;comma.png",
        b"back\\slash.png": "back\\\\slash.png",
        b"-rf.png": "-rf.png",
        b" .png": " .png",
        "å写真👍.png".encode(): "å写真👍.png",
        b"n" * 251 + b".png": "n" * 251 + ".png",
    }


def open_files(pid):
    """The names of the files that a process has open."""
    names = b""
    folder = f"/proc/{pid}/fd"
    try:
        for name in os.listdir(folder):
            try:
                names += os.fsencode(os.readlink(os.path.join(folder, name)))
            except OSError:
                pass
    except OSError:
        pass
    return names
