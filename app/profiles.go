package app

import (
	"context"
	"errors"
	"io"
	"regexp"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// DefaultProfile is the name of the profile that needs no name.
const DefaultProfile = "default"

// Profiles are several connections kept side by side, each with its own
// snapshot, decisions and history.
type Profiles interface {
	// Names lists the profiles there are, the default first.
	Names() ([]string, error)
	// Open opens a profile, and makes it where it is missing. Its App is the
	// caller's to close.
	Open(name string) (*App, error)
	// Sample opens a sample company, which touches nothing else; closing its
	// App ends it.
	Sample(ctx context.Context) (*App, error)
}

// SampleProfile is what the sample company is called where it stands in place of
// a profile.
const SampleProfile = "sample company"

// profileName is what a profile may be called; it is a folder's name, too.
var profileName = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,49}$`)

// CheckProfile refuses a name that no profile may have.
func CheckProfile(name string) error {
	if !profileName.MatchString(name) {
		return problem.New(problem.Usage, lang.L("A profile can't be named “%s”.", name), lang.L("Use up to 50 letters, digits, spaces, dots and hyphens, beginning with a letter or a digit."))
	}
	return nil
}

// Close lets go of what the App was opened with.
func (a *App) Close() error {
	var err error
	if closer, ok := a.Store.(io.Closer); ok {
		err = closer.Close()
	}
	if a.LogFile != nil {
		err = errors.Join(err, a.LogFile.Close())
	}
	return err
}

// SecretsOf keeps the credentials of a profile apart from those of others, which
// may be of the same host.
func SecretsOf(profile string, secrets Secrets) Secrets {
	if profile == DefaultProfile {
		return secrets
	}
	return profileSecrets{"profile " + profile + ": ", secrets}
}

type profileSecrets struct {
	prefix  string
	secrets Secrets
}

func (p profileSecrets) Secret(ctx context.Context, name string) (string, error) {
	return p.secrets.Secret(ctx, p.prefix+name)
}

func (p profileSecrets) SaveSecret(ctx context.Context, name, secret string) error {
	return p.secrets.SaveSecret(ctx, p.prefix+name, secret)
}

func (p profileSecrets) DeleteSecret(ctx context.Context, name string) error {
	return p.secrets.DeleteSecret(ctx, p.prefix+name)
}
