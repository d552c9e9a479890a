"""fristad list"""

import json
import os

from support import NodeCase, flip_bits, random_hashes, random_md5s

MD5, OTHER = random_md5s(2, 11)
[PDQ] = random_hashes(1, 12)


class ListTest(NodeCase):
    def test_lists_are_made_shown_and_changed(self):
        known = self.create("Known")
        self.create("Other\x1b[2J\u202e", "--purpose", "allow", "--handling", "TLP:CLEAR", "--limit", "3")
        self.assertEqual(len(known), 32)
        lists = {one["title"]: one for one in self.node_json("list", "show")}
        self.assertEqual(set(lists), {"Known", "Other\x1b[2J\u202e"})
        self.assertEqual(lists["Known"], {"id": known, "title": "Known", "purpose": "match", "state": "enabled",
                                          "handling": "TLP:AMBER", "limit": 31, "own": True, "revision": 0,
                                          "entries": 0, "withdrawn": 0, "member": "se"})
        text = self.node("list", "show")
        self.assert_printable(text.encode())
        self.assertIn("Other\\x1b[2J\\xe2\\x80\\xae", text)
        self.node("list", "set", known[:6].upper(), "--title", "New", "--limit", "5", "--handling", "TLP:RED",
                  "--state", "disabled")
        [shown] = self.node_json("list", "show", "New")
        self.assertEqual([shown[key] for key in ("limit", "handling", "state", "revision")],
                         [5, "TLP:RED", "disabled", 1])
        self.assertIn("disabled", self.node("list", "show", known))
        for wrong in (["list", "show", "Known"], ["list", "show", known[:3]], ["list", "set", "none", "--limit", "1"]):
            self.assertIn("there is no list", self.refused(*wrong))
        self.create("New")
        self.assertIn("several", self.refused("list", "show", "New"))

    def test_usage(self):
        for wrong in (["create"], ["create", "a", "--limit", "32"], ["create", "a", "--handling", "secret"],
                      ["create", "a", "--purpose", "x"], ["show", "--entries"], ["set", "a"], ["add", "a"],
                      ["add", "a", "--md5", "12"], ["add", "a", "--pdq", MD5], ["import", "a"],
                      ["import", "a", "b", "--bad-rows", "x"], ["import", "a", "b", "--classification", "x"],
                      ["withdraw", "a", "--all"], ["withdraw", "a", "--reason", "x"],
                      ["withdraw", "a", "--reason", "x", "--all", "--entries", "1"],
                      ["withdraw", "a", "--reason", "x", "--entries", "2-1"], ["opinion", "a", "1"],
                      ["opinion", "a", "0", "confirm"], ["opinion", "a", "1", "maybe"],
                      ["recalls", "a", "--entries", "x"], ["export", "a", "--format", "xml"], ["subscribe"],
                      ["subscribe", "a", "--enforced-per-day", "-1"], ["unsubscribe"],
                      ["subscribe", "a", "--enforced-per-day", "1000001"], ["unsubscribe", "a", "--enforce"]):
            self.refused("list", *wrong, expect=2)
        for wrong in (["explain"], ["explain", "a"], ["explain", "a", "x"], ["erase", "--ground", "x"],
                      ["erase", "--list", "a", "--ground", "x"], ["erase", "--record", "x", "--ground", "x"],
                      ["backup"], ["backup", "-o", "x"], ["restore", "x"], ["log", "prove"],
                      ["log", "verify", "--proof", "x"], ["node", "init", "x"]):
            self.refused(*wrong, expect=2)
        self.assertEqual(self.node("list", "show"), "")

    def test_the_limit_is_the_lists(self):
        self.create("Known", "--limit", "4")
        self.node("list", "add", "Known", "--pdq", PDQ, "--classification", "baseline")
        self.assertEqual([len(found) for found in self.matches(flip_bits(PDQ, 4), flip_bits(PDQ, 5))], [1, 0])
        self.node("list", "set", "Known", "--limit", "5")
        self.assertEqual(len(self.matches(flip_bits(PDQ, 5))[0]), 1)
        self.assertEqual(self.matches(flip_bits(PDQ, 5), "--limit", "4"), [[]])
        self.node("list", "set", "Known", "--state", "disabled")
        self.assertEqual(self.matches(PDQ), [[]])

    def test_withdrawing_all(self):
        first = self.import_rows("Known", *(f"{md5},,baseline," for md5 in random_md5s(1500, 4)))
        self.import_rows("Other", f"{MD5},,baseline,")
        self.node("list", "withdraw", "Known", "--all", "--reason", "test")
        self.assertEqual(self.matches(random_md5s(1500, 4)[1400]), [[]])
        self.assertEqual(len(self.matches(MD5)[0]), 1)
        [shown] = self.node_json("list", "show", "Known")
        self.assertEqual((shown["entries"], shown["withdrawn"]), (1500, 1500))
        self.assertIn("withdrawn: test", self.node("list", "show", "Known", "--entries"))
        self.assertIn("no entries", self.refused("list", "withdraw", "Other", "--entries", str(first), "--reason", "x"))

    def test_our_own_lists_need_no_subscription(self):
        self.create()
        for command in (["subscribe", "Known", "--enforce", "--national", "--ignore-disputes", "--enforced-per-day",
                         "5", "--actor", "ana"], ["unsubscribe", "Known"]):
            self.assertIn("is our own: it counts without a subscription", self.refused("list", *command))
            self.assertIn("there is no list", self.refused("list", command[0], "none"))
        self.assertIn("owner     this node", self.node("list", "show", "Known"))
        self.assertNotIn("list.subscribed", self.node("log", "show", "--private"))

    def test_counts(self):
        self.assertEqual(self.node("list", "counts"), "")
        first = self.import_rows("Known", f"{MD5},,baseline,", f"{OTHER},,baseline,", f"{'0' * 32},,national,")
        self.node("list", "opinion", "Known", str(first), "dispute", "--reason", "wrong: an adult")
        self.node("match", OTHER, "--record", "case 7")
        self.node("list", "withdraw", "Known", "--entries", str(first), "--reason", "wrong")
        self.assertEqual(self.node("list", "counts"), "se\tbaseline\t2\t1\t1\t1\t1\nse\tnational\t1\t0\t0\t0\t0\n")
        self.assertEqual(self.node_json("list", "counts")[0],
                         {"member": "se", "classification": "baseline", "added": 2, "withdrawn": 1, "disputed": 1,
                          "overturned": 1, "hits": 1})


class ImportTest(NodeCase):
    def setUp(self):
        super().setUp()
        self.create()

    def entries(self):
        return self.node_json("list", "show", "Known", "--entries")

    def test_bad_rows_are_refused_as_a_whole_or_passed_over(self):
        bad = f"md5,id,note\n{MD5},good,\nxyz,short,\n{OTHER},long,{'n' * 5000}\n,none,\n"
        self.write("bad.csv", bad)
        for source, stdin in (("bad.csv", b""), ("-", bad.encode())):
            said = self.refused("list", "import", "Known", source, stdin=stdin)
            self.assertIn("line 3: md5 is not 32 hex digits", said)
            self.assertIn("line 4: ", said)
            self.assertIn("line 5: there is no hash in it", said)
            self.assertIn("3 bad rows: nothing was imported", said)
            self.assertNotIn(OTHER, said)
        self.assertEqual(self.entries(), [])
        [told] = self.node_json("list", "import", "Known", "bad.csv", "--bad-rows", "skip", "--dry-run")
        self.assertEqual((told["rows"], told["imported"], told["bad_rows"]), (1, 0, 3))
        self.assertEqual(self.entries(), [])
        [told] = self.node_json("list", "import", "Known", "bad.csv", "--bad-rows", "skip")
        self.assertEqual((told["imported"], told["bad_rows"]), (1, 3))
        self.assertEqual([entry["id"] for entry in self.entries()], ["good"])
        self.node("list", "import", "Known", "-", stdin=f"md5\n{OTHER}\n".encode())
        self.assertEqual(len(self.entries()), 2)
        self.refused("list", "import", "Known", "nothing.csv")
        self.refused("list", "import", "none", "bad.csv")

    def test_classifications_are_mapped(self):
        self.write("words.jsonl", "".join(
            json.dumps({"md5": md5, **words}) + "\n" for md5, words in zip(random_md5s(5, 2), (
                {"classification": "baseline"}, {"classification": "A1"}, {}, {"raw": "B", "scheme": "own"},
                {"classification": "not-illegal", "raw": "C"}))))
        self.node("list", "import", "Known", "words.jsonl", "--classification", "national", "--scheme", "INHOPE")
        self.assertEqual([(e["classification"], e.get("raw"), e.get("scheme")) for e in self.entries()],
                         [("baseline", None, None), ("national", "A1", "INHOPE"), ("national", None, None),
                          ("national", "B", "own"), ("not-illegal", "C", "INHOPE")])

    def test_context_comes_back(self):
        row = {"md5": MD5, "classification": "baseline", "context": '{"case":"17"}'}
        self.write("rows.jsonl", json.dumps(row) + "\n")
        self.node("list", "import", "Known", "rows.jsonl")
        for name in ("out.jsonl", "out.csv"):
            self.node("list", "export", "Known", "-o", name)
            self.node("list", "create", name)
            self.node("list", "import", name, name)
            self.node("list", "export", name, "-o", "again-" + name)
            self.assertEqual(self.path("again-" + name).read_text(), self.path(name).read_text())
        self.assertEqual(json.loads(self.path("out.jsonl").read_text()), row)

    def test_pictures_are_refused(self):
        picture = "data:image/png;base64,iVBORw0KGgo="
        self.assertNotIn(picture, self.refused("list", "add", "Known", "--md5", MD5, "--note", picture))
        self.write("pictures.csv", f"md5,note\n{MD5},{picture.replace(',', ';')}\n{OTHER},\"{picture}\"\n")
        self.assertIn("line 3", self.refused("list", "import", "Known", "pictures.csv"))
        self.assertEqual(self.entries(), [])

    def test_what_is_exported_is_imported_again(self):
        strange = "=1+1;\"quoted\", \\ back\nline \u202e"
        rows = [{"md5": md5, "id": f"id {i}", "note": strange if i % 2 else "",
                 "classification": "A1" if i % 3 else "baseline"} for i, md5 in enumerate(random_md5s(1100, 3))]
        rows.append({"pdq": PDQ, "sha1": "1" * 40, "sha256": "2" * 64})
        self.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        self.node("list", "import", "Known", "rows.jsonl", "--scheme", "S", "--classification", "national")
        first = self.entries()[0]["entry"]
        self.node("list", "withdraw", "Known", "--entries", str(first), "--reason", "x")

        def without_place(entries):
            place = ("list", "entry", "withdrawn")
            return [{key: entry[key] for key in entry if key not in place} for entry in entries]

        wanted = without_place(self.entries()[1:])
        done = self.run_program("list", "export", "Known", "--node", "se", "-o", "out.jsonl")
        self.assertIn(b"WARNING", done.stderr)
        self.assertIn(b"1 withdrawn", done.stderr)
        self.assertEqual(os.stat(self.path("out.jsonl")).st_mode & 0o777, 0o600)
        self.assertIn("not overwritten", self.refused("list", "export", "Known", "-o", "out.jsonl"))
        self.assertEqual(self.node("list", "export", "Known").encode(), self.path("out.jsonl").read_bytes())
        self.create("Copy")
        self.node("list", "import", "Copy", "out.jsonl")
        self.assertEqual(without_place(self.node_json("list", "show", "Copy", "--entries")), wanted)

        table = self.node("list", "export", "Known", "--format", "csv")
        self.assert_printable(table.encode())
        self.create("Table")
        self.node("list", "import", "Table", "-", "--format", "csv", stdin=table.encode())
        again = without_place(self.node_json("list", "show", "Table", "--entries"))
        self.assertEqual([(e.get("md5"), e.get("id"), e["classification"], e.get("raw")) for e in again],
                         [(e.get("md5"), e.get("id"), e["classification"], e.get("raw")) for e in wanted])
        self.refused("list", "export", "none", "-o", "none.jsonl")
        self.assertFalse(self.path("none.jsonl").exists())

    def test_many_rows(self):
        hashes = random_md5s(100_500, 6)
        self.write("many.csv", "md5\n" + "\n".join(hashes) + "\n")
        [told] = self.node_json("list", "import", "Known", "many.csv")
        self.assertEqual(told["imported"], 100_500)
        self.assertEqual([len(found) for found in self.matches(hashes[0], hashes[99_999], hashes[100_000], hashes[-1])],
                         [1] * 4)
        self.node("list", "withdraw", "Known", "--entries", f"{told['first']}-{told['last']}", "--reason", "x")
        self.assertEqual(self.matches(hashes[-1]), [[]])
