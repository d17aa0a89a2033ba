package storage

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// service is what Rollcall's entries in the keyring are filed under.
const service = "Rollcall"

// keyringPatience is how long a person has to answer the prompt that unlocks
// the keyring. go-keyring knows no context.
const keyringPatience = 30 * time.Second

// Keyring keeps credentials in the operating system's keyring: Keychain,
// Credential Manager, or the Secret Service. It implements app.Secrets. A
// credential longer than an entry may be lies in several.
type Keyring struct {
	// Entries stand for the system's keyring; nil for that.
	Entries Entries
}

// Entries are short secrets by service and name, as a keyring has them. One that
// isn't there is keyring.ErrNotFound.
type Entries interface {
	Get(service, name string) (string, error)
	Set(service, name, secret string) error
	Delete(service, name string) error
}

// system is the operating system's keyring.
type system struct{}

func (system) Get(service, name string) (string, error) { return keyring.Get(service, name) }
func (system) Set(service, name, secret string) error   { return keyring.Set(service, name, secret) }
func (system) Delete(service, name string) error        { return keyring.Delete(service, name) }

func (k Keyring) entries() Entries {
	if k.Entries == nil {
		return system{}
	}
	return k.Entries
}

// Secret gives the credential filed under a name. One that isn't there is a
// problem of code NotConnected.
func (k Keyring) Secret(ctx context.Context, name string) (string, error) {
	var secret string
	err := patiently(ctx, func() (err error) {
		secret, err = load(k.entries(), name)
		return err
	})
	if err != nil {
		return "", explainKeyring(err)
	}
	return secret, nil
}

// SaveSecret files a credential.
func (k Keyring) SaveSecret(ctx context.Context, name, secret string) error {
	return explainKeyring(patiently(ctx, func() error { return save(k.entries(), name, secret) }))
}

// DeleteSecret removes a credential; one that isn't there is no error.
func (k Keyring) DeleteSecret(ctx context.Context, name string) error {
	return explainKeyring(patiently(ctx, func() error { return remove(k.entries(), name) }))
}

// entrySize is how many bytes of a credential one entry holds: Windows takes
// 2,560, macOS 4,096 for a command that holds them in base64 with both names.
const entrySize = 2000

// partsMark begins an entry that says how many others hold the credential: the
// mark, the edition of the others, their number, the credential's hash.
const partsMark = "rollcall-parts:"

func partName(name, edition string, i int) string { return fmt.Sprintf("%s #%s.%d", name, edition, i) }

// load puts a credential together.
func load(entries Entries, name string) (string, error) {
	head, err := entries.Get(service, name)
	if err != nil {
		return "", err
	}
	edition, n, hash, parted := parts(head)
	if !parted {
		return head, nil
	}
	var secret strings.Builder
	for i := range n {
		part, err := entries.Get(service, partName(name, edition, i))
		if err != nil {
			return "", err
		}
		secret.WriteString(part)
	}
	if fingerprint(secret.String()) != hash {
		return "", keyring.ErrNotFound // a part was changed by somebody else
	}
	return secret.String(), nil
}

// save files a credential. The parts of a long one are written before the entry
// that names them, and the parts of the one before are removed after it: whoever
// reads in between finds one or the other whole.
func save(entries Entries, name, secret string) error {
	before, err := entries.Get(service, name)
	if err != nil && !errors.Is(err, keyring.ErrNotFound) {
		return err
	}
	head := secret
	if _, _, _, parted := parts(secret); parted || len(secret) > entrySize {
		edition, n := rand.Text()[:8], 0
		for part := range slices.Chunk([]byte(secret), entrySize) {
			if err := entries.Set(service, partName(name, edition, n), string(part)); err != nil {
				return err
			}
			n++
		}
		head = fmt.Sprintf("%s%s:%d:%s", partsMark, edition, n, fingerprint(secret))
	}
	if err := entries.Set(service, name, head); err != nil {
		return err
	}
	return removeParts(entries, name, before)
}

// remove removes a credential; one that isn't there is no error.
func remove(entries Entries, name string) error {
	head, err := entries.Get(service, name)
	if errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := entries.Delete(service, name); err != nil {
		return err
	}
	return removeParts(entries, name, head)
}

func removeParts(entries Entries, name, head string) error {
	edition, n, _, parted := parts(head)
	if !parted {
		return nil
	}
	for i := range n {
		if err := entries.Delete(service, partName(name, edition, i)); err != nil && !errors.Is(err, keyring.ErrNotFound) {
			return err
		}
	}
	return nil
}

// parts reads the entry that names others.
func parts(head string) (edition string, n int, hash string, parted bool) {
	fields := strings.Split(strings.TrimPrefix(head, partsMark), ":")
	if !strings.HasPrefix(head, partsMark) || len(fields) != 3 {
		return "", 0, "", false
	}
	n, err := strconv.Atoi(fields[1])
	return fields[0], n, fields[2], err == nil && n >= 0
}

func fingerprint(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

var errPatience = errors.New("the keyring doesn't answer")

// patiently calls f, which may wait for a person, for as long as patience lasts.
func patiently(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, keyringPatience, errPatience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// instead is what to do where there is no keyring to be had.
func instead() string {
	return lang.L("For a single command, give the credentials in ROLLCALL_IDP_SECRET and ROLLCALL_ATLASSIAN_SECRET instead.")
}

// explainKeyring has a sentence for each way in which a keyring fails.
func explainKeyring(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	say := func(message, action string) error {
		return problem.Wrap(err, problem.Keyring, message, action)
	}
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return problem.Wrap(err, problem.NotConnected, lang.L("The keyring holds no credentials for this connection."), lang.L("Connect again, or set ROLLCALL_IDP_SECRET and ROLLCALL_ATLASSIAN_SECRET."))
	case errors.Is(err, context.Canceled):
		return problem.Of(err)
	case errors.Is(err, keyring.ErrSetDataTooBig):
		return say(lang.L("The credentials are longer than this system's keyring takes."), instead())
	case errors.Is(err, errPatience), strings.Contains(text, "locked"), strings.Contains(text, "dismissed"):
		return say(lang.L("The keyring is locked and wasn't unlocked."), lang.L("Unlock it and try again. %s", instead()))
	case strings.Contains(text, "dbus-launch"), strings.Contains(text, "DBUS_SESSION_BUS_ADDRESS"):
		return say(lang.L("This session has no D-Bus, so there is no keyring."), lang.L("Start Rollcall in a desktop session. %s", instead()))
	case strings.Contains(text, "org.freedesktop.secrets"), strings.Contains(text, "ServiceUnknown"):
		return say(lang.L("No keyring service runs in this session."), lang.L("Install and start one, such as GNOME Keyring or KeePassXC. %s", instead()))
	case runtime.GOOS == "linux":
		return say(lang.L("The session's D-Bus can't be reached, so there is no keyring."), lang.L("Sign in again. %s", instead()))
	}
	return say(lang.L("The system's keyring can't be used."), instead())
}
