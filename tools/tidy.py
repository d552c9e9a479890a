#!/usr/bin/env python3
"""Keeps the rules that no compiler keeps: which room may include which, and how files look.

    tools/tidy.py [ROOT]

Each violation is one line: file:line: rule: what to do. Exit status 1 if there is any. The rooms and their arrows are
read from the fristad_module(...) lines of CMakeLists.txt, the same that CMake builds from.
"""

import os
import re
import sys

LINE_LENGTH_MAX = 120
FILE_LINES_MAX = 600

# Headers that are heavy or dangerous, and the only folders that may include them.
FENCED_HEADERS = {
    r"(boost/)?(asio|beast)(/|\.)|boost/(asio|beast)\.hpp": ["src/http/"],
    r"sqlite3\.h|libpq-fe\.h|pqxx/": ["src/store/", "tests/support/faulty_disk"],
    r"hwy/": ["src/match/kernels/", "bench/"],
    r"jpeglib\.h|turbojpeg\.h|jerror\.h|png\.h|libdeflate\.h|zlib\.h": ["src/hash/", "tests/", "bench/", "fuzz/"],
    r"seccomp\.h|linux/(seccomp|filter)\.h": ["src/hash/"],
    r"simdjson\.h|CLI/|CLI11": ["src/cli/"],
    r"openssl/": ["src/hash/", "src/crypto/", "src/http/", "tests/support/certificate"],
    r"sodium": ["src/match/", "src/crypto/"],
    r"fido(\.h|/)": ["src/crypto/"],
    r"faiss/": ["bench/"],
}

# Banned in every C++ file.
BANNED = [
    (r"\bco_(await|yield|return)\b", "coroutine", "write an ordinary function: g++ 12 miscompiles some coroutines"),
    (r"\bs?rand\s*\(", "random", "hand in a seeded generator"),
]
# Banned in src and include, tests beside the source excepted: these are read at named seams only.
BANNED_IN_SOURCES = [
    (r"(?<![.>\w])time\s*\(|\bgettimeofday\s*\(|\bsystem_clock::now\b", "clock", "hand the time in"),
    (r"\bgetenv\s*\(", "environment", "hand the value in"),
    (r"\brandom_device\b", "random", "hand a generator in"),
]
# Banned in the rooms of the public library.
BANNED_IN_LIBRARY = [
    (r"\b(std::)?(cout|cerr|clog)\b|\b[vf]?printf\s*\(|\b(f?puts|putchar|perror)\s*\(", "output",
     "return it: the library prints nothing"),
]
LEFT_OVERS = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b")

# (file, rule): why the rule doesn't hold there.
SEAMS = {
    ("src/base/clock.cc", "clock"): "the clock that everybody is handed",
    ("src/match/kernels/dispatch.cc", "environment"): "FRISTAD_KERNEL forces a kernel",
    ("src/hash/sandbox.cc", "environment"): "a worker knows itself by it",
    ("src/hash/sandbox_worker.cc", "output"): "the last words of a worker, which is a process of its own",
    ("src/cli/main.cc", "environment"): "the program reads its environment once and hands it on",
    ("src/cli/version_command.cc", "fence"): "prints the version of each library",
}

# Sources without a *_test.cc beside them, and the test that covers them instead, or the reason why there is none.
TESTED_ELSEWHERE = {
    "src/alliance/body.cc": "src/alliance/change_test.cc",
    "src/alliance/conformance_members.cc": "src/alliance/conformance_test.cc",
    "src/alliance/conformance_proofs.cc": "src/alliance/conformance_test.cc",
    "src/alliance/conformance_texts.cc": "src/alliance/conformance_test.cc",
    "src/alliance/envelope.cc": "src/alliance/card_test.cc",
    "src/alliance/records.cc": "src/alliance/apply_test.cc",
    "src/api/alliance.cc": "tests/e2e/test_api_alliance.py",
    "src/api/alliance_json.cc": "tests/e2e/test_api_alliance.py",
    "src/api/alliance_letters.cc": "tests/e2e/test_api_alliance.py",
    "src/api/alliance_lists.cc": "tests/e2e/test_api_alliance.py",
    "src/api/alliance_vote.cc": "tests/e2e/test_api_alliance.py",
    "src/api/api.cc": "tests/e2e/test_serve.py",
    "src/cli/alliance_audit.cc": "tests/e2e/test_alliance.py",
    "src/cli/alliance_command.cc": "tests/e2e/test_alliance.py",
    "src/cli/alliance_join.cc": "tests/e2e/test_alliance.py",
    "src/cli/alliance_recover.cc": "tests/e2e/test_alliance_recover.py",
    "src/cli/alliance_rotate.cc": "tests/e2e/test_alliance_keys.py",
    "src/cli/alliance_vote.cc": "tests/e2e/test_alliance.py",
    "src/node/rotation.cc": "tests/e2e/test_alliance_keys.py",
    "src/api/approvals.cc": "tests/e2e/test_api_approvals.py",
    "src/api/audit.cc": "tests/e2e/test_api_people.py",
    "src/api/entries.cc": "tests/e2e/test_api_lists.py",
    "src/api/gate.cc": "tests/e2e/test_api_rights.py",
    "src/api/lists.cc": "tests/e2e/test_api_lists.py",
    "src/api/match.cc": "tests/e2e/test_api_match.py",
    "src/api/matching.cc": "tests/e2e/test_api_match.py",
    "src/api/me.cc": "tests/e2e/test_api_people.py",
    "src/api/node.cc": "tests/e2e/test_serve.py",
    "src/api/schemas.cc": "src/api/openapi_test.cc",
    "src/api/sessions.cc": "tests/e2e/test_api_people.py",
    "src/api/tokens.cc": "tests/e2e/test_api_people.py",
    "src/api/users.cc": "tests/e2e/test_api_people.py",
    "src/base/clock.cc": "reads the clock of the machine, and decides nothing",
    "src/base/random.cc": "asks the system, and decides nothing",
    "src/base/result.cc": "one switch, complete by compiler warning",
    "src/api/hma/bank_routes.cc": "src/api/hma/hma_test.cc",
    "src/api/hma/config_routes.cc": "src/api/hma/hma_test.cc",
    "src/api/hma/content_routes.cc": "src/api/hma/content_test.cc",
    "src/api/hma/core_routes.cc": "src/api/hma/hma_test.cc",
    "src/api/hma/hash_routes.cc": "src/api/hma/lookup_test.cc",
    "src/api/hma/match_routes.cc": "src/api/hma/lookup_test.cc",
    "src/api/hma/media.cc": "src/api/hma/lookup_test.cc",
    "src/cli/backup_command.cc": "tests/e2e/test_backup.py",
    "src/cli/env.cc": "tests/e2e/test_program.py",
    "src/cli/erase_command.cc": "tests/e2e/test_node.py",
    "src/cli/explain_command.cc": "tests/e2e/test_node.py",
    "src/cli/file_hasher.cc": "tests/e2e/test_hash.py",
    "src/cli/file_json.cc": "tests/e2e/test_hash.py",
    "src/cli/hash_command.cc": "tests/e2e/test_hash.py",
    "src/cli/index_build.cc": "tests/e2e/test_index.py",
    "src/cli/index_command.cc": "tests/e2e/test_index.py",
    "src/cli/known.cc": "src/cli/file_matcher_test.cc",
    "src/cli/import_command.cc": "tests/e2e/test_import.py",
    "src/cli/list_command.cc": "tests/e2e/test_list.py",
    "src/cli/list_csv.cc": "src/cli/list_reader_test.cc",
    "src/cli/list_entries.cc": "tests/e2e/test_list.py",
    "src/cli/list_export.cc": "tests/e2e/test_list.py",
    "src/cli/list_import.cc": "tests/e2e/test_list.py",
    "src/cli/list_json.cc": "src/cli/list_reader_test.cc",
    "src/cli/list_subscribe.cc": "tests/e2e/test_list.py",
    "src/cli/log_command.cc": "tests/e2e/test_log.py",
    "src/cli/log_proofs.cc": "tests/e2e/test_log.py",
    "src/cli/match_command.cc": "tests/e2e/test_match.py",
    "src/cli/node_command.cc": "tests/e2e/test_node.py",
    "src/cli/program.cc": "tests/e2e/test_program.py",
    "src/cli/scan_command.cc": "tests/e2e/test_scan.py",
    "src/cli/serve_command.cc": "tests/e2e/test_serve.py",
    "src/cli/server.cc": "tests/e2e/test_node.py",
    "src/cli/signals.cc": "tests/e2e/test_scan.py",
    "src/cli/token_command.cc": "tests/e2e/test_serve.py",
    "src/cli/upkeep_command.cc": "tests/e2e/test_node.py",
    "src/cli/user_command.cc": "tests/e2e/test_serve.py",
    "src/cli/version_command.cc": "tests/e2e/test_program.py",
    "src/cli/with_known.cc": "tests/e2e/test_node.py",
    "src/cli/with_node.cc": "tests/e2e/test_node.py",
    "src/hash/jpeg_huffman.cc": "src/hash/jpeg_baseline_test.cc",
    "src/hash/jpeg_idct.cc": "src/hash/jpeg_baseline_test.cc",
    "src/hash/pdq_bits.cc": "src/hash/pdq_hash_test.cc",
    "src/hash/pdq_math.cc": "src/hash/pdq_hash_test.cc",
    "src/hash/pdq_reference.cc": "tests/conformance/pdq_test.cc",
    "src/hash/png_chunks.cc": "src/hash/png_test.cc",
    "src/hash/png_libpng.cc": "src/hash/png_test.cc",
    "src/hash/png_unfilter.cc": "src/hash/png_test.cc",
    "src/hash/sandbox_worker.cc": "src/hash/sandbox_test.cc",
    "src/material/history.cc": "src/material/material_test.cc",
    "src/material/entry_json.cc": "tests/e2e/test_list.py",
    "src/http/tls.cc": "src/http/server_test.cc",
    "src/http/transport.cc": "src/http/server_test.cc",
    "src/material/apply.cc": "src/material/material_test.cc",
    "src/material/judging.cc": "src/material/trust_test.cc",
    "src/material/queries.cc": "src/material/material_test.cc",
    "src/node/service.cc": "tests/e2e/test_serve.py",
    "src/node/backup.cc": "src/node/node_test.cc",
    "src/node/doctor.cc": "src/node/node_test.cc",
    "src/node/node_keys.cc": "src/node/node_test.cc",
    "src/node/node_settings.cc": "src/node/node_test.cc",
    "src/people/apply.cc": "src/people/people_test.cc",
    "src/people/factors.cc": "src/people/people_test.cc",
    "src/record/copy.cc": "tests/conformance/record_store_test.cc",
    "src/record/journal_erase.cc": "src/record/journal_test.cc",
    "src/record/journal_read.cc": "src/record/journal_test.cc",
    "src/record/journal_verify.cc": "src/record/verify_test.cc",
    "src/record/kinds.cc": "src/record/journal_test.cc",
    "src/record/log_files.cc": "src/record/journal_test.cc",
    "src/record/schema.cc": "src/record/journal_test.cc",
    "src/match/files.cc": "src/match/segment_test.cc",
    "src/match/kernels/dispatch.cc": "src/match/kernels/kernels_test.cc",
    "src/match/kernels/highway.cc": "src/match/kernels/kernels_test.cc",
    "src/match/kernels/scalar.cc": "src/match/kernels/kernels_test.cc",
    "src/match/live_head.cc": "src/match/live_index_test.cc",
    "src/match/live_merge.cc": "src/match/live_index_test.cc",
    "src/match/live_part.cc": "src/match/live_index_test.cc",
    "src/match/memory.cc": "src/match/segment_test.cc",
    "src/match/query.cc": "tests/property/match_property_test.cc",
    "src/match/seal.cc": "src/match/segment_test.cc",
    "src/match/segment_image.cc": "src/match/segment_test.cc",
    "src/match/segment_writer.cc": "src/match/segment_test.cc",
    "src/store/connection.cc": "tests/conformance/store_test.cc",
    "src/store/migrations.cc": "tests/conformance/store_test.cc",
    "src/store/postgres/error.cc": "src/store/postgres/postgres_link_test.cc",
    "src/store/sqlite/backup.cc": "src/store/sqlite/sqlite_link_test.cc",
    "src/store/sqlite/error.cc": "src/store/sqlite/sqlite_link_test.cc",
    "src/store/sqlite/open.cc": "src/store/sqlite/sqlite_link_test.cc",
    "src/store/sqlite/scrub.cc": "src/store/sqlite/sqlite_link_test.cc",
    "src/store/store.cc": "tests/conformance/store_test.cc",
    "src/store/transaction.cc": "tests/conformance/store_test.cc",
}

SKIPPED_FOLDERS = {".git", ".cache", "build", "__pycache__", "node_modules", "corpus"}
SKIPPED_PATHS = {"tests/data"}
CODE = (".h", ".cc", ".py", ".sh")
TEXT = CODE + (".md", ".cmake", ".txt", ".json", ".in")


class File:
    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding="utf-8", errors="replace", newline="") as stream:
            self.text = stream.read()
        self.lines = self.text.split("\n")
        self.is_cpp = path.endswith((".h", ".cc"))
        self.is_code = path.endswith(CODE) or os.path.basename(path) == "run"
        # The code alone: comments and literals are blanked, so that words in them don't count.
        self.code = blank_comments_and_literals(self.text).split("\n") if self.is_cpp else []
        self.includes = [(number, match[1]) for number, line in enumerate(self.lines, 1)
                         if self.is_cpp and (match := re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line))]


def blank_comments_and_literals(text):
    pattern = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.S)


def read_tree(root):
    files = []
    for folder, folders, names in os.walk(root):
        inside = os.path.relpath(folder, root)
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS
                            and os.path.normpath(f"{inside}/{name}") not in SKIPPED_PATHS)
        for name in sorted(names):
            if name.endswith(TEXT) or name == "run":
                files.append(File(root, os.path.normpath(os.path.join(inside, name))))
    return files


class Rooms:
    """The rooms in the order of their lines, which is from the lowest up."""

    def __init__(self, cmake):
        self.reach = {}  # room: all that it may include, itself too
        self.by_header = {}  # public header: the room that answers for it
        self.violations = []
        for number, line in enumerate(cmake.split("\n"), 1):
            if not (match := re.match(r"\s*fristad_module\((.*)\)\s*$", line)):
                continue
            words = re.split(r"\b(PUBLIC|DEPS|LIBS)\b", match[1])
            lists = {key: value.split() for key, value in zip(words[1::2], words[2::2])}
            room, where = words[0].split()[0], ("CMakeLists.txt", number)
            self.reach[room] = {room}
            for lower in lists.get("DEPS", []):
                if lower not in self.reach or lower == room:
                    self.violations.append((*where, "cycle", f"'{lower}' isn't a room of an earlier line: "
                                            "rooms stand from the lowest up, so that no arrow can go back"))
                self.reach[room] |= self.reach.get(lower, set())
            self.by_header |= {f"fristad/{header}.h": room for header in lists.get("PUBLIC", [])}
        library = re.search(r"fristad_library\(([^)]*)\)", cmake)
        self.library = set(library[1].split()) if library else set()

    def of(self, header):
        """The room of an included header; None for one from outside."""
        first = header.split("/")[0]
        return self.by_header.get(header, first if first in self.reach else None)


def check_arrows(files, rooms):
    yield from rooms.violations
    public = {file.path[len("include/"):]: file for file in files if file.path.startswith("include/")}
    for header, file in public.items():
        if header not in rooms.by_header:
            yield file.path, 1, "orphan", "name it after PUBLIC in the fristad_module line of its room"
    for file in files:
        parts = file.path.split("/")
        room = rooms.by_header.get(file.path[len("include/"):]) if parts[0] == "include" else \
            parts[1] if parts[0] == "src" else None
        if parts[0] == "src" and room not in rooms.reach:
            yield file.path, 1, "orphan", f"there is no fristad_module line for the room '{room}'"
            continue
        for number, header in file.includes:
            target = rooms.of(header)
            if header.startswith("fristad/") and target is None:
                yield file.path, number, "include", f"no room answers for <{header}>"
            if parts[0] == "include" and target and not header.startswith("fristad/"):
                yield file.path, number, "include", f"a public header can't include {header}, which isn't installed"
            if file.path.startswith("tests/example/") and target and not header.startswith("fristad/"):
                yield file.path, number, "include", f"{header} isn't public: the example shows what users can do"
            if room and target and target not in rooms.reach[room]:
                yield (file.path, number, "arrow",
                       f"'{room}' may not include '{target}' ({header}): move the code, or hand the thing in")
            for pattern, folders in FENCED_HEADERS.items():
                if re.match(pattern, header) and not file.path.startswith(tuple(folders)):
                    yield file.path, number, "fence", f"<{header}> is only for {', '.join(folders)}: wrap it there"


def check_words(files, rooms):
    for file in files:
        for number, line in enumerate(file.lines, 1):
            if match := LEFT_OVERS.search(line):
                yield file.path, number, "left-over", f"finish it or remove it: {match[0]}"
        parts = file.path.split("/")
        in_sources = parts[0] in ("src", "include") and not file.path.endswith("_test.cc")
        room = rooms.by_header.get("/".join(parts[1:])) if parts[0] == "include" else parts[1] if in_sources else None
        banned = BANNED + (BANNED_IN_SOURCES if in_sources else []) + \
            (BANNED_IN_LIBRARY if room in rooms.library else [])
        for number, line in enumerate(file.code, 1):
            for pattern, rule, remedy in banned:
                if match := re.search(pattern, line):
                    yield file.path, number, rule, f"no '{match[0].strip()}' here: {remedy}"


def check_layout(files):
    for file in files:
        if "\r" in file.text:
            yield file.path, 1, "line-end", "end lines with a line feed alone"
        if file.text and (not file.text.endswith("\n") or file.text.endswith("\n\n")):
            yield file.path, len(file.lines), "file-end", "end the file with exactly one line feed"
        for number, line in enumerate(file.lines, 1):
            if "\t" in line:
                yield file.path, number, "tab", "indent with spaces"
            if line != line.rstrip():
                yield file.path, number, "trailing-blank", "remove the blanks at the end of the line"
            if file.is_code and len(line) > LINE_LENGTH_MAX:
                yield file.path, number, "long-line", f"break it: {len(line)} of {LINE_LENGTH_MAX} columns"
        if file.is_code and len(file.lines) - 1 > FILE_LINES_MAX:
            yield file.path, FILE_LINES_MAX, "long-file", "two ideas in one file? Split it"
        if file.path.endswith(".h") and "#pragma once" not in file.lines:
            yield file.path, 1, "pragma-once", "begin the header with #pragma once"


def check_family(files):
    """Every header is included by somebody, every source is tested."""
    paths = {file.path for file in files}
    included = {header for file in files for _, header in file.includes}
    for file in files:
        path = file.path
        if path.endswith(".h") and not included & {path, path.removeprefix("src/"), path.removeprefix("include/")}:
            yield path, 1, "dead-file", "nobody includes this header: use it or remove it"
        if path.startswith("src/") and path.endswith(".cc") and not path.endswith(("_test.cc", "/main.cc")):
            if path[:-3] + "_test.cc" not in paths and path not in TESTED_ELSEWHERE:
                yield (path, 1, "untested", f"write {os.path.basename(path)[:-3]}_test.cc beside it, or name what "
                       "tests it in TESTED_ELSEWHERE of tools/tidy.py")


def check_names(files):
    """Two classes of one name in two headers link without a word and are one then: whichever the linker takes."""
    first = {}
    for file in files:
        if not file.path.startswith(("src/", "include/")) or not file.path.endswith(".h"):
            continue
        namespace = ""
        for number, line in enumerate(file.code, 1):
            if match := re.match(r"namespace ([\w:]*)", line):
                namespace = match[1]
            if not (match := re.match(r"(?:class|struct|enum class) (\w+)\b(?!::)[^;]*\{", line)):
                continue
            other = first.setdefault((namespace, match[1]), file.path)
            # Fixtures are linked into the tests of their own room.
            if other != file.path and not file.path.endswith("_fixture.h"):
                yield file.path, number, "name", f"{other} has a {match[1]} too: call this one something else"


def headings(file):
    """(line number, level, anchor) of each heading outside code blocks."""
    fenced = False
    for number, line in enumerate(file.lines, 1):
        fenced ^= line.lstrip().startswith("```")
        if not fenced and (match := re.match(r"(#+) (.*)", line)):
            yield number, len(match[1]), re.sub(r"[^\w\- ]", "", match[2].strip().lower()).replace(" ", "-")


def check_markdown(root, files):
    documents = {file.path: file for file in files if file.path.endswith(".md")}
    for path, file in documents.items():
        titles = [number for number, level, _ in headings(file) if level == 1]
        if titles != [1]:
            yield path, titles[1] if len(titles) > 1 else 1, "title", "begin with one '# Title', and have no other"
        fenced = False
        for number, line in enumerate(file.lines, 1):
            fenced ^= line.lstrip().startswith("```")
            for link in [] if fenced else re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
                if re.match(r"[a-z]+:", link):
                    continue
                name, _, anchor = link.partition("#")
                target = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
                if not os.path.exists(os.path.join(root, target)):
                    yield path, number, "link", f"{link} leads nowhere"
                elif anchor and target in documents and anchor not in [h[2] for h in headings(documents[target])]:
                    yield path, number, "link", f"{target} has no heading #{anchor}"


def check(root):
    files = read_tree(root)
    rooms = Rooms(next((file.text for file in files if file.path == "CMakeLists.txt"), ""))
    violations = [*check_arrows(files, rooms), *check_words(files, rooms), *check_layout(files), *check_family(files),
                  *check_names(files), *check_markdown(root, files)]
    return [f"{path}:{line}: {rule}: {text}" for path, line, rule, text in sorted(violations)
            if (path, rule) not in SEAMS], len(files)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    violations, count = check(root)
    named = {path for path, _ in SEAMS} | set(TESTED_ELSEWHERE)
    named |= {test for test in TESTED_ELSEWHERE.values() if re.fullmatch(r"[\w/]+\.(cc|py)", test)}
    violations += [f"tools/tidy.py:1: stale: {path} is named in a table here, but doesn't exist"
                   for path in sorted(named) if not os.path.exists(os.path.join(root, path))]
    violations += [f"tools/tidy.py:1: stale: {path} has a test beside it: remove it from TESTED_ELSEWHERE"
                   for path in TESTED_ELSEWHERE if os.path.exists(os.path.join(root, path[:-3] + "_test.cc"))]
    for violation in violations:
        print(violation)
    print(f"tidy: {count} files, {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
