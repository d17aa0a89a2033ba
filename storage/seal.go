package storage

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// Protect has snapshots encrypted from now on by the key that find gives: one of
// age's (AGE-SECRET-KEY-1…), or a passphrase; an empty one leaves them in the
// clear. find is called with true where a key may be made.
func (d *Database) Protect(find func(make bool) (string, error)) { d.find = find }

// ageHeader begins everything that age has encrypted.
var ageHeader = []byte("age-encryption.org/v1\n")

// workFactor is the cost of a passphrase: 2^15 takes about a tenth of a second.
const workFactor = 15

// seal gives a writer that encrypts where there is a key. Close it.
func (d *Database) seal(w io.Writer) (io.WriteCloser, error) {
	if d.find == nil {
		return inTheClear{w}, nil
	}
	key, err := d.find(true)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return inTheClear{w}, nil
	}
	recipient, err := recipientOf(key)
	if err != nil {
		return nil, fmt.Errorf("use the key of snapshots: %w", err)
	}
	return encrypt(w, recipient)
}

// inTheClear encrypts nothing.
type inTheClear struct{ io.Writer }

// Close does nothing.
func (inTheClear) Close() error { return nil }

func encrypt(w io.Writer, recipient age.Recipient) (io.WriteCloser, error) {
	sealed, err := age.Encrypt(w, recipient)
	if err != nil {
		return nil, fmt.Errorf("encrypt a snapshot: %w", err)
	}
	return sealed, nil
}

func recipientOf(key string) (age.Recipient, error) {
	if identity, err := age.ParseX25519Identity(key); err == nil {
		return identity.Recipient(), nil
	}
	recipient, err := age.NewScryptRecipient(key)
	if err == nil {
		recipient.SetWorkFactor(workFactor)
	}
	return recipient, err
}

func identityOf(key string) (age.Identity, error) {
	if identity, err := age.ParseX25519Identity(key); err == nil {
		return identity, nil
	}
	return age.NewScryptIdentity(key)
}

// unseal gives a reader that decrypts what seal encrypted; what is in the clear
// stays so.
func (d *Database) unseal(r io.Reader) (io.Reader, error) {
	begun := bufio.NewReader(r)
	if !isSealed(begun) {
		return begun, nil
	}
	key := ""
	if d.find != nil {
		var err error
		if key, err = d.find(false); err != nil {
			return nil, err
		}
	}
	if key == "" {
		return nil, noKey(errors.New("no key"))
	}
	identity, err := identityOf(key)
	if err != nil {
		return nil, noKey(err)
	}
	plain, err := age.Decrypt(begun, identity)
	if err != nil {
		return nil, noKey(err)
	}
	return plain, nil
}

// isSealed looks at how something begins.
func isSealed(r *bufio.Reader) bool {
	begin, _ := r.Peek(len(ageHeader)) // too short: not sealed
	return bytes.Equal(begin, ageHeader)
}

func noKey(err error) error {
	return problem.Wrap(err, problem.Storage, lang.L("The stored snapshot is encrypted, and its key isn't in the keyring."),
		lang.L("Set ROLLCALL_CACHE_KEY to the key that it was kept with, or fetch again: then a new one is made."))
}

func damaged(err error) error {
	return problem.Wrap(err, problem.Storage, lang.L("The stored snapshot is damaged."), lang.L("Fetch again; nothing else is lost."))
}

// Wipe removes everything that is kept: connections, snapshots, decisions,
// history. The file itself is made anew, so that nothing stays in its free space.
func (d *Database) Wipe() error {
	d.open.Lock()
	err := d.anew()
	d.open.Unlock()
	if err != nil {
		return err
	}
	return d.prepare()
}

func (d *Database) anew() error {
	if err := d.bolt.Close(); err != nil {
		return d.failed(err)
	}
	if err := removeCopies(d.path); err != nil {
		return err
	}
	if err := os.Remove(d.path); err != nil {
		return unusable(err, d.path)
	}
	bolt, err := openFile(d.path)
	if err != nil {
		return unusable(err, d.path)
	}
	d.bolt = bolt
	return nil
}
