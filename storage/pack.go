package storage

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
)

// mostMemory bounds what unpacking may take: a hundred times the largest
// snapshot.
const mostMemory = 4 << 30

// snapshotHead begins a snapshot as it is kept: everything but the tables, which
// follow. In format 1 they stood in the snapshot itself.
type snapshotHead struct {
	Format   int
	Snapshot *directory.Snapshot
}

// snapshotFormat is the version in which snapshots are kept and exported.
const snapshotFormat = 2

// errNewer says that a newer Rollcall has written a snapshot.
var errNewer = errors.New("a snapshot of a newer Rollcall")

// pack writes a snapshot: its head and its tables as gob within zstd.
func pack(w io.Writer, snapshot *directory.Snapshot) error {
	return compressTo(w, func(w io.Writer) error {
		to := gob.NewEncoder(w)
		for _, write := range []func() error{
			func() error { return to.Encode(snapshotHead{snapshotFormat, withoutTables(snapshot)}) },
			func() error { return writeTable(to, snapshot.IdP.People, person) },
			func() error { return writeTable(to, snapshot.IdP.Groups, sourceGroup) },
			func() error { return writeRuns(to, snapshot.IdP.Members) },
			func() error { return writeTable(to, snapshot.Atlassian.Accounts, account) },
			func() error { return writeTable(to, snapshot.Atlassian.Groups, group) },
			func() error { return writeRuns(to, snapshot.Atlassian.Members) },
			func() error { return writeTable(to, peopleOf(snapshot.Provisioning), provisioned) },
		} {
			if err := write(); err != nil {
				return err
			}
		}
		return nil
	})
}

func peopleOf(p *directory.Provisioning) []directory.Provisioned {
	if p == nil {
		return nil
	}
	return p.People
}

// withoutTables gives a copy that shares all but the tables.
func withoutTables(snapshot *directory.Snapshot) *directory.Snapshot {
	head := *snapshot
	head.IdP.People, head.IdP.Groups, head.IdP.Members = nil, nil, directory.Runs[directory.SourceNo, directory.PersonNo]{}
	head.Atlassian.Accounts, head.Atlassian.Groups, head.Atlassian.Members = nil, nil, directory.Runs[directory.GroupNo, directory.AccountNo]{}
	if head.Provisioning != nil {
		provisioning := *head.Provisioning
		provisioning.People = nil
		head.Provisioning = &provisioning
	}
	return &head
}

// unpack reads what pack wrote, in whatever format. The error says what is wrong,
// errNewer that a newer Rollcall wrote it.
func unpack(r io.Reader) (snapshot *directory.Snapshot, err error) {
	err = decompress(r, func(r io.Reader) error {
		from := gob.NewDecoder(r)
		var head snapshotHead
		if err := from.Decode(&head); err != nil {
			return err
		}
		snapshot = head.Snapshot
		switch {
		case head.Format > snapshotFormat:
			return errNewer
		case head.Format < 1 || snapshot == nil:
			return errors.New("no snapshot in it")
		case head.Format == 1:
			return nil
		}
		return readTables(from, snapshot)
	})
	if err == nil {
		err = snapshot.Valid()
	}
	return snapshot, err
}

func readTables(from *gob.Decoder, s *directory.Snapshot) (err error) {
	words := map[string]string{}
	if s.IdP.People, err = readTable(from, words, person); err != nil {
		return err
	}
	if s.IdP.Groups, err = readTable(from, words, sourceGroup); err != nil {
		return err
	}
	if s.IdP.Members, err = readRuns[directory.SourceNo, directory.PersonNo](from); err != nil {
		return err
	}
	if s.Atlassian.Accounts, err = readTable(from, words, account); err != nil {
		return err
	}
	if s.Atlassian.Groups, err = readTable(from, words, group); err != nil {
		return err
	}
	if s.Atlassian.Members, err = readRuns[directory.GroupNo, directory.AccountNo](from); err != nil {
		return err
	}
	people, err := readTable(from, words, provisioned)
	if s.Provisioning != nil {
		s.Provisioning.People = people
	}
	return err
}

// unpackBare reads a snapshot as the database kept it before there were formats.
func unpackBare(r io.Reader) (*directory.Snapshot, error) {
	snapshot := &directory.Snapshot{}
	err := decompress(r, func(r io.Reader) error { return gob.NewDecoder(r).Decode(snapshot) })
	if err == nil {
		err = snapshot.Valid()
	}
	return snapshot, err
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
	err := decompress(bytes.NewReader(packed), func(r io.Reader) error { return json.NewDecoder(r).Decode(p) })
	if err != nil {
		return fmt.Errorf("%w: decode a plan: %w", errDamaged, err)
	}
	return nil
}

func compress(write func(io.Writer) error) ([]byte, error) {
	var packed bytes.Buffer
	err := compressTo(&packed, write)
	return packed.Bytes(), err
}

func compressTo(w io.Writer, write func(io.Writer) error) error {
	compressor, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err == nil {
		err = write(compressor)
	}
	if err == nil {
		err = compressor.Close()
	}
	return err
}

func decompress(r io.Reader, read func(io.Reader) error) error {
	decompressor, err := zstd.NewReader(r, zstd.WithDecoderMaxMemory(mostMemory))
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
