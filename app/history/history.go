// Package history is what was decided and done, as a list that is only added to:
// each record carries the hash of the one before, so that a change to any of
// them shows.
package history

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// Kind is what a record is about.
type Kind string

// The kinds of records, with what their bodies hold.
const (
	Begin     Kind = "begin"     // run.Begun: a run with its plan's fingerprint
	Operation Kind = "operation" // run.Operation, before it is sent and after it is answered
	Group     Kind = "group"     // run.GroupResult: a group is done with
	Person    Kind = "person"    // run.PersonResult: a person is done with
	End       Kind = "end"       // run.Ended: the run's counts
	Decision  Kind = "decision"  // review.Decision: made, or withdrawn
	Answer    Kind = "answer"    // review.Answer: given, withdrawn, or seen carried out
	Restored  Kind = "restored"  // app.Restoration: the data was damaged, and restored
	Guards    Kind = "guards"    // app.ThresholdChange: somebody set the guards' thresholds
)

// Record is one entry.
type Record struct {
	// No counts from 1.
	No   uint64    `json:"no"`
	At   time.Time `json:"at"`
	Kind Kind      `json:"kind"`
	// Run is the id of the run; empty for a decision.
	Run  string          `json:"run,omitempty"`
	Body json.RawMessage `json:"body"`
	// Prev is the hash of the record before, Hash that of this one with Prev in
	// it: SHA-256 in hexadecimal digits.
	Prev string `json:"prev"`
	Hash string `json:"hash"`
}

// New makes a record to be sealed.
func New(kind Kind, run string, at time.Time, body any) (Record, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return Record{}, fmt.Errorf("encode a record of the history: %w", err)
	}
	return Record{At: at.UTC(), Kind: kind, Run: run, Body: text}, nil
}

// Seal makes a record the one after another; the zero Record stands before the
// first.
func (r *Record) Seal(before *Record) {
	r.No, r.Prev = before.No+1, before.Hash
	r.Hash = r.sum()
}

func (r *Record) sum() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d\n%s\n%s\n%q\n%s\n", r.No, r.At.Format(time.RFC3339Nano), r.Kind, r.Run, r.Prev)
	sum.Write(r.Body) // a hash never fails
	return hex.EncodeToString(sum.Sum(nil))
}

// Follows says whether a record is unchanged, and the one after another. The
// error names it.
func (r *Record) Follows(before *Record) error {
	if r.No == before.No+1 && r.Prev == before.Hash && r.Hash == r.sum() {
		return nil
	}
	return problem.New(problem.Damaged, lang.L("The history was changed at record %d.", before.No+1),
		lang.L("Compare it with an export made before; what comes after that record can't be relied on."))
}
