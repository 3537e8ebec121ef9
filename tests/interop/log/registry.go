package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// How many levels of the tree a tile spans.
const tileHeight = 8

// The largest file that is read.
const maxBytes = 20 << 20

// A key of nobody: the example of the note package.
const stranger = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

var errNotThere = errors.New("not there")

// A registry, asked over HTTP. Tiles of hashes are for everybody, entries for the token.
type registry struct {
	address, token string
	client         http.Client
}

func (r *registry) get(path, token string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, r.address+path, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
		return io.ReadAll(io.LimitReader(answer.Body, maxBytes))
	case http.StatusNotFound:
		return nil, fmt.Errorf("%s: %w", path, errNotThere)
	default:
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
}

// The path of C2SP's layout: Go's own names the height as well.
func tilePath(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
}

// The tiles of a registry, as they are or with one that somebody changed.
type tiles struct {
	registry *registry
	changed  string
	change   func([]byte)
	met      bool
}

func (t *tiles) Height() int { return tileHeight }

func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(wanted))
	for i, tile := range wanted {
		data, err := t.registry.get("/log/"+tilePath(tile), "")
		if errors.Is(err, errNotThere) && tile.W < 1<<tileHeight {
			// Once a tile is full, nobody needs the narrower ones any more.
			full := tile
			full.W = 1 << tileHeight
			if data, err = t.registry.get("/log/"+tilePath(full), ""); err == nil {
				data = data[:min(len(data), tile.W*tlog.HashSize)]
			}
		}
		if err != nil {
			return nil, err
		}
		if tilePath(tile) == t.changed {
			t.met = true
			t.change(data)
		}
		read[i] = data
	}
	return read, nil
}

// A checkpoint whose note verifies.
func openCheckpoint(message []byte, verifiers ...note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(message, note.VerifierList(verifiers...))
	if err != nil {
		return tlog.Tree{}, err
	}
	return parseCheckpoint(opened.Text, verifiers[0].Name())
}

// The text of a checkpoint: origin, size, root, and lines of whatever else. Go's own reader takes the checksum database's.
func parseCheckpoint(text, origin string) (tlog.Tree, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 3 || lines[0] != origin || slices.Contains(lines, "") {
		return tlog.Tree{}, fmt.Errorf("no checkpoint of %s: %q", origin, text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 0 {
		return tlog.Tree{}, fmt.Errorf("no size: %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err == nil && size == 0 && root != must(tlog.TreeHash(0, nil)) {
		err = errors.New("not the root of a log without entries")
	}
	return tlog.Tree{N: size, Hash: root}, err
}

// The entries of a bundle, each behind its length.
func splitBundle(data []byte) ([][]byte, error) {
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, errors.New("a bundle that ends within an entry")
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	return entries, nil
}

func (r *registry) entries(size int64) ([][]byte, error) {
	var entries [][]byte
	for first := int64(0); first < size; first += 1 << tileHeight {
		tile := tlog.Tile{H: tileHeight, L: 0, N: first >> tileHeight, W: int(min(size-first, 1<<tileHeight))}
		data, err := r.get("/log/"+strings.Replace(tilePath(tile), "tile/0/", "tile/entries/", 1), r.token)
		if err != nil {
			return nil, err
		}
		bundle, err := splitBundle(data)
		if err != nil {
			return nil, err
		}
		entries = append(entries, bundle...)
	}
	return entries, nil
}

func auditRegistry(address, tokenFile, key, earlierFile string) {
	token := must(os.ReadFile(tokenFile))
	r := &registry{address: address, token: strings.TrimSpace(string(token)), client: http.Client{Timeout: 30 * time.Second}}
	verifier := must(note.NewVerifier(key))
	message := must(r.get("/log/checkpoint", ""))
	shown := must(openCheckpoint(message, verifier))
	hold(shown.N > 512 && shown.N%256 != 0, "the log has %d entries: no full and no partial tile", shown.N)
	refuseCheckpoints(message, verifier)

	// Every entry, by its proof from the tiles.
	entries := must(r.entries(shown.N))
	hold(int64(len(entries)) == shown.N, "%d entries instead of %d", len(entries), shown.N)
	reader := tlog.TileHashReader(shown, &tiles{registry: r})
	for i, entry := range entries {
		index := int64(i)
		proof := must(tlog.ProveRecord(shown.N, index, reader))
		leaf := tlog.RecordHash(entry)
		err := tlog.CheckRecord(proof, shown.N, shown.Hash, index, leaf)
		hold(err == nil, "entry %d: %v", index, err)
		other := (index + 1) % shown.N
		hold(tlog.CheckRecord(proof, shown.N, shown.Hash, other, leaf) != nil, "entry %d is entry %d as well", index, other)
		hold(tlog.CheckRecord(proof, shown.N, shown.Hash, index, tlog.RecordHash(append(bytes.Clone(entry), ' '))) != nil,
			"an altered entry %d is in the log", index)
	}

	// What was seen before, and what must not follow it.
	earlier := must(openCheckpoint(must(os.ReadFile(earlierFile)), verifier))
	hold(256 < earlier.N && earlier.N < shown.N, "the log has not grown from %d to %d", earlier.N, shown.N)
	proof := must(tlog.ProveTree(shown.N, earlier.N, reader))
	err := tlog.CheckTree(proof, shown.N, shown.Hash, earlier.N, earlier.Hash)
	hold(err == nil, "the earlier checkpoint is not continued: %v", err)
	must(tlog.TileHashReader(earlier, &tiles{registry: r}).ReadHashes([]int64{tlog.StoredHashIndex(0, earlier.N-1)}))
	hold(tlog.CheckTree(proof, earlier.N, earlier.Hash, shown.N, shown.Hash) != nil, "a log that was rolled back is accepted")
	hold(tlog.CheckTree(nil, shown.N, shown.Hash, earlier.N, earlier.Hash) != nil, "no proof is one")
	hold(tlog.CheckTree(proof, shown.N, shown.Hash, earlier.N, tlog.RecordHash(nil)) != nil, "a fork is accepted")
	hold(tlog.CheckTree(proof, shown.N, tlog.RecordHash(nil), earlier.N, earlier.Hash) != nil, "a fork is accepted")
	for old := int64(1); old <= shown.N; old++ {
		root := must(tlog.TreeHash(old, reader))
		err := tlog.CheckTree(must(tlog.ProveTree(shown.N, old, reader)), shown.N, shown.Hash, old, root)
		hold(err == nil, "the log of %d is not continued: %v", old, err)
	}

	altered := refuseTiles(r, shown)
	fmt.Printf("  golang.org/x/mod: %d entries, %d altered tiles refused; %d checks\n", shown.N, altered, held)
}

// Another key, another name, and every line of the text and the log's signature.
func refuseCheckpoints(message []byte, verifier note.Verifier) {
	unknown := must(note.NewVerifier(stranger))
	_, err := openCheckpoint(message, unknown)
	hold(err != nil, "a checkpoint of another key is accepted")
	_, err = openCheckpoint(message, renamed{unknown, verifier})
	hold(err != nil, "a checkpoint of another key under the log's name is accepted")
	end := bytes.LastIndex(message, []byte("\n\n")) + 1
	signature := end + 1 + bytes.IndexByte(message[end+1:], '\n')
	// But for the last digit before the padding, of which Go's base64 ignores two bits.
	for at := range signature - 2 {
		changed := bytes.Clone(message)
		changed[at] ^= 1
		_, err := openCheckpoint(changed, verifier)
		hold(err != nil, "a checkpoint whose byte %d was changed is accepted", at)
	}
}

// One key, which claims the name and the id of another.
type renamed struct {
	note.Verifier
	as note.Verifier
}

func (r renamed) Name() string    { return r.as.Name() }
func (r renamed) KeyHash() uint32 { return r.as.KeyHash() }

// Each tile of the tree in turn, altered at its first, a middle and its last byte; gives back how many times that was.
func refuseTiles(r *registry, tree tlog.Tree) int {
	altered := 0
	for _, tile := range tlog.NewTiles(tileHeight, 0, tree.N) {
		// A hash of this tile, and so all that is above it.
		index := tlog.StoredHashIndex(tile.L*tileHeight, tile.N<<tileHeight)
		for _, at := range []int{0, tile.W * tlog.HashSize / 2, tile.W*tlog.HashSize - 1} {
			source := &tiles{registry: r, changed: tilePath(tile), change: func(data []byte) { data[at] ^= 1 }}
			_, err := tlog.TileHashReader(tree, source).ReadHashes([]int64{index})
			hold(source.met, "%s was not read", tilePath(tile))
			hold(err != nil, "%s, altered at %d, is accepted", tilePath(tile), at)
			altered++
		}
	}
	return altered
}
