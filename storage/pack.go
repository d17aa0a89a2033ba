package storage

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
)

// mostMemory bounds what unpacking may take: a hundred times the largest
// snapshot.
const mostMemory = 4 << 30

// pack encodes a snapshot: gob within zstd.
func pack(snapshot *directory.Snapshot) ([]byte, error) {
	packed, err := compress(func(w io.Writer) error { return gob.NewEncoder(w).Encode(snapshot) })
	if err != nil {
		return nil, fmt.Errorf("encode a snapshot: %w", err)
	}
	return packed, nil
}

// unpack decodes what pack encoded. What isn't well formed is damaged.
func unpack(packed []byte, snapshot *directory.Snapshot) error {
	err := decompress(packed, func(r io.Reader) error { return gob.NewDecoder(r).Decode(snapshot) })
	if err == nil {
		err = snapshot.Valid()
	}
	if err != nil {
		return damaged(err)
	}
	return nil
}

// packPlan encodes a plan: JSON within zstd.
func packPlan(p *plan.Plan) ([]byte, error) {
	packed, err := compress(func(w io.Writer) error { return json.NewEncoder(w).Encode(p) })
	if err != nil {
		return nil, fmt.Errorf("encode a plan: %w", err)
	}
	return packed, nil
}

func unpackPlan(packed []byte, p *plan.Plan) error {
	err := decompress(packed, func(r io.Reader) error { return json.NewDecoder(r).Decode(p) })
	if err != nil {
		return fmt.Errorf("%w: decode a plan: %w", errDamaged, err)
	}
	return nil
}

func compress(write func(io.Writer) error) ([]byte, error) {
	var packed bytes.Buffer
	compressor, err := zstd.NewWriter(&packed, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err == nil {
		err = write(compressor)
	}
	if err == nil {
		err = compressor.Close()
	}
	return packed.Bytes(), err
}

func decompress(packed []byte, read func(io.Reader) error) error {
	decompressor, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderMaxMemory(mostMemory))
	if err != nil {
		return err
	}
	defer decompressor.Close()
	if err := read(decompressor); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, decompressor) // its checksum stands at the end
	return err
}
