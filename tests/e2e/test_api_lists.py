"""The API's lists: made, read with ETags, changed"""

from serving import ServedCase


class ListsTest(ServedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.analyst = cls.person("analyst")

    def test_a_list_is_made_and_shown(self):
        made = self.analyst.post("/api/v1/lists", {"title": "Known", "handling": "TLP:AMBER", "limit": 20}, expect=201)
        self.assertEqual(made.headers["location"], "/api/v1/lists/" + made.json["list"])
        self.assertEqual({name: made.json[name] for name in ("title", "purpose", "handling", "limit", "state", "own",
                                                             "entries", "withdrawn")},
                         {"title": "Known", "purpose": "match", "handling": "TLP:AMBER", "limit": 20,
                          "state": "enabled", "own": True, "entries": 0, "withdrawn": 0})
        shown = self.analyst.get(made.headers["location"])
        self.assertEqual((shown.json, shown.etag), (made.json, made.etag))
        self.assertIn(made.json, self.analyst.get("/api/v1/lists").json["lists"])
        self.assertEqual(self.served.cli("list", "show", "Known", "--json").count(made.json["list"]), 1)

    def test_filters(self):
        path = self.make_list()
        self.make_list("Not this", purpose="allow")
        self.analyst.patch(path, {"state": "disabled"})
        for query in ("state=disabled", "purpose=match&state=disabled"):
            [found] = self.analyst.get("/api/v1/lists?" + query).json["lists"]
            self.assertEqual(path.rsplit("/", 1)[1], found["list"])
        found = self.analyst.get("/api/v1/lists?purpose=match").json["lists"]
        self.assertEqual({one["purpose"] for one in found}, {"match"})
        for query in ("state=gone", "purpose=x", "staet=enabled", "md5=" + "0" * 32, "state=%zz"):
            self.analyst.refused("invalid", "GET", "/api/v1/lists?" + query)

    def test_etags(self):
        path = self.make_list()
        first = self.analyst.get(path)
        same = self.analyst.get(path, headers={"If-None-Match": first.etag}, expect=304)
        self.assertEqual((same.etag, same.body), (first.etag, b""))
        self.assertEqual(self.analyst.ask("HEAD", path).etag, first.etag)

        changed = self.analyst.patch(path, {"title": "Other"}, headers={"If-Match": first.etag})
        self.assertNotEqual(changed.etag, first.etag)
        self.assertEqual((changed.json["title"], changed.json["limit"]), ("Other", first.json["limit"]))
        self.assertEqual(self.analyst.get(path, headers={"If-None-Match": first.etag}).json, changed.json)
        self.analyst.refused("stale", "PATCH", path, {"title": "Third"}, headers={"If-Match": first.etag})
        for wrong in ('"x"', "r1", '"r-1"', '"r99999999999"', 'W/' + first.etag):
            self.analyst.refused("invalid", "PATCH", path, {"title": "Third"}, headers={"If-Match": wrong})
        self.assertEqual(self.analyst.get(path).json, changed.json)
        self.analyst.patch(path, {"limit": 0}, headers={"If-Match": "*"})
        self.analyst.patch(path, {"limit": 31})

    def test_what_makes_no_sense_is_refused_and_changes_nothing(self):
        path = self.make_list()
        before = self.analyst.get("/api/v1/lists").json
        for draft in ({"titel": "x"}, {"title": "x", "more": None, "own": True}, {"title": 7}, {"title": ""}, {},
                      {"title": "x" * 201}, {"title": "x", "limit": 32}, {"title": "x", "limit": -1},
                      {"title": "x", "limit": True}, {"title": "x", "purpose": "both"}, {"title": "x", "state": "off"},
                      {"title": "x", "handling": "SECRET"}, [], b"{", b"[]", b"null", b'"x"',
                      b'{"title":"x","limit":1.5}',
                      b'{"title":"x","title":"y"}', b'{"title":"\xff"}', b"[" * 100, b'{"title":"x"} {}'):
            with self.subTest(draft=draft):
                self.analyst.refused("invalid", "POST", "/api/v1/lists", draft)
                if draft != {}:
                    self.analyst.refused("invalid", "PATCH", path, draft)
        self.assertEqual(self.analyst.get("/api/v1/lists").json, before)

    def test_what_is_not_there(self):
        for path in ("/api/v1/lists/" + "0" * 32, "/api/v1/lists/x", "/api/v1/lists/" + "0" * 33):
            self.analyst.refused("not-found", "GET", path)
            self.analyst.refused("not-found", "PATCH", path, {"title": "x"})
            self.analyst.refused("not-found", "POST", path + "/entries", {"entries": [{"md5": "0" * 32}]})
            self.analyst.refused("not-found", "POST", path + "/recalls", {"entries": "1"})
            self.analyst.refused("not-found", "POST", path + "/withdrawals", {"entries": "1", "reason": "x"})
            self.analyst.refused("not-found", "POST", path + "/exports", {"reason": "x"})
        self.analyst.refused("not-found", "GET", "/api/v1/list")
        self.analyst.refused("method-not-allowed", "DELETE", "/api/v1/lists")

    def test_a_disabled_list_does_not_match(self):
        path = self.make_list()
        self.add(path, {"md5": "12" * 16, "classification": "baseline"})
        self.assertEqual(len(self.matches(self.analyst, md5="12" * 16)), 1)
        self.analyst.patch(path, {"state": "disabled"})
        self.assertEqual(self.matches(self.analyst, md5="12" * 16), [])
        self.analyst.patch(path, {"state": "enabled"})
        self.assertEqual(len(self.matches(self.analyst, md5="12" * 16)), 1)
        self.analyst.patch(path, {"state": "withdrawn"})
        self.assertEqual(self.matches(self.analyst, md5="12" * 16), [])
