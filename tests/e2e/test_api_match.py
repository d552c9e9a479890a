"""The API's matching: by hash, by batch, by image; what tokens learn, and how much they may ask"""

import pathlib
import subprocess
import tempfile
import threading

from serving import ServedCase
from support import MAKE_IMAGES, PHOTOS, flip_bits, png, random_hashes, remove_tree

HASHES = random_hashes(50, 11)
MD5, SHA1, SHA256 = "a5" * 16, "a6" * 20, "a7" * 32
IMAGE = {"Content-Type": "image/*"}


class MatchTest(ServedCase):
    settings = {"image_bytes_max": 1 << 20, "uploads_bytes_max": 4 << 20}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.analyst = cls.person("analyst")
        cls.details = cls.program("details")
        cls.blind = cls.program("match")
        cls.path = cls.make_list()
        cls.numbers = cls.add(cls.path, *({"pdq": pdq, "classification": "baseline"} for pdq in HASHES),
                              {"md5": MD5}, {"sha1": SHA1}, {"sha256": SHA256})
        cls.photos = pathlib.Path(tempfile.mkdtemp(prefix="fristad-e2e-"))
        cls.addClassCleanup(remove_tree, cls.photos)
        subprocess.run([MAKE_IMAGES, PHOTOS / "labelme-subset", cls.photos, "--seed", "1"], check=True,
                       stdout=subprocess.DEVNULL)

    def upload(self, client, content, **more):
        return client.post("/api/v1/match/image", content, headers=IMAGE, **more)

    def test_each_kind_of_hash(self):
        for query, number in (({"pdq": HASHES[0]}, 0), ({"pdq": HASHES[1].upper()}, 1), ({"md5": MD5}, 50),
                              ({"sha1": SHA1}, 51), ({"sha256": SHA256.upper()}, 52)):
            for client in (self.analyst, self.details):
                answer = client.post("/api/v1/match", query).json
                [match] = answer["matches"]
                self.assertEqual((answer["match"], match["entry"], match["distance"], match["list"]),
                                 (True, self.numbers[number], 0, self.path.rsplit("/", 1)[1]))
        for query in ({"pdq": "f" * 64}, {"md5": "f" * 32}, {"sha1": "f" * 40}, {"sha256": SHA1 + "f" * 24}):
            self.assertEqual(self.details.post("/api/v1/match", query).json, {"match": False, "matches": []})

    def test_distances_and_limits(self):
        for bits, limit, distance in ((31, None, 31), (32, None, None), (10, 10, 10), (10, 9, None), (0, 0, 0)):
            query = {"pdq": flip_bits(HASHES[2], bits)} | ({} if limit is None else {"limit": limit})
            found = [match["distance"] for match in self.matches(self.details, **query)]
            self.assertEqual(found, [] if distance is None else [distance], query)

    def test_what_makes_no_sense(self):
        for query in ({}, {"pdq": HASHES[0], "md5": MD5}, {"pdq": HASHES[0][1:]}, {"pdq": "g" * 64}, {"md5": SHA1},
                      {"sha512": "0" * 128}, {"hash": MD5}, {"pdq": 7}, {"pdq": None}, {"md5": MD5, "limit": 32},
                      {"md5": MD5, "limit": "5"}, {"md5": MD5 + " "}, b"md5=" + MD5.encode()):
            said = self.details.refused("invalid", "POST", "/api/v1/match", query)
            self.assertNotIn(MD5, said.json["detail"])
        self.details.refused("too-large", "POST", "/api/v1/match", b'{"md5":"' + b"0" * 5000 + b'"}')

    def test_batches(self):
        queries = [flip_bits(HASHES[3], 5), "f" * 64, HASHES[4], *random_hashes(1000, 12)]
        answer = self.details.post("/api/v1/match/batch", {"pdq": queries}).json
        self.assertEqual((answer["asked"], answer["refused"]), (1003, []))
        found = {one["index"]: [(m["entry"], m["distance"]) for m in one["matches"]] for one in answer["found"]}
        self.assertEqual(found, {0: [(self.numbers[3], 5)], 2: [(self.numbers[4], 0)]})
        answer = self.details.post("/api/v1/match/batch", {"pdq": queries, "limit": 4}).json
        self.assertEqual([one["index"] for one in answer["found"]], [2])
        self.assertEqual(self.details.post("/api/v1/match/batch", {"pdq": []}).json,
                         {"asked": 0, "found": [], "refused": []})
        for bad in ("x", None, 7, MD5, ["f" * 64], {}):
            said = self.details.refused("invalid", "POST", "/api/v1/match/batch", {"pdq": [*queries[:7], bad]})
            self.assertIn("[7]", said.json["detail"])
        for body in ({}, {"pdq": HASHES[0]}, {"pdq": [], "md5": [MD5]}, {"pdq": [], "limit": 99}):
            self.details.refused("invalid", "POST", "/api/v1/match/batch", body)

    def test_the_largest_batch(self):
        queries = random_hashes(100_000, 13)
        queries[99_999] = HASHES[5]
        answer = self.details.post("/api/v1/match/batch", {"pdq": queries}).json
        self.assertEqual((answer["asked"], [one["index"] for one in answer["found"]]), (100_000, [99_999]))
        self.details.refused("too-large", "POST", "/api/v1/match/batch", {"pdq": queries + ["f" * 64]})
        self.details.refused("too-large", "POST", "/api/v1/match/batch", b'{"pdq":[' + b" " * (16 << 20) + b"]}")

    # ---- Images ----

    def test_images_and_their_altered_copies(self):
        photos = sorted((PHOTOS / "labelme-subset").glob("*.jpg"))
        known = [self.upload(self.details, photo.read_bytes()).json for photo in photos]
        self.assertEqual([(one["match"], one["format"]) for one in known], [(False, "jpeg")] * len(photos))
        digest = subprocess.run(["md5sum", photos[0]], capture_output=True, check=True).stdout[:32].decode()
        self.assertEqual(known[0]["md5"], digest)
        path = self.make_list()
        numbers = self.add(path, *({"pdq": one["pdq"], "classification": "baseline"} for one in known))
        good = {}
        for photo, facts, number in zip(photos, known, numbers):
            found = self.upload(self.details, photo.read_bytes()).json["matches"]
            if facts["pdq_quality"] < 50:
                # Too little to see: its hash tells nothing.
                self.assertEqual(found, [])
                continue
            good[photo.stem] = number
            self.assertEqual([(match["entry"], match["distance"], match["orientation"]) for match in found],
                             [(number, 0, "original")])
        self.assertGreater(len(good), 4)
        tried = []
        for copy in sorted(self.photos.glob("*__*.jpg")):
            name = copy.stem.partition("__")[0]
            if name not in good:
                continue
            number = good[name]
            found = self.upload(self.details, copy.read_bytes()).json["matches"]
            tried.append(bool(found))
            # A change may be too much for so small a picture, but none is taken for another.
            self.assertLessEqual({match["entry"] for match in found}, {number}, copy.name)
            if "recompressed" in copy.name:
                self.assertEqual(len(found), 1, copy.name)
            if found and "mirror" in copy.name:
                self.assertNotEqual(found[0]["orientation"], "original")
        self.assertGreater(sum(tried), len(tried) * 2 // 3)
        self.assertGreater(len(tried), 20)
        self.analyst.patch(path, {"state": "withdrawn"})

    def test_an_image_by_its_digest(self):
        content = png(seed=5)
        facts = self.upload(self.details, content).json
        path = self.make_list()
        [number] = self.add(path, {"sha256": facts["sha256"]})
        [match] = self.upload(self.details, content).json["matches"]
        self.assertEqual((match["entry"], match["distance"]), (number, 0))
        self.assertFalse(self.upload(self.details, content + b" ").json["match"])

    def test_limits_of_images(self):
        facts = self.upload(self.details, png(seed=6)).json
        path = self.make_list()
        [number] = self.add(path, {"pdq": flip_bits(facts["pdq"], 8)})
        found = self.details.post("/api/v1/match/image?limit=8", png(seed=6), headers=IMAGE).json["matches"]
        self.assertEqual([(match["entry"], match["distance"]) for match in found], [(number, 8)])
        self.assertFalse(self.details.post("/api/v1/match/image?limit=7", png(seed=6), headers=IMAGE).json["match"])
        for query in ("limit=32", "limit=x", "limits=3", "limit=-1"):
            self.details.refused("invalid", "POST", "/api/v1/match/image?" + query, png(seed=6), headers=IMAGE)

    def test_what_is_no_image(self):
        photo = (PHOTOS / "labelme-subset" / "q0003.jpg").read_bytes()
        refusals = {self.upload(self.details, content, expect=expect).json["code"]
                    for content, expect in ((b"this is a text named photo.jpg", 415), (photo[:300], 422),
                                            (b"GIF89a", 415), (b"\0" * 100_000, 415),
                                            (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, 422))}
        self.assertEqual(refusals, {"unsupported", "unreadable"})
        self.upload(self.details, b"", expect=400)
        self.assertTrue(self.upload(self.details, photo).json["pdq_quality"] > 0)

    def test_oversized_images(self):
        self.details.close()
        answer, _ = self.details.send("POST", "/api/v1/match/image", b"\0" * ((1 << 20) + 1), IMAGE)
        self.assertEqual((answer.status, answer.json["code"]), (413, "too-large"))
        endless = (b"\0" * 65536 for _ in range(100_000))
        self.details.close()
        try:
            answer, _ = self.details.send("POST", "/api/v1/match/image", endless, IMAGE, chunked=True)
            self.assertEqual((answer.status, answer.json["code"]), (413, "too-large"))
        except ConnectionError:
            # Closed while this end still sent: it may lose the answer, but it mustn't go on.
            self.assertIsNotNone(next(endless, None))
        self.details.close()
        # What was taken was given back.
        for _ in range(6):
            self.assertFalse(self.upload(self.details, png(seed=7)).json["match"])

    def test_a_chunked_upload(self):
        content = png(seed=8)
        parts = (content[at:at + 1000] for at in range(0, len(content), 1000))
        answer, _ = self.details.send("POST", "/api/v1/match/image", parts, IMAGE, chunked=True)
        self.assertEqual((answer.status, answer.json["bytes"]), (200, len(content)))

    # ---- Who may only match ----

    def test_a_match_only_token_learns_no_more(self):
        facts = self.upload(self.details, png(seed=9)).json
        path = self.make_list()
        self.add(path, {"pdq": facts["pdq"], "id": "the-name", "note": "the-note"})
        single = self.blind.post("/api/v1/match", {"pdq": flip_bits(HASHES[6], 3)})
        batch = self.blind.post("/api/v1/match/batch", {"pdq": [flip_bits(HASHES[6], 3)]})
        image = self.upload(self.blind, png(seed=9))
        for answer, matches in ((single, single.json["matches"]), (batch, batch.json["found"][0]["matches"]),
                                (image, image.json["matches"])):
            [match] = matches
            self.assertEqual(set(match), {"list", "level", "handle"})
            for secret in (HASHES[6], "the-name", "the-note", "distance", "entry"):
                self.assertNotIn(secret.encode(), answer.body)
        # Else the limit would tell the distance.
        for body in ({"pdq": HASHES[6], "limit": 3},):
            self.blind.refused("forbidden", "POST", "/api/v1/match", body)
        self.blind.refused("forbidden", "POST", "/api/v1/match/batch", {"pdq": [HASHES[6]], "limit": 3})
        self.blind.refused("forbidden", "POST", "/api/v1/match/image?limit=3", png(seed=9), headers=IMAGE)
        for route in (path, path + "/entries", path + "/entries/1", path + "/entries/1/explanation"):
            self.blind.refused("forbidden", "GET", route)

    def test_handles_belong_to_their_token(self):
        other = self.program("match", name="other")
        [mine] = self.matches(self.blind, pdq=HASHES[7])
        [same] = self.matches(self.blind, pdq=flip_bits(HASHES[7], 2))
        [theirs] = self.matches(other, pdq=HASHES[7])
        self.assertEqual(mine["handle"], same["handle"])
        self.assertNotEqual(mine["handle"], theirs["handle"])
        names = self.served.tokens
        for handle, token in ((mine["handle"], names["match"]), (theirs["handle"], names["other"])):
            for client in (self.analyst, self.details):
                found = client.post("/api/v1/handles", {"handle": handle, "token": token}).json
                self.assertEqual(found, {"list": self.path.rsplit("/", 1)[1], "entry": self.numbers[7]})
        for handle, token in ((mine["handle"], names["other"]), (theirs["handle"], names["match"]),
                              ("0" * 32, names["match"]), ("x", names["match"]), (mine["handle"], "0" * 16)):
            self.analyst.refused("not-found", "POST", "/api/v1/handles", {"handle": handle, "token": token})
        self.analyst.refused("invalid", "POST", "/api/v1/handles", {"handle": mine["handle"], "token": "match"})
        self.blind.refused("forbidden", "POST", "/api/v1/handles", {"handle": mine["handle"], "token": names["match"]})

    def test_a_person_without_details_gets_handles_too(self):
        investigator = self.person("investigator")
        user = investigator.get("/api/v1/me").json["user"]
        [match] = self.matches(investigator, pdq=HASHES[7])
        self.assertEqual(set(match), {"list", "level", "handle"})
        [theirs] = self.matches(self.blind, pdq=HASHES[7])
        self.assertNotEqual(match["handle"], theirs["handle"])
        found = self.analyst.post("/api/v1/handles", {"handle": match["handle"], "user": user}).json
        self.assertEqual(found, {"list": self.path.rsplit("/", 1)[1], "entry": self.numbers[7]})
        self.analyst.refused("not-found", "POST", "/api/v1/handles", {"handle": match["handle"], "user": "0" * 32})
        for who in ({}, {"user": user, "token": "0" * 16}, {"user": "x"}):
            self.analyst.refused("invalid", "POST", "/api/v1/handles", {"handle": match["handle"], **who})

    def test_quotas(self):
        few = self.program("match", name="few", hashes_per_day=30)
        few.post("/api/v1/match/batch", {"pdq": random_hashes(20, 14)})
        few.refused("throttled", "POST", "/api/v1/match/batch", {"pdq": random_hashes(11, 15)})
        few.post("/api/v1/match/batch", {"pdq": random_hashes(9, 16)})
        few.post("/api/v1/match", {"md5": MD5})
        for body in ({"md5": MD5}, {"pdq": HASHES[0]}):
            said = few.refused("throttled", "POST", "/api/v1/match", body)
            self.assertIn(int(said.headers["retry-after"]), range(1, 61))
        few.refused("throttled", "POST", "/api/v1/match/image", png(seed=10), headers=IMAGE)

    def test_feeling_the_way_to_a_hash_is_closed(self):
        prober = self.program("match", name="prober")
        self.assertEqual(len(self.matches(prober, pdq=flip_bits(HASHES[8], 31))), 1)
        asked = 0
        for bit in range(40, 256):
            query = "%064x" % (int(flip_bits(HASHES[8], 31), 16) ^ (1 << bit))
            answer, _ = prober.send("POST", "/api/v1/match", {"pdq": query})
            if answer.status == 429:
                break
            self.assertEqual(answer.json["matches"], [])
            asked += 1
        self.assertEqual((asked, answer.json["code"]), (64, "probing"))
        prober.refused("probing", "POST", "/api/v1/match", {"pdq": HASHES[8]})
        batch = prober.post("/api/v1/match/batch", {"pdq": [HASHES[9], HASHES[8]]}).json
        self.assertEqual((batch["refused"], [one["index"] for one in batch["found"]]), ([1], [0]))
        # Others, and what lies elsewhere, are answered as before.
        self.assertEqual(len(self.matches(prober, pdq=HASHES[9])), 1)
        self.assertEqual(len(self.matches(self.blind, pdq=HASHES[8])), 1)
        self.assertIn('"probing"', self.served.said())

    def test_many_ask_at_once(self):
        wrong = []

        def ask(seed):
            client = self.details.like(self.details.token)
            for i, pdq in enumerate(HASHES[10:40]):
                found = [match["entry"] for match in self.matches(client, pdq=flip_bits(pdq, (i + seed) % 32))]
                if found != [self.numbers[10 + i]]:
                    wrong.append((seed, i, found))
            client.close()

        threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
