"""The vectors of the log by aics-tlog: both verdicts.

vectors.py <folder of test vectors>
"""

import base64
import json
import sys
from pathlib import Path

import aics_tlog
from aics_tlog import (
    MemoryTileReader,
    MerkleTree,
    TileVerificationError,
    VerifiedTileReader,
    WitnessPolicy,
    cosignature_vkey,
    leaf_hash,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    verify_checkpoint,
    verify_consistency,
    verify_inclusion,
)
from aics_tlog.tiles import (
    build_entry_bundle,
    entry_bundle_path,
    materialise_tiles,
    parse_entry_bundle,
    parse_tile_path,
    tile_path,
)

# Ahead of the verifier's clock: what the vectors were made with.
SKEW_SECONDS = 300

# Where aics-tlog has rules of its own, and decides the other way round: it refuses a signature that is there twice, takes more
# signatures, larger sizes and a last line without an end, and leaves the root of no entries to whoever follows a history.
OTHER_RULES = {
    "signed twice",
    "65 signatures",
    "the last line does not end",
    "text: a size beyond 2^63",
    "text: a root that no log without entries has",
}

held = 0


def hold(what, held_to_be):
    """Counts what was held, and ends with the first thing that is not as it has to be."""
    global held
    if not held_to_be:
        sys.exit(f"aics-tlog: {what}")
    held += 1


def decoded(hashes):
    return [base64.b64decode(hash) for hash in hashes]


def entry(index):
    return f"entry {index}".encode()


def trees(vectors):
    for vector in vectors["leaves"]:
        hold(vector["entry"], leaf_hash(vector["entry"].encode()) == base64.b64decode(vector["hash"]))
    whole = MerkleTree(entry(index) for index in range(131_072))
    for vector in vectors["roots"]:
        hold(f"the root of {vector['size']}", whole.root(vector["size"]) == base64.b64decode(vector["root"]))
    for vector in vectors["inclusion"]:
        leaf, root = decoded([vector["leaf"], vector["root"]])
        proved = verify_inclusion(leaf, vector["index"], vector["size"], decoded(vector["proof"]), root)
        hold(f"inclusion, {vector['what']}", proved == (vector["outcome"] == "proved"))
    for vector in vectors["consistency"]:
        old, new = decoded([vector["oldRoot"], vector["newRoot"]])
        proved = verify_consistency(vector["old"], vector["new"], old, new, decoded(vector["proof"]))
        hold(f"consistency, {vector['what']}", proved == (vector["outcome"] == "proved"))


def tiles(vectors):
    for vector in vectors["paths"]:
        width = None if vector["width"] == 256 else vector["width"]
        hold(vector["path"], tile_path(vector["level"], vector["index"], width) == vector["path"])
        hold(vector["path"], parse_tile_path(vector["path"]) == (vector["level"], vector["index"], width))
        if "entriesPath" in vector:
            hold(vector["path"], entry_bundle_path(vector["index"], width) == vector["entriesPath"])
    for vector in vectors["bundles"]:
        entries = [text.encode() for text in vector["entries"]]
        data = base64.b64decode(vector["bytes"])
        hold("a bundle", build_entry_bundle(entries) == data and parse_entry_bundle(data) == entries)
    written = {}
    for vector in vectors["altered"]:
        size, (level, index, width) = vector["size"], parse_tile_path(vector["tile"])
        if size not in written:
            written[size] = materialise_tiles([entry(at) for at in range(size)])
        files = written[size]
        data = files[vector["tile"]]
        data = {
            "flipped": bytes([data[0] ^ 0x80]) + data[1:],
            "cut": data[:-1],
            "neighbour": files.get(tile_path(0, max(index - 1, 0)), b"")[: len(data)],
        }[vector["how"]]
        what = f"{vector['tile']} of {size}, {vector['how']}"
        root = base64.b64decode(vector["root"])
        whole = VerifiedTileReader(MemoryTileReader(files), size, root)
        hold(f"{what}: refused without a change", whole.read_tile(level, index, width) == files[vector["tile"]])
        changed = VerifiedTileReader(MemoryTileReader(files | {vector["tile"]: data}), size, root)
        try:
            changed.read_tile(level, index, width)
        except TileVerificationError:
            hold(what, True)
        else:
            hold(f"{what}: not refused", False)


def trusted(note, given):
    """Whether a note is trusted as a verifier that is given this has to decide."""
    try:
        note = parse_note(note)
    except ValueError:
        return False
    witnesses = [parse_vkey(key) for key in given["witnesses"]]
    rules = {"max_future_seconds": SKEW_SECONDS, "now": given["at"], "expected_origin": given["origin"]}

    def by(key):
        if not verify_checkpoint(note, key, witnesses, given["needed"], **rules).ok:
            return False
        # Where the log signed with the hour, it must not be one to come.
        clock = cosignature_vkey(key.name, key.public_key)
        if any(line.name == clock.name and line.key_id == clock.key_id for line in note.signatures):
            return verify_checkpoint(note, key, policy=WitnessPolicy(1, (clock,)), **rules).ok
        return True

    return any(by(parse_vkey(key)) for key in given["keys"])


def checkpoints(vectors):
    for vector in vectors["checkpoints"]:
        agrees = trusted(vector["note"], vector["given"]) == (vector["outcome"] == "trusted")
        hold(f"checkpoint, {vector['what']}", agrees != (vector["what"] in OTHER_RULES))
    for vector in vectors["histories"]:
        hold(f"history, {vector['what']}: the checkpoint", trusted(vector["shown"], vector["given"]))
        seen, shown = parse_checkpoint(vector["seen"]), parse_checkpoint(parse_note(vector["shown"]).text)
        proof = decoded(vector["proof"])
        follows = seen.origin == shown.origin and verify_consistency(seen.size, shown.size, seen.root, shown.root, proof)
        hold(f"history, {vector['what']}", follows == (vector["outcome"] in ("same", "continued")))


def receipts(vectors):
    for vector in vectors:
        # The form is for whoever reads receipts, which aics-tlog does not: it has another one.
        if vector["outcome"] == "form":
            continue
        head, note = vector["receipt"].split("\n\n", 1)
        _, *lines = [line for line in head.split("\n") if not line.startswith("extra ")]
        index, proof = int(lines[0].removeprefix("index ")), decoded(lines[1:])
        shown = parse_checkpoint(parse_note(note).text)
        leaf = leaf_hash(vector["entry"].encode())
        proved = trusted(note, vector["given"]) and verify_inclusion(leaf, index, shown.size, proof, shown.root)
        hold(f"receipt, {vector['what']}", proved == (vector["outcome"] == "proved"))


def main(folder):
    for name, check in (("trees", trees), ("tiles", tiles), ("checkpoints", checkpoints), ("receipts", receipts)):
        check(json.loads((Path(folder) / f"log-{name}.json").read_text()))
    print(f"  aics-tlog {aics_tlog.__version__}: the vectors of tests/vectors; {held} checks")


if __name__ == "__main__":
    main(*sys.argv[1:])
