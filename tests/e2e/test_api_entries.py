"""The API's entries: added, paged, searched, withdrawn, judged"""

from serving import ServedCase
from support import random_hashes, random_md5s


class EntriesTest(ServedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.analyst = cls.person("analyst")

    def pages(self, path, count):
        """All pages from the first to the last."""
        pages = []
        more = ""
        while True:
            page = self.analyst.get(f"{path}/entries?count={count}{more}").json
            pages.append(page["entries"])
            if page["next"] is None:
                return pages
            more = "&cursor=" + page["next"]

    def search(self, path, **query):
        """The numbers of what a search finds, over all its pages."""
        numbers = []
        while True:
            page = self.analyst.post(path + "/entries/search", query).json
            numbers += [entry["entry"] for entry in page["entries"]]
            if page["next"] is None:
                return numbers
            query["cursor"] = page["next"]

    def test_an_entry_shows_all_but_its_hashes(self):
        path = self.make_list()
        [pdq] = random_hashes(1, 1)
        md5, sha1, sha256 = "ab" * 16, "cd" * 20, "ef" * 32
        [number] = self.add(path, {"pdq": pdq, "md5": md5.upper(), "sha1": sha1, "sha256": sha256, "id": "seven",
                                   "note": "å", "raw": "COPINE 7", "scheme": "COPINE", "context": "c",
                                   "classification": "national"})
        shown = self.analyst.get(f"{path}/entries/{number}")
        self.assertEqual(shown.json, {"entry": number, "classification": "national", "id": "seven", "note": "å",
                                      "hashes": ["pdq", "md5", "sha1", "sha256"], "raw": "COPINE 7",
                                      "scheme": "COPINE", "withdrawn": False})
        for secret in (pdq, md5, sha1, sha256):
            self.assertNotIn(secret.encode(), shown.body.lower())
        self.assertEqual(self.analyst.get(path + "/entries").json, {"entries": [shown.json], "next": None})
        for wrong in (number + 1, 0, "x", -1, 1 << 60):
            self.analyst.refused("not-found", "GET", f"{path}/entries/{wrong}")

    def test_pages_go_to_the_end(self):
        path = self.make_list()
        # More than one chunk of records.
        numbers = self.add(path, *({"md5": md5, "id": f"n{i}"} for i, md5 in enumerate(random_md5s(1100, 2))))
        self.assertEqual(len(set(numbers)), 1100)
        pages = self.pages(path, 500)
        self.assertEqual([len(page) for page in pages], [500, 500, 100])
        self.assertEqual([entry["entry"] for page in pages for entry in page], numbers)
        self.assertEqual([entry["id"] for page in pages for entry in page], [f"n{i}" for i in range(1100)])
        self.assertEqual([len(page) for page in self.pages(path, 275)], [275] * 4)
        for query in ("count=0", "count=501", "count=x", "cursor=x", "cursor=-1", "cursor=0", "count=1&page=2"):
            self.analyst.refused("invalid", "GET", f"{path}/entries?{query}")

    def test_searches(self):
        path = self.make_list()
        first, second, third = self.add(
            path, {"md5": "a1" * 16, "classification": "baseline", "id": "one", "note": "from a phone"},
            {"md5": "a2" * 16, "raw": "B", "id": "two"}, {"md5": "a3" * 16, "classification": "baseline", "id": "one"})
        self.analyst.post(path + "/withdrawals", {"entries": str(third), "reason": "wrong"})
        self.assertEqual(self.search(path), [first, second, third])
        self.assertEqual(self.search(path, count=1), [first, second, third])
        self.assertEqual(self.search(path, classification="baseline"), [first, third])
        self.assertEqual(self.search(path, id="one", withdrawn=False), [first])
        self.assertEqual(self.search(path, withdrawn=True, count=1), [third])
        self.assertEqual(self.search(path, text="phone"), [first])
        self.assertEqual(self.search(path, text="B"), [second])
        self.assertEqual(self.search(path, text="nothing"), [])
        for query in ({"classification": "x"}, {"withdrawn": "yes"}, {"count": 0}, {"cursor": "x"}, {"cursor": 5},
                      {"hash": "a1" * 16}, {"md5": "a1" * 16}):
            self.analyst.refused("invalid", "POST", path + "/entries/search", query)

    def test_all_or_none_are_added(self):
        path = self.make_list()
        good = {"md5": "b1" * 16}
        for bad in ({}, {"id": "no hash"}, {"md5": "b"}, {"md5": "g" * 32}, {"sha1": "0" * 39}, {"pdq": "0" * 63},
                    {"md5": "b2" * 16, "classification": "A1"}, {"md5": "b2" * 16, "hash": "x"}, "text", None, 7,
                    {"md5": "b2" * 16, "id": "x" * 4097}, {"md5": "b2" * 16, "context": "x" * 8193}):
            with self.subTest(bad=bad):
                said = self.analyst.refused("invalid", "POST", path + "/entries", {"entries": [good, bad]})
                self.assertNotIn("b2" * 16, said.json["detail"])
        # Nobody may, whatever his rights.
        for picture in ("data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ", "/9j/4AAQSkZJRgABAQ" + "Ab3+" * 400):
            self.analyst.refused("forbidden", "POST", path + "/entries", {"entries": [good, good | {"note": picture}]})
        for body in ({}, {"entries": []}, {"entries": {}}, {"entries": [good], "list": "x"}):
            self.analyst.refused("invalid", "POST", path + "/entries", body)
        self.analyst.refused("too-large", "POST", path + "/entries", b'{"entries":[' + b" " * (16 << 20) + b"]}")
        self.assertEqual(self.analyst.get(path).json["entries"], 0)
        self.assertEqual(self.matches(self.analyst, md5="b1" * 16), [])

    def test_too_many_at_once(self):
        path = self.make_list()
        entries = [{"md5": md5} for md5 in random_md5s(10_001, 3)]
        self.analyst.refused("too-large", "POST", path + "/entries", {"entries": entries})
        self.assertEqual(len(self.add(path, *entries[:10_000])), 10_000)

    def test_a_withdrawal_holds_at_once_and_recalls(self):
        path = self.make_list()
        one, other = self.add(path, *({"md5": md5, "classification": "baseline"} for md5 in ("c1" * 16, "c2" * 16)))
        self.served.cli("match", "--record", "order 12", "c1" * 16)
        self.assertEqual(len(self.matches(self.analyst, md5="c1" * 16)), 1)
        recalled = self.analyst.post(path + "/withdrawals", {"entries": str(one), "reason": "wrong"}, expect=201).json
        self.assertEqual(self.matches(self.analyst, md5="c1" * 16), [])
        [recall] = recalled["recalls"]
        self.assertEqual((recall["reference"], recall["entry"], recall["level"]), ("order 12", one, "enforce"))
        self.assertEqual(self.analyst.post(path + "/recalls", {"entries": f"{one}-{other}"}).json, recalled)
        self.assertEqual(self.analyst.post(path + "/recalls", {"entries": str(other)}).json["recalls"], [])
        self.assertEqual(len(self.matches(self.analyst, md5="c2" * 16)), 1)
        shown = self.analyst.get(f"{path}/entries/{one}").json
        self.assertEqual((shown["withdrawn"], shown["reason"]), (True, "wrong"))
        self.assertEqual(self.analyst.get(path).json["withdrawn"], 1)
        for body in ({"entries": str(other)}, {"entries": str(other), "reason": ""}, {"entries": "x", "reason": "x"},
                     {"entries": "9-1", "reason": "x"}, {"entries": "", "reason": "x"},
                     {"entries": [other], "reason": "x"}):
            self.analyst.refused("invalid", "POST", path + "/withdrawals", body)
        self.assertEqual(len(self.matches(self.analyst, md5="c2" * 16)), 1)

    def test_opinions_and_why(self):
        path = self.make_list()
        [number] = self.add(path, {"md5": "d1" * 16, "classification": "baseline"})
        where = f"{path}/entries/{number}"
        why = self.analyst.get(where + "/explanation").json
        self.assertEqual((why["level"], [reason["name"] for reason in why["reasons"]], why["opinions"]),
                         ("enforce", ["own-list"], []))
        self.assertTrue(all(reason["holds_when"] for reason in why["reasons"]))
        self.analyst.post(where + "/opinions", {"verdict": "dispute", "basis": "examined", "reason": "an advert"},
                          expect=201)
        why = self.analyst.get(where + "/explanation").json
        [opinion] = why["opinions"]
        self.assertEqual((opinion["member"], opinion["verdict"], opinion["basis"], opinion["reason"]),
                         ("se", "dispute", "examined", "an advert"))
        self.assertNotEqual(why["level"], "enforce")
        self.assertEqual(self.matches(self.analyst, md5="d1" * 16)[0]["level"], why["level"])
        self.analyst.post(where + "/opinions", {"verdict": "confirm", "basis": "relayed"})
        [opinion] = self.analyst.get(where + "/explanation").json["opinions"]
        self.assertEqual(opinion["verdict"], "confirm")
        for body in ({"verdict": "confirm"}, {"verdict": "maybe", "basis": "examined"},
                     {"verdict": "confirm", "basis": "guessed"},
                     {"verdict": "confirm", "basis": "examined", "by": "x"}):
            self.analyst.refused("invalid", "POST", where + "/opinions", body)
        self.analyst.refused("not-found", "POST", f"{path}/entries/{number + 1}/opinions",
                             {"verdict": "confirm", "basis": "examined"})
        self.analyst.refused("not-found", "GET", f"{path}/entries/{number + 1}/explanation")

    def test_a_token_that_may_add_adds(self):
        path = self.make_list()
        program = self.program("entries")
        [number] = program.post(path + "/entries", {"entries": [{"md5": "e1" * 16}]}).json["entries"]
        program.post(path + "/withdrawals", {"entries": str(number), "reason": "x"})
        program.refused("forbidden", "POST", path + "/exports", {"reason": "x"})
        program.refused("forbidden", "POST", "/api/v1/match", {"md5": "e1" * 16})
