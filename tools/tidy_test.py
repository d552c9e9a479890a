#!/usr/bin/env python3
"""Tests tidy.py on small made trees: what it must say, word by word, and what it must let pass."""

import os
import tempfile
import unittest

import tidy

CMAKE = """fristad_module(base PUBLIC result)
fristad_module(hash PUBLIC hash DEPS base LIBS JPEG::JPEG)
fristad_module(match DEPS hash)
fristad_module(cli DEPS match)
fristad_library(base hash match)
"""
HEADER = "#pragma once\n"


def says(tree, cmake=CMAKE):
    with tempfile.TemporaryDirectory() as root:
        for path, text in {"CMakeLists.txt": cmake, **tree}.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as stream:
                stream.write(text)
        return tidy.check(root)[0]


def in_header(code):
    """A tree in which a library header holds `code`."""
    return {"src/base/a.h": HEADER + code + "\n", "src/base/a_test.cc": '#include "base/a.h"\n'}


def rules(tree, cmake=CMAKE):
    return [line.split(": ")[1] for line in says(tree, cmake)]


class Arrows(unittest.TestCase):
    def test_a_room_may_look_down_through_other_rooms(self):
        self.assertEqual(says({
            "include/fristad/result.h": HEADER,
            "src/base/hex.h": HEADER,
            "src/match/index_test.cc": '#include <vector>\n#include "base/hex.h"\n#include "fristad/result.h"\n',
        }), [])

    def test_never_up(self):
        self.assertEqual(says({"src/match/index.h": HEADER, "src/hash/a_test.cc": '\n#include "match/index.h"\n'}), [
            "src/hash/a_test.cc:2: arrow: 'hash' may not include 'match' (match/index.h): "
            "move the code, or hand the thing in"])

    def test_never_up_through_a_public_header(self):
        self.assertEqual(rules({"include/fristad/hash.h": HEADER, "src/base/a_test.cc": '#include "fristad/hash.h"\n'}),
                         ["arrow"])
        self.assertEqual(rules({"include/fristad/hash.h": HEADER,
                                "include/fristad/result.h": HEADER + '#include "fristad/hash.h"\n'}),
                         ["dead-file", "arrow"])

    def test_never_sideways(self):
        cmake = "fristad_module(base)\nfristad_module(a DEPS base)\nfristad_module(b DEPS base)\n"
        tree = {"src/b/b.h": HEADER, "src/a/a_test.cc": '#include "b/b.h"\n'}
        self.assertEqual(rules(tree, cmake), ["arrow"])
        self.assertEqual(rules(tree, "fristad_module(b)\nfristad_module(a DEPS b)\n"), [])

    def test_no_cycle(self):
        self.assertEqual(says({}, "fristad_module(a DEPS b)\nfristad_module(b DEPS a)\n"), [
            "CMakeLists.txt:1: cycle: 'b' isn't a room of an earlier line: "
            "rooms stand from the lowest up, so that no arrow can go back"])
        self.assertEqual(rules({}, "fristad_module(a DEPS a)\n"), ["cycle"])

    def test_every_source_and_public_header_has_a_room(self):
        self.assertEqual(rules({"src/attic/a_test.cc": "int a;\n"}), ["orphan"])
        tree = {"include/fristad/extra.h": HEADER, "src/base/a_test.cc": '#include "fristad/extra.h"\n'}
        self.assertEqual(rules(tree), ["orphan", "include"])

    def test_public_headers_stand_alone(self):
        self.assertEqual(rules({"src/base/hex.h": HEADER,
                                "include/fristad/result.h": HEADER + '#include "base/hex.h"\n',
                                "src/base/a_test.cc": '#include "fristad/result.h"\n'}), ["include"])

    def test_the_example_sees_public_headers_only(self):
        tree = {"src/base/hex.h": HEADER, "tests/example/a.cc": '#include "base/hex.h"\n'}
        self.assertEqual(rules(tree), ["include"])

    def test_fences(self):
        self.assertEqual(says({"src/match/a_test.cc": "#include <simdjson.h>\n"}), [
            "src/match/a_test.cc:1: fence: <simdjson.h> is only for src/cli/: wrap it there"])
        self.assertEqual(rules({"src/cli/a_test.cc": "#include <simdjson.h>\n#include <CLI/CLI.hpp>\n"}), [])
        for header in ("boost/beast/core.hpp", "boost/asio.hpp", "sqlite3.h", "libpq-fe.h", "hwy/highway.h",
                       "jpeglib.h", "png.h", "seccomp.h", "openssl/evp.h", "sodium.h", "faiss/Index.h"):
            self.assertEqual(rules({"src/base/a_test.cc": f"#include <{header}>\n"}), ["fence"], header)


class Words(unittest.TestCase):
    def test_left_overs(self):
        for word in ("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK"):
            self.assertEqual(rules({"src/base/a_test.cc": f"// {word}: later\n"}), ["left-over"], word)

    def test_what_is_read_at_seams_only(self):
        for code in ("auto t = std::time(nullptr);", "auto t = time(nullptr);", "std::chrono::system_clock::now();",
                     'std::getenv("HOME");', "std::random_device seed;", "int i = rand();", "co_return 1;",
                     "std::cout << 1;", 'printf("x");', 'std::fprintf(stderr, "x");', 'puts("x");'):
            self.assertEqual(len(rules(in_header(code))), 1, code)

    def test_not_in_comments_nor_literals_nor_longer_words(self):
        for code in ("// std::cout << rand()", '/* time( */ const char* a = "getenv(\\"x\\") // printf(";',
                     "wall_time(1); clock.time(2); snprintf(a, 1, b);", 'auto a = R"(puts("x"))";',
                     "std::chrono::steady_clock::now();", "auto a = 1'000; auto b = '\"'; brand(c);"):
            self.assertEqual(rules(in_header(code)), [], code)

    def test_the_program_may_print_and_tests_may_draw_seeds(self):
        self.assertEqual(rules({"src/cli/main.cc": "std::cout << 1;\n"}), [])
        self.assertEqual(rules({"src/cli/a_test.cc": "std::random_device a;\n"}), [])


class Layout(unittest.TestCase):
    def test_layout(self):
        self.assertEqual(says({"src/cli/main.cc": "int a;\t\nint b; \n" + "x" * 121 + "\n\n"}), [
            "src/cli/main.cc:1: tab: indent with spaces",
            "src/cli/main.cc:1: trailing-blank: remove the blanks at the end of the line",
            "src/cli/main.cc:2: trailing-blank: remove the blanks at the end of the line",
            "src/cli/main.cc:3: long-line: break it: 121 of 120 columns",
            "src/cli/main.cc:5: file-end: end the file with exactly one line feed"])
        self.assertEqual(rules({"src/cli/main.cc": "int a;"}), ["file-end"])
        self.assertEqual(rules({"run": "x" * 121 + "\n"}), ["long-line"])

    def test_length_of_files(self):
        self.assertEqual(rules({"src/cli/main.cc": "int a;\n" * 600}), [])
        self.assertEqual(rules({"src/cli/main.cc": "int a;\n" * 601}), ["long-file"])

    def test_headers(self):
        self.assertEqual(says({"src/base/a.h": "int a;\n"}), [
            "src/base/a.h:1: dead-file: nobody includes this header: use it or remove it",
            "src/base/a.h:1: pragma-once: begin the header with #pragma once"])

    def test_every_source_is_tested(self):
        self.assertEqual(says({"src/base/a.cc": "int a;\n"}), [
            "src/base/a.cc:1: untested: write a_test.cc beside it, or name what tests it in TESTED_ELSEWHERE "
            "of tools/tidy.py"])
        self.assertEqual(rules({"src/base/a.cc": "int a;\n", "src/base/a_test.cc": "int b;\n"}), [])


    def test_one_name_for_one_class(self):
        header = HEADER + "namespace fristad {\nclass A final {\n};\nclass B;\n}\n"
        users = {"src/base/a_test.cc": '#include "base/a.h"\n#include "base/b.h"\n'}
        self.assertEqual(says({"src/base/a.h": header, "src/base/b.h": header, **users}), [
            "src/base/b.h:3: name: src/base/a.h has a A too: call this one something else"])
        other = header.replace("fristad {", "fristad::kernels {")
        self.assertEqual(rules({"src/base/a.h": header, "src/base/b.h": other, **users}), [])


class Markdown(unittest.TestCase):
    def test_title(self):
        self.assertEqual(rules({"A.md": "# A\n\n```\n# no title\n```\n## B\n"}), [])
        self.assertEqual(says({"A.md": "text\n"}), ["A.md:1: title: begin with one '# Title', and have no other"])
        self.assertEqual(says({"A.md": "# A\n# B\n"}), ["A.md:2: title: begin with one '# Title', and have no other"])

    def test_links(self):
        tree = {"docs/A.md": "# A b, c\n[x](../B.md) [y](B.md) [z](https://example.org) `[n](nowhere)`\n",
                "B.md": "# B\n[x](docs/A.md#a-b-c)\n[y](docs/A.md#a-b)\n[z](#b)\n"}
        self.assertEqual(says(tree), ["B.md:3: link: docs/A.md has no heading #a-b",
                                      "docs/A.md:2: link: B.md leads nowhere"])


if __name__ == "__main__":
    unittest.main(verbosity=0)
