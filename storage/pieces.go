package storage

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"

	"go.etcd.io/bbolt"
)

// A snapshot is kept in pieces, so that no copy of it is ever whole in memory: each
// is an entry of its own, under the number of the snapshot's writing and its own.
const (
	pieceSize = 1 << 20
	// atOnce is how many pieces one transaction writes.
	atOnce = 8
)

var piecesBucket = []byte("pieces")

// pointer stands in place of a snapshot that is kept in pieces.
type pointer struct {
	Pieces uint64 `json:"pieces"`
}

// pointerOf reads a pointer; ok is false for a snapshot of before there were
// pieces, which stands there itself.
func pointerOf(value []byte) (p pointer, ok bool) {
	ok = bytes.HasPrefix(value, []byte(`{"pieces":`)) && json.Unmarshal(value, &p) == nil
	return p, ok
}

func pieceKey(writing uint64, piece uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, writing), piece)
}

// pieceWriter writes pieces. Until something points to them they count for
// nothing, and the next writing removes them.
type pieceWriter struct {
	database *Database
	writing  uint64
	written  uint32
	full     [][]byte
	last     []byte
}

// newPieces begins a writing.
func (d *Database) newPieces() (*pieceWriter, error) {
	w := &pieceWriter{database: d}
	return w, d.update(func(tx *bbolt.Tx) (err error) {
		w.writing, err = tx.Bucket(piecesBucket).NextSequence()
		return err
	})
}

// Write takes in some bytes.
func (w *pieceWriter) Write(text []byte) (int, error) {
	n := len(text)
	for len(text) > 0 {
		if w.last == nil {
			w.last = make([]byte, 0, pieceSize)
		}
		room := min(pieceSize-len(w.last), len(text))
		w.last, text = append(w.last, text[:room]...), text[room:]
		if len(w.last) < pieceSize {
			continue
		}
		w.full, w.last = append(w.full, w.last), nil
		if len(w.full) == atOnce {
			if err := w.flush(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// Close writes what is left.
func (w *pieceWriter) Close() error {
	if len(w.last) > 0 {
		w.full = append(w.full, w.last)
	}
	return w.flush()
}

func (w *pieceWriter) flush() error {
	err := w.database.update(func(tx *bbolt.Tx) error {
		for i, piece := range w.full {
			if err := tx.Bucket(piecesBucket).Put(pieceKey(w.writing, w.written+uint32(i)), piece); err != nil {
				return err
			}
		}
		return nil
	})
	w.written += uint32(len(w.full))
	w.full = nil
	return err
}

// pieceReader gives the bytes of one writing, for as long as the transaction lasts.
type pieceReader struct {
	bucket  *bbolt.Bucket
	writing uint64
	next    uint32
	rest    []byte
}

// Read gives the next bytes.
func (r *pieceReader) Read(into []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.rest = r.bucket.Get(pieceKey(r.writing, r.next)); r.rest == nil {
			return 0, io.EOF
		}
		r.next++
	}
	n := copy(into, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// sweep removes the pieces to which no snapshot points.
func sweep(tx *bbolt.Tx) error {
	used := map[uint64]bool{}
	err := tx.Bucket(snapshotsBucket).ForEach(func(_, value []byte) error {
		if p, ok := pointerOf(value); ok {
			used[p.Pieces] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	pieces := tx.Bucket(piecesBucket)
	var unused [][]byte
	err = pieces.ForEach(func(key, _ []byte) error {
		if len(key) < 8 || !used[binary.BigEndian.Uint64(key)] {
			unused = append(unused, bytes.Clone(key))
		}
		return nil
	})
	for _, key := range unused {
		err = errors.Join(err, pieces.Delete(key))
	}
	return err
}
