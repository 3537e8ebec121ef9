package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// What a verifier is given.
type given struct {
	Origin    string   `json:"origin"`
	Keys      []string `json:"keys"`
	Witnesses []string `json:"witnesses"`
	At        uint64   `json:"at"`
}

func (g given) verifiers() []note.Verifier {
	verifiers := make([]note.Verifier, len(g.Keys))
	for i, key := range g.Keys {
		verifiers[i] = must(note.NewVerifier(key))
	}
	return verifiers
}

func read[T any](folder, name string) T {
	var document T
	err := json.Unmarshal(must(os.ReadFile(filepath.Join(folder, name))), &document)
	hold(err == nil, "%s: %v", name, err)
	return document
}

// Entry n of every tree of the vectors.
func entry(n int64) []byte { return fmt.Appendf(nil, "entry %d", n) }

// A tree with all its hashes in memory, in Go's order.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(m)) {
			return nil, errors.New("not in the tree")
		}
		hashes[i] = m[index]
	}
	return hashes, nil
}

func treeOf(size int64) memory {
	var tree memory
	for n := range size {
		tree = append(tree, must(tlog.StoredHashes(n, entry(n), tree))...)
	}
	return tree
}

// The tiles of such a tree, one of which somebody changed.
type changedTiles struct {
	tree      memory
	path, how string
	met       bool
}

func (t *changedTiles) Height() int { return tileHeight }

func (t *changedTiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t *changedTiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(wanted))
	for i, tile := range wanted {
		changed := tilePath(tile) == t.path
		t.met = t.met || changed
		if changed && t.how == "neighbour" {
			tile.N--
		}
		data, err := tlog.ReadTileData(tile, t.tree)
		if err != nil {
			return nil, err
		}
		switch {
		case changed && t.how == "flipped":
			data[0] ^= 0x80
		case changed && t.how == "cut":
			data = data[:len(data)-1]
		}
		read[i] = data
	}
	return read, nil
}

func auditVectors(folder string) {
	tree := treeOf(131_072)
	auditTrees(folder, tree)
	auditTiles(folder, tree)
	auditCheckpoints(folder)
	auditReceipts(folder)
	fmt.Printf("  golang.org/x/mod: the vectors of tests/vectors; %d checks\n", held)
}

func auditTrees(folder string, tree memory) {
	vectors := read[struct {
		Roots []struct {
			Size int64
			Root tlog.Hash
		}
		Inclusion []struct {
			What       string
			Leaf, Root tlog.Hash
			// Some are beyond what Go's sizes can be.
			Index, Size int64
			Proof       []tlog.Hash
			Outcome     string
		}
		Consistency []struct {
			What             string
			Old, New         int64
			OldRoot, NewRoot tlog.Hash
			Proof            []tlog.Hash
			Outcome          string
		}
	}](folder, "log-trees.json")
	for _, vector := range vectors.Roots {
		hold(must(tlog.TreeHash(vector.Size, tree)) == vector.Root, "the root of %d", vector.Size)
	}
	for _, vector := range vectors.Inclusion {
		err := tlog.CheckRecord(vector.Proof, vector.Size, vector.Root, vector.Index, vector.Leaf)
		hold((err == nil) == (vector.Outcome == "proved"), "inclusion, %s: %v", vector.What, err)
	}
	for _, vector := range vectors.Consistency {
		// Go proves nothing about the tree without entries.
		if vector.Old > 0 {
			err := tlog.CheckTree(vector.Proof, vector.New, vector.NewRoot, vector.Old, vector.OldRoot)
			hold((err == nil) == (vector.Outcome == "proved"), "consistency, %s: %v", vector.What, err)
		}
	}
}

// The tiles of CVE-2026-56865, which was one of this module.
func auditTiles(folder string, tree memory) {
	vectors := read[struct {
		Altered []struct {
			Size      int64
			Root      tlog.Hash
			Tile, How string
		}
	}](folder, "log-tiles.json")
	for _, vector := range vectors.Altered {
		tile := must(tlog.ParseTilePath(strings.Replace(vector.Tile, "tile/", "tile/8/", 1)))
		index := tlog.StoredHashIndex(tile.L*tileHeight, tile.N<<tileHeight)
		for _, how := range []string{"nothing", vector.How} {
			source := &changedTiles{tree: tree, path: vector.Tile, how: how}
			_, err := tlog.TileHashReader(tlog.Tree{N: vector.Size, Hash: vector.Root}, source).ReadHashes([]int64{index})
			hold(source.met, "%s of %d was not read", vector.Tile, vector.Size)
			hold((err == nil) == (how == "nothing"), "%s of %d, %s: %v", vector.Tile, vector.Size, how, err)
		}
	}
}

func auditCheckpoints(folder string) {
	vectors := read[struct {
		Checkpoints []struct {
			What, Note, Outcome string
			Given               given
			Size                int64
			Root                tlog.Hash
		}
		Histories []struct {
			What, Seen, Shown, Outcome string
			Proof                      []tlog.Hash
			Given                      given
		}
	}](folder, "log-checkpoints.json")
	for _, vector := range vectors.Checkpoints {
		// Witnesses and the hour are no matter of this module, which takes more signatures, too.
		switch vector.Outcome {
		case "witnesses", "future", "too-many-signatures":
			continue
		case "forged":
			if len(vector.Given.Witnesses) > 0 {
				continue
			}
		}
		tree, err := openCheckpoint([]byte(vector.Note), vector.Given.verifiers()...)
		hold((err == nil) == (vector.Outcome == "trusted"), "checkpoint, %s: %v", vector.What, err)
		hold(err != nil || tree == tlog.Tree{N: vector.Size, Hash: vector.Root}, "checkpoint, %s: %v", vector.What, tree)
	}
	for _, vector := range vectors.Histories {
		shown := must(openCheckpoint([]byte(vector.Shown), vector.Given.verifiers()...))
		seen, err := parseCheckpoint(vector.Seen, vector.Given.Origin)
		if err == nil && seen.N > 0 {
			err = tlog.CheckTree(vector.Proof, shown.N, shown.Hash, seen.N, seen.Hash)
		}
		accepted := vector.Outcome == "same" || vector.Outcome == "continued"
		hold((err == nil) == accepted, "history, %s: %v", vector.What, err)
	}
}

func auditReceipts(folder string) {
	vectors := read[[]struct {
		What, Entry, Receipt, Outcome string
		Given                         given
	}](folder, "log-receipts.json")
	for _, vector := range vectors {
		// The form is for whoever reads receipts, witnesses for whoever knows them.
		if vector.Outcome == "form" || vector.Outcome == "witnesses" {
			continue
		}
		err := checkReceipt(vector.Receipt, vector.Entry, vector.Given.verifiers())
		hold((err == nil) == (vector.Outcome == "proved"), "receipt, %s: %v", vector.What, err)
	}
}

// A receipt, by its form: the header, extra data if there are any, the index, the proof, and the checkpoint.
func checkReceipt(receipt, entry string, verifiers []note.Verifier) error {
	head, checkpoint, _ := strings.Cut(receipt, "\n\n")
	lines := strings.Split(head, "\n")
	var index int64
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		if strings.HasPrefix(line, "extra ") {
			continue
		}
		if _, err := fmt.Sscanf(line, "index %d", &index); err == nil {
			continue
		}
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	tree, err := openCheckpoint([]byte(checkpoint), verifiers...)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash([]byte(entry)))
}
