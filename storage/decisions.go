package storage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"go.etcd.io/bbolt"

	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/review"
)

// Decisions gives all decisions by the id of the IdP group.
func (d *Database) Decisions() (map[string]review.Decision, error) {
	return all[review.Decision](d, decisionsBucket)
}

// SaveDecisions keeps decisions in place of earlier ones on the same groups, and
// notes them in the history: all of them or none.
func (d *Database) SaveDecisions(decisions ...review.Decision) error {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("keep decisions: %w", err)
	}
	return d.update(func(tx *bbolt.Tx) error {
		for _, decision := range decisions {
			if _, err := add(tx, history.Decision, "", decision); err != nil {
				return err
			}
			if err := put(tx.Bucket(decisionsBucket), []byte(decision.Group), decision); err != nil {
				return err
			}
			if err := putBasis(tx, packer, &decision); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteDecisions forgets the decisions on groups; by who withdraws them, and when,
// is noted in the history.
func (d *Database) DeleteDecisions(withdrawn ...review.Decision) error {
	return d.update(func(tx *bbolt.Tx) error {
		for _, decision := range withdrawn {
			decision.Withdrawn = true
			if _, err := add(tx, history.Decision, "", decision); err != nil {
				return err
			}
			for _, bucket := range [][]byte{decisionsBucket, basesBucket} {
				if err := tx.Bucket(bucket).Delete([]byte(decision.Group)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// putBasis keeps what a decision rests on: JSON within zstd, as it may name
// thousands.
func putBasis(tx *bbolt.Tx, packer *zstd.Encoder, decision *review.Decision) error {
	bucket := tx.Bucket(basesBucket)
	if decision.Basis == nil {
		return bucket.Delete([]byte(decision.Group))
	}
	text, err := json.Marshal(decision.Basis)
	if err != nil {
		return fmt.Errorf("encode what a decision rests on: %w", err)
	}
	return bucket.Put([]byte(decision.Group), packer.EncodeAll(text, nil))
}

// Basis gives what the decision on a group rests on; nil where that wasn't kept.
func (d *Database) Basis(group string) (basis []string, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		packed := tx.Bucket(basesBucket).Get([]byte(group))
		if packed == nil {
			return nil
		}
		if err := decompress(bytes.NewReader(packed), func(r io.Reader) error { return json.NewDecoder(r).Decode(&basis) }); err != nil {
			return fmt.Errorf("%w: decode what a decision rests on: %w", errDamaged, err)
		}
		return nil
	})
	return basis, err
}

// Answers gives all answers by their keys.
func (d *Database) Answers() (map[string]review.Answer, error) {
	return all[review.Answer](d, answersBucket)
}

// SaveAnswers keeps answers in place of earlier ones of the same keys, and notes
// them in the history: all of them or none.
func (d *Database) SaveAnswers(answers ...review.Answer) error {
	return d.update(func(tx *bbolt.Tx) error {
		for _, answer := range answers {
			if _, err := add(tx, history.Answer, "", answer); err != nil {
				return err
			}
			if err := put(tx.Bucket(answersBucket), []byte(answer.Key()), answer); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteAnswers forgets answers; by whom they are withdrawn, and when, is noted in
// the history.
func (d *Database) DeleteAnswers(withdrawn ...review.Answer) error {
	return d.update(func(tx *bbolt.Tx) error {
		for _, answer := range withdrawn {
			answer.Withdrawn = true
			if _, err := add(tx, history.Answer, "", answer); err != nil {
				return err
			}
			if err := tx.Bucket(answersBucket).Delete([]byte(answer.Key())); err != nil {
				return err
			}
		}
		return nil
	})
}
