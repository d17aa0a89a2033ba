package storage

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/rollcall-app/rollcall/app/problem"
)

// service is what Rollcall's entries in the keyring are filed under.
const service = "Rollcall"

// keyringPatience is how long a person has to answer the prompt that unlocks
// the keyring. go-keyring knows no context.
const keyringPatience = 30 * time.Second

// Keyring keeps credentials in the operating system's keyring: Keychain,
// Credential Manager, or the Secret Service. It implements app.Secrets.
type Keyring struct{}

// Secret gives the credential filed under a name. One that isn't there is a
// problem of code NotConnected.
func (Keyring) Secret(ctx context.Context, name string) (string, error) {
	var secret string
	err := patiently(ctx, func() (err error) {
		secret, err = keyring.Get(service, name)
		return err
	})
	if err != nil {
		return "", explainKeyring(err)
	}
	return secret, nil
}

// SaveSecret files a credential.
func (Keyring) SaveSecret(ctx context.Context, name, secret string) error {
	return explainKeyring(patiently(ctx, func() error { return keyring.Set(service, name, secret) }))
}

// DeleteSecret removes a credential; one that isn't there is no error.
func (Keyring) DeleteSecret(ctx context.Context, name string) error {
	err := patiently(ctx, func() error { return keyring.Delete(service, name) })
	if errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	return explainKeyring(err)
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
const instead = "For a single command, give the credentials in ROLLCALL_IDP_SECRET and ROLLCALL_ATLASSIAN_SECRET instead."

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
		return problem.Wrap(err, problem.NotConnected, "The keyring holds no credentials for this connection.", "Connect again, or set ROLLCALL_IDP_SECRET and ROLLCALL_ATLASSIAN_SECRET.")
	case errors.Is(err, context.Canceled):
		return problem.Of(err)
	case errors.Is(err, keyring.ErrSetDataTooBig):
		return say("The credentials are longer than this system's keyring takes.", instead)
	case errors.Is(err, errPatience), strings.Contains(text, "locked"), strings.Contains(text, "dismissed"):
		return say("The keyring is locked and wasn't unlocked.", "Unlock it and try again. "+instead)
	case strings.Contains(text, "dbus-launch"), strings.Contains(text, "DBUS_SESSION_BUS_ADDRESS"):
		return say("This session has no D-Bus, so there is no keyring.", "Start Rollcall in a desktop session. "+instead)
	case strings.Contains(text, "org.freedesktop.secrets"), strings.Contains(text, "ServiceUnknown"):
		return say("No keyring service runs in this session.", "Install and start one, such as GNOME Keyring or KeePassXC. "+instead)
	case runtime.GOOS == "linux":
		return say("The session's D-Bus can't be reached, so there is no keyring.", "Sign in again. "+instead)
	}
	return say("The system's keyring can't be used.", instead)
}
