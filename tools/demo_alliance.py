"""The middle part of ./run demo: three nodes on this machine found an alliance, let one in and share a list.

They listen on this machine alone, lie in a temporary folder that is gone afterwards, and end with this part.
"""

import pathlib
import random
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from members import Members, until  # pylint: disable=wrong-import-position

ENTRIES = 1000


def found_it(members):
    """Sweden and the United States found it, and vote New Zealand in."""
    members.found("se", "us")
    print("Sweden and the United States have founded an alliance: both recorded the same, and read it of each other.")
    answer, words = members.invite("se", "nz")
    print(f"Sweden has invited New Zealand, which accepted. Its words, to be compared by voice:\n  {words}")
    members["se"].cli("alliance", "vote", "admit", answer, "--words", words)
    members.vote_yes("us", "admit", words)
    for code in ("se", "us", "nz"):
        until(lambda one=code: len(members[one].status()["members"]) == 3, f"{code} knows all three")
    print("Both have voted for it, so it is a member. Nobody keeps a list of members: each node computes it.\n")
    print(members["nz"].cli("alliance", "status"))


def share(members):
    """Gives whether a withdrawal stopped the match at the others too."""
    draw = random.Random(7)
    hashes = [draw.randbytes(32).hex() for _ in range(ENTRIES)]
    others = [members["us"], members["nz"]]
    start = time.monotonic()
    name = members["se"].create("Known, made up", *hashes, readers=["all"])
    for other in others:
        until(lambda one=other: one.level(hashes[-1]), f"{other.code} finds it")
    print(f"Sweden shares a list of {ENTRIES} made-up hashes; the others find what is in it {since(start)} later.")
    for other in others:
        other.cli("list", "subscribe", name, "--enforce")
    number = str(members["us"].matches(hashes[0])[0][0]["entry"])
    members["se"].cli("list", "opinion", name, number, "confirm", "--basis", "examined")
    members["us"].cli("list", "opinion", name, number, "confirm", "--basis", "examined")
    until(lambda: members["nz"].level(hashes[0]) == "enforce", "two jurisdictions have examined it")
    print("Two countries have examined one entry: New Zealand's own rule lets it be enforced, the others are leads.")
    start = time.monotonic()
    members["se"].cli("list", "withdraw", name, "--entries", number, "--reason", "wrong")
    for other in others:
        until(lambda one=other: not one.level(hashes[0]), f"{other.code} finds it no more")
    print(f"Sweden takes that entry back; {since(start)} later nobody finds it any more.")
    return members["nz"].level(hashes[1]) == "lead"


def since(start):
    return f"{time.monotonic() - start:.1f} s"


def run(program, folder):
    """Gives whether all went well."""
    place = pathlib.Path(folder) / "alliance"
    place.mkdir()
    print("\nThree nodes, each with keys, records and rules of its own:\n", flush=True)
    members = Members(program, place, "se", "us", "nz")
    try:
        members.start()
        found_it(members)
        return share(members)
    except AssertionError as error:
        print(f"that failed: {error}", file=sys.stderr)
        return False
    finally:
        members.end()
        sys.stdout.flush()
