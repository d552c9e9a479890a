"""Adds, withdrawals and matches at once for a while, each answer checked; FRISTAD_LOAD_S says for how long"""

import os
import random
import threading
import time

from serving import ServedCase
from support import flip_bits

LOAD_S = float(os.environ.get("FRISTAD_LOAD_S", "10"))
SEED = int(os.environ.get("FRISTAD_LOAD_SEED", random.SystemRandom().randrange(1 << 32)))
LIVE_MAX = 3000
GROWTH_MAX = 192 << 20


class Entry:
    """What the oracle knows: when each change was begun and when it was acknowledged."""

    def __init__(self, pdq, number, added):
        self.pdq = pdq
        self.number = number
        self.added = added
        self.withdrawing = None
        self.withdrawn = None

    def has_to_match(self, begun, ended):
        """True or False; None where either would be right."""
        if self.withdrawn is not None and self.withdrawn < begun:
            return False
        if self.added < begun and (self.withdrawing is None or self.withdrawing > ended):
            return True
        return None


class LoadTest(ServedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.analyst = cls.person("analyst")
        cls.writer = cls.program("entries", name="writer")
        cls.reader = cls.program("details", name="reader", hashes_per_minute=0)

    def setUp(self):
        print(f"seed {SEED}")
        self.path = self.make_list()
        self.seeds = random.Random(SEED)
        self.lock = threading.Lock()
        self.entries = []
        self.live = []
        self.wrong = []
        self.asked = 0
        self.until = time.monotonic() + LOAD_S

    def resident(self):
        with open(f"/proc/{self.served.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def run_all(self, *works):
        """Each in a thread with a client and a random source of its own, until the time is over."""

        def go(work, client, draw):
            try:
                while time.monotonic() < self.until and not self.wrong:
                    work(client, draw)
            except Exception as error:  # pylint: disable=broad-except
                self.wrong.append(repr(error))
            client.close()

        threads = [threading.Thread(target=go, args=(work, client.like(client.token),
                                                     random.Random(self.seeds.randrange(1 << 32))))
                   for work, client in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def add_some(self, client, draw):
        hashes = ["%064x" % draw.getrandbits(256) for _ in range(draw.choice((1, 1, 5, 40)))]
        numbers = client.post(self.path + "/entries", {"entries": [{"pdq": pdq} for pdq in hashes]}).json["entries"]
        added = time.monotonic()
        with self.lock:
            made = [Entry(pdq, number, added) for pdq, number in zip(hashes, numbers)]
            self.entries += made
            self.live += made

    def withdraw_some(self, client, draw):
        with self.lock:
            count = min(len(self.live), draw.randrange(1, 10) + max(0, len(self.live) - LIVE_MAX))
            chosen = [self.live.pop(draw.randrange(len(self.live))) for _ in range(count)]
            for entry in chosen:
                entry.withdrawing = time.monotonic()
        if not chosen:
            time.sleep(0.01)
            return
        ranges = ",".join(str(number) for number in sorted(entry.number for entry in chosen))
        client.post(self.path + "/withdrawals", {"entries": ranges, "reason": "load"})
        withdrawn = time.monotonic()
        with self.lock:
            for entry in chosen:
                entry.withdrawn = withdrawn
        # About as many as are added.
        time.sleep(0.02)

    def choose(self, draw, count):
        """Queries: (entry or None, hash, whether it is near enough)."""
        with self.lock:
            entries = [draw.choice(self.entries) for _ in range(count)] if self.entries else []
        queries = []
        for entry in entries:
            bits = draw.choice((0, 3, 17, 31, 32, 40))
            queries.append((entry, flip_bits(entry.pdq, bits), bits < 32))
        queries.append((None, "%064x" % draw.getrandbits(256), False))
        return queries

    def judge(self, query, matches, begun, ended):
        entry, _, near = query
        with self.lock:
            has_to = entry.has_to_match(begun, ended) if near else False
        self.asked += 1
        numbers = [match["entry"] for match in matches]
        if numbers not in ([], [entry.number] if entry else []) or (has_to is not None and bool(numbers) != has_to):
            self.wrong.append((entry and vars(entry), near, has_to, matches, begun, ended))

    def match_one(self, client, draw):
        for query in self.choose(draw, 1):
            begun = time.monotonic()
            matches = client.post("/api/v1/match", {"pdq": query[1]}).json["matches"]
            self.judge(query, matches, begun, time.monotonic())

    def match_many(self, client, draw):
        queries = self.choose(draw, draw.choice((3, 30, 300)))
        begun = time.monotonic()
        answer = client.post("/api/v1/match/batch", {"pdq": [query[1] for query in queries]}).json
        ended = time.monotonic()
        found = {one["index"]: one["matches"] for one in answer["found"]}
        for i, query in enumerate(queries):
            self.judge(query, found.get(i, []), begun, ended)

    def check_all(self, client):
        """When all is quiet, every entry matches or doesn't."""
        # Idle so long that the server may have closed it.
        client.close()
        for at in range(0, len(self.entries), 50_000):
            some = self.entries[at:at + 50_000]
            answer = client.post("/api/v1/match/batch", {"pdq": [entry.pdq for entry in some]}).json
            found = {one["index"]: [match["entry"] for match in one["matches"]] for one in answer["found"]}
            for i, entry in enumerate(some):
                expected = [] if entry.withdrawing else [entry.number]
                self.assertEqual(found.get(i, []), expected, f"seed {SEED}")

    def test_every_answer_is_right(self):
        self.until = time.monotonic() + LOAD_S / 4
        works = [(self.add_some, self.writer), (self.add_some, self.writer), (self.withdraw_some, self.writer),
                 (self.match_one, self.reader), (self.match_one, self.reader), (self.match_many, self.reader)]
        self.run_all(*works)
        warm = self.resident()
        self.until = time.monotonic() + LOAD_S * 3 / 4
        self.run_all(*works)
        self.assertEqual(self.wrong[:3], [], f"seed {SEED}")
        self.assertGreater(self.asked, 100)
        self.assertLess(self.resident(), warm + GROWTH_MAX)
        self.check_all(self.reader)
        self.served.stop()
        self.served.start()
        self.reader.address = ("127.0.0.1", self.served.port)
        self.check_all(self.reader)
        print(f"{len(self.entries)} entries added, {self.asked} answers checked, resident {warm >> 20} MiB and then "
              f"{self.resident() >> 20} MiB")
