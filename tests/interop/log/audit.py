"""Audits a registry's log with aics-tlog: what is published has to be proved, and what somebody changed has to be refused.

audit.py <registry> <token file> <key> <origin> <earlier checkpoint> <folder of the published files>
"""

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

import aics_tlog
from aics_tlog import (
    MerkleTree,
    TileVerificationError,
    VerifiedTileReader,
    WitnessPolicy,
    audit_tiles,
    bundle_from_tiles,
    consistency_proof_from_tiles,
    cosignature_vkey,
    inclusion_proof_from_tiles,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    tree_root_from_tiles,
    verify_bundle,
    verify_checkpoint,
    verify_consistency,
    verify_leaf_inclusion,
    vkey_from_ed25519,
)
from aics_tlog.remote import HttpTileReader
from aics_tlog.tiles import entry_bundle_path, materialise_tiles, parse_entry_bundle, tile_path

# A view of the log that is older than this is an old one: what the registry promises.
FRESH_SECONDS = 11 * 60

held = 0


def hold(what, held_to_be):
    """Counts what was held, and ends with the first thing that is not as it has to be."""
    global held
    if not held_to_be:
        sys.exit(f"aics-tlog: {what}")
    held += 1


def refuses(what, attempt):
    """The attempt has to be refused because of what the tiles are, not because they could not be read."""
    try:
        attempt()
    except TileVerificationError:
        hold(what, True)
    else:
        hold(f"{what}: not refused", False)


class Registry:
    """Tiles of hashes as anybody reads them; entries with a token that may read events."""

    def __init__(self, address, token):
        self.address, self.token = address, token
        self.hashes = HttpTileReader(f"{address}/log/", proxies={})
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with self.opener.open(urllib.request.Request(self.address + path, headers=headers), timeout=30) as answer:
            return answer.read()

    def read_tile(self, level, index, width):
        return self.hashes.read_tile(level, index, width)

    def read_entry_bundle(self, index, width):
        try:
            return self.get(f"/log/{entry_bundle_path(index, width)}", self.token)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def events(self):
        leaves, after = [], 0
        while True:
            page = json.loads(self.get(f"/v1/events?after={after}&limit=100", self.token))
            leaves += [event["leaf"] for event in page["events"]]
            if not page["events"]:
                return leaves
            after = page["next"]


class Altered:
    """The same tiles, but for one that somebody changed."""

    def __init__(self, reader, path, change):
        self.reader, self.path, self.change, self.met = reader, path, change, False

    def changed(self, path, data):
        if data is None or path != self.path:
            return data
        self.met = True
        return self.change(data)

    def read_tile(self, level, index, width):
        return self.changed(tile_path(level, index, width), self.reader.read_tile(level, index, width))

    def read_entry_bundle(self, index, width):
        return self.changed(entry_bundle_path(index, width), self.reader.read_entry_bundle(index, width))


def flip(at):
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def follows(seen, shown, proof):
    return verify_consistency(seen.size, shown.size, seen.root, shown.root, proof)


def main(address, token_file, key, origin, earlier_file, folder):
    registry = Registry(address, Path(token_file).read_text().strip())
    log = parse_vkey(key)
    # The log signs a second time with the hour: a cosignature by its own key.
    clock = WitnessPolicy(1, (cosignature_vkey(origin, log.public_key),), FRESH_SECONDS)

    def trusted(note, key=log, policy=clock, now=None):
        return verify_checkpoint(note, key, expected_origin=origin, policy=policy, now=now)

    # The checkpoint.
    text = registry.get("/log/checkpoint")
    note = parse_note(text)
    result = trusted(note)
    hold(f"the checkpoint: {result.error}", result.ok)
    shown = parse_checkpoint(note.text)
    hold("the log has more than two full tiles and one that is not", shown.size > 512 and shown.size % 256 != 0)
    signed_at = result.timestamps[origin]
    hold("an old view is refused", not trusted(note, now=signed_at + FRESH_SECONDS + 1).ok)
    hold("a view from the future is refused", not trusted(note, now=signed_at - 60).ok)
    strangers = [parse_vkey(STRANGER), vkey_from_ed25519(origin, parse_vkey(STRANGER).public_key)]
    for stranger in strangers:
        hold("a checkpoint of another key is refused", not trusted(note, key=stranger).ok)
    hold("a cosignature of another key does not count", not trusted(
        note, policy=WitnessPolicy(1, (cosignature_vkey(origin, strangers[0].public_key),), FRESH_SECONDS)).ok)
    for line in range(3):
        lines = text.decode().split("\n")
        lines[line] = {0: "other.example/log", 1: str(shown.size + 1), 2: "A" * 43 + "="}[line]
        hold("an altered checkpoint is refused", not verify_checkpoint(parse_note("\n".join(lines)), log).ok)

    # Every tile and every entry, and what they are of.
    report = audit_tiles(registry, shown.size, shown.root)
    hold("tiles of both levels, and all bundles", report.tiles >= 4 and report.bundles >= 3)
    tiles = VerifiedTileReader(registry, shown.size, shown.root)
    entries = [tiles.entry(index) for index in range(shown.size)]
    events = registry.events()
    hold("the entries are the registry's decisions", [json.loads(entry) for entry in entries] == events[: shown.size])
    whole = MerkleTree(entries)
    hold("the tree of the entries has the signed root", whole.root() == shown.root)
    for path, data in materialise_tiles(entries).items():
        hold(f"{path} is what another writer writes", (Path(folder) / path).read_bytes() == data)

    # Every proof.
    for index, entry in enumerate(entries):
        proof = inclusion_proof_from_tiles(tiles, index, shown.size)
        hold(f"entry {index} is in the log", verify_leaf_inclusion(entry, index, shown.size, proof, shown.root))
        hold(f"entry {index} is no other one", not verify_leaf_inclusion(entry, index - 1, shown.size, proof, shown.root))
    for old in range(1, shown.size + 1):
        proof = consistency_proof_from_tiles(tiles, old, shown.size)
        root = tree_root_from_tiles(tiles, old, shown.size)
        hold(f"the log of {old} is continued", verify_consistency(old, shown.size, root, shown.root, proof))
    for index in (0, shown.size - 1):
        receipt = bundle_from_tiles(tiles, index, note)
        hold(f"the receipt of {index}", verify_bundle(receipt.to_json(), log, expected_origin=origin).ok)
        moved = receipt.to_dict() | {"index": (index + 1) % shown.size}
        hold(f"the receipt of {index} for another entry is refused", not verify_bundle(moved, log).ok)

    # The checkpoint from before, and what must not follow it.
    earlier_note = parse_note(Path(earlier_file).read_bytes())
    hold("the earlier checkpoint, whenever that was", trusted(earlier_note, policy=WitnessPolicy(1, clock.witnesses)).ok)
    earlier = parse_checkpoint(earlier_note.text)
    hold("the log has grown since", 256 < earlier.size < shown.size)
    older = VerifiedTileReader(registry, earlier.size, earlier.root, tile_size=shown.size)
    older.check_root()
    hold("the earlier log is still there", older.entry(earlier.size - 1) == entries[earlier.size - 1])
    proof = consistency_proof_from_tiles(tiles, earlier.size, shown.size)
    hold("the earlier checkpoint is continued", follows(earlier, shown, proof))
    hold("a log that was rolled back is refused", not follows(shown, earlier, proof))
    forked = MerkleTree([b"another first entry", *entries[1:]])
    fork = type(shown)(origin, shown.size, forked.root())
    hold("a fork is refused", not follows(earlier, fork, forked.consistency_proof(earlier.size, shown.size)))
    hold("a fork of equal size is refused", not follows(shown, fork, []))
    hold("no proof is none", not follows(earlier, shown, []))

    # Each file in turn, altered.
    for path in sorted(materialise_tiles(entries)):
        for at in (0, 40, -1):
            size = (Path(folder) / path).stat().st_size
            source = Altered(registry, path, flip(at % size))
            refuses(f"{path}, altered at {at}", lambda source=source: audit_tiles(source, shown.size, shown.root))
            hold(f"{path} was read", source.met)
    refuses("the tiles of another root", lambda: audit_tiles(registry, shown.size, forked.root()))
    swapped = Altered(registry, "tile/0/001", lambda _: registry.read_tile(0, 0, None))
    refuses("a tile in another one's place", lambda: audit_tiles(swapped, shown.size, shown.root))
    cut = Altered(registry, "tile/entries/000", lambda data: data[: -len(parse_entry_bundle(data)[-1]) - 2])
    refuses("a bundle without its last entry", lambda: audit_tiles(cut, shown.size, shown.root))
    print(f"  aics-tlog {aics_tlog.__version__}: {shown.size} entries, {report.tiles} tiles, {report.bundles} bundles; {held} checks")


# A key of nobody: the Go module's example.
STRANGER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

if __name__ == "__main__":
    main(*sys.argv[1:])
