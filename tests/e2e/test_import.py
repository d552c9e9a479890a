"""fristad import"""

import http.server
import json
import re
import threading

from support import NodeCase, random_hashes, random_md5s


class FakeHma(http.server.ThreadingHTTPServer):
    """What an import asks of an HMA."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.banks = {}
        self.contents = {}
        self.token = None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return "http://127.0.0.1:%d" % self.server_address[1]

    def answer(self, path):
        banks = {name: {"name": name, "matching_enabled_ratio": ratio} for name, ratio in self.banks.items()}
        if path == "/c/banks":
            return 200, list(banks.values())
        if path == "/c/signal_type/index":
            return 200, {"pdq": {"db_size": sum(len(one["signals"]) for one in self.contents.values())}}
        if found := re.fullmatch(r"/c/bank/[A-Z_]+/content/(\d+)\?.*", path):
            content = self.contents.get(int(found[1]))
            if content is None:
                return 404, {"message": "content '%s' not found" % found[1]}
            return 200, {"disable_until_ts": 1, "id": int(found[1]), **content, "bank": banks[content["bank"]]}
        return 404, "no route"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        wanted = self.server.token
        if wanted and self.headers["Authorization"] != "Bearer " + wanted:
            status, answer = 401, {"message": "no"}
        else:
            status, answer = self.server.answer(self.path)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class ImportTest(NodeCase):
    def setUp(self):
        super().setUp()
        self.hma = FakeHma()
        self.addCleanup(self.hma.server_close)
        self.addCleanup(self.hma.shutdown)

    def test_an_hma_is_copied_and_followed(self):
        first, second = random_hashes(2, 21)
        [md5] = random_md5s(1, 22)
        self.hma.banks = {"KNOWN": 1.0, "OFF": 0.0}
        self.hma.contents = {1: {"bank": "KNOWN", "signals": {"pdq": first}, "note": "n"},
                             2: {"bank": "OFF", "signals": {"video_md5": md5}},
                             4: {"bank": "KNOWN", "signals": {"raw_text": "x"}}}
        [told] = self.node_json("import", "hma", self.hma.url())
        self.assertEqual(told, {"banks_made": 2, "contents": 3, "added": 2, "changed": 0, "withdrawn": 0, "skipped": 1,
                                "shortened": 0})
        lists = {one["title"]: one for one in self.node_json("list", "show")}
        self.assertEqual({name: (one["state"], one["entries"]) for name, one in lists.items()},
                         {"KNOWN": ("enabled", 1), "OFF": ("disabled", 1)})
        self.assertEqual([len(found) for found in self.matches(first, second)], [1, 0])

        del self.hma.contents[1]
        self.hma.contents[9] = {"bank": "KNOWN", "signals": {"pdq": second}}
        text = self.node("import", "hma", self.hma.url() + "/")
        self.assertIn("1 added, 0 changed, 1 withdrawn", text)
        self.assertEqual([len(found) for found in self.matches(first, second)], [0, 1])

    def test_the_token_comes_from_a_file(self):
        self.hma.banks = {"A": 1.0}
        self.hma.token = "s3cret"
        self.assertIn("refuses", self.refused("import", "hma", self.hma.url()))
        self.write("token", "s3cret\n")
        self.node("import", "hma", self.hma.url(), "--token-file", "token")
        self.write("empty", "\n")
        self.assertIn("no token", self.refused("import", "hma", self.hma.url(), "--token-file", "empty"))

    def test_usage(self):
        self.refused("import", expect=2)
        self.refused("import", "hma", expect=2)
        self.assertIn("URL", self.refused("import", "hma", "hma.example"))
        self.assertIn("HMA", self.refused("import", "hma", "http://127.0.0.1:1"))
        self.assertEqual(self.node("list", "show"), "")
