// Package app is everything of Rollcall that isn't a window: it connects,
// fetches, reviews, plans and syncs. Windows and commands ask it, and show.
package app

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/user"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/logfile"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote/oauth"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// Settings are the connections, without their credentials.
type Settings struct {
	IdP       IdPSettings
	Atlassian AtlassianSettings
	// Experience is directory.Centralized, which is meant where it is empty,
	// or directory.Original: then Sites are read, and Atlassian only helps.
	Experience string
	Sites      []SiteSettings
	// Provisioning is the directory by which people are given accounts; without
	// one they are invited.
	Provisioning ProvisioningSettings
	// Guards are the thresholds that a person set; nil for the usual ones.
	Guards *plan.Thresholds `json:",omitempty"`
}

// Thresholds are those that hold.
func (s Settings) Thresholds() plan.Thresholds {
	if s.Guards == nil {
		return plan.DefaultThresholds()
	}
	return *s.Guards
}

// Connected says whether the Atlassian side is set up.
func (s Settings) Connected() bool {
	if s.Experience == directory.Original {
		return len(s.Sites) > 0
	}
	return s.Atlassian.Org != ""
}

// AtlassianSettings say how to reach the Atlassian organization.
type AtlassianSettings struct {
	// URL stands for https://api.atlassian.com; empty means that.
	URL  string
	Org  string
	Name string
	// Owner is the e-mail address of the owner of the key; without it nothing
	// is written.
	Owner string
}

// tidied frees what a person pasted of the spaces around it.
func (s AtlassianSettings) tidied() AtlassianSettings {
	s.URL, s.Org, s.Owner = strings.TrimRight(strings.TrimSpace(s.URL), "/"), strings.TrimSpace(s.Org), strings.TrimSpace(s.Owner)
	return s
}

func (s AtlassianSettings) secretName() string { return "atlassian " + s.URL + " " + s.Org }

// Store keeps state between sessions. What it returns is the caller's.
type Store interface {
	Settings() (Settings, error)
	SaveSettings(Settings) error
	// SaveThresholds keeps the guards' thresholds, and notes it in the history.
	SaveThresholds(ThresholdChange) error
	// Snapshot gives the latest snapshot, or nil.
	Snapshot() (*directory.Snapshot, error)
	// SaveSnapshot keeps a snapshot as the latest; the one before becomes the
	// previous one.
	SaveSnapshot(*directory.Snapshot) error
	// SnapshotNotes describes the kept snapshots: the latest and the previous
	// one, then the others by name.
	SnapshotNotes() ([]SnapshotNote, error)
	// SnapshotNamed gives the snapshot kept under a name, or nil.
	SnapshotNamed(name string) (*directory.Snapshot, error)
	SaveNamed(SnapshotNote, *directory.Snapshot) error
	DeleteNamed(name string) error
	// EncodeSnapshot and DecodeSnapshot write and read a file that holds a
	// snapshot, encrypted where there is a passphrase.
	EncodeSnapshot(out io.Writer, snapshot *directory.Snapshot, passphrase string) error
	DecodeSnapshot(in io.Reader, passphrase string) (*directory.Snapshot, error)
	Decisions() (map[string]review.Decision, error)
	SaveDecisions(...review.Decision) error
	DeleteDecisions(withdrawn ...review.Decision) error
	// Basis gives review.Decision.Basis of the decision on a group; nil where it
	// wasn't kept.
	Basis(group string) ([]string, error)
	// Answers gives all answers by their keys.
	Answers() (map[string]review.Answer, error)
	// SaveAnswers keeps answers in place of earlier ones of the same keys, and
	// DeleteAnswers forgets some; both note it in the history.
	SaveAnswers(...review.Answer) error
	DeleteAnswers(withdrawn ...review.Answer) error
	Outcomes() (map[string]review.Outcome, error)
	SaveOutcomes([]review.Outcome) error
	run.Journal
	// Runs lists the reports of all runs, the latest first.
	Runs() ([]run.Report, error)
	// Wipe removes everything that is kept.
	Wipe() error
	// Past gives what a run has done so far.
	Past(run string) (*run.Past, error)
	// History goes through all records in their order; one that was changed is
	// an error.
	History(each func(*history.Record) error) error
}

// Secrets keep credentials.
type Secrets interface {
	Secret(ctx context.Context, name string) (string, error)
	SaveSecret(ctx context.Context, name, secret string) error
	DeleteSecret(ctx context.Context, name string) error
}

// The environment variables that give credentials to one process.
const (
	IdPSecretVariable       = "ROLLCALL_IDP_SECRET"
	AtlassianSecretVariable = "ROLLCALL_ATLASSIAN_SECRET"
)

// App is one running Rollcall. Its methods are safe for concurrent use; those
// that take a context may wait for the network or a person.
type App struct {
	Store   Store
	Secrets Secrets
	Log     *slog.Logger
	// LogFile is the log on disk; nil where there is none, as in the demo.
	LogFile *logfile.File
	// Version is Rollcall's, without a leading v.
	Version string
	// Patience is how long a write may take until it is seen; zero for
	// run.DefaultPatience.
	Patience time.Duration
	// Profile is the name of the profile whose data it has, and Profiles are
	// all; nil where there are none, as in the demo.
	Profile  string
	Profiles Profiles
	// CacheKey is that of the snapshots; nil where they aren't encrypted.
	CacheKey *CacheKey
	// Environment looks up variables; nil for os.Getenv.
	Environment func(string) string

	// busy keeps fetches and runs from overlapping.
	busy sync.Mutex
}

func errBusy() error {
	return problem.New(problem.Refused, lang.L("Rollcall is fetching or syncing already."), lang.L("Wait until it is done, or cancel it."))
}

func (a *App) env(name string) string {
	if a.Environment != nil {
		return a.Environment(name)
	}
	return os.Getenv(name)
}

// By names who uses Rollcall: the account on this machine.
func By() string {
	if current, err := user.Current(); err == nil {
		return current.Username
	}
	return "unknown"
}

// secret gives a credential: from the environment where it is set, else from
// the keyring.
func (a *App) secret(ctx context.Context, variable, name string) (string, error) {
	if secret := a.env(variable); secret != "" {
		return secret, nil
	}
	return a.Secrets.Secret(ctx, name)
}

// saveSecret files a credential in the keyring. Where that fails, one that
// stands in the environment will do: kept says which.
func (a *App) saveSecret(ctx context.Context, variable, name, secret string) (kept bool, err error) {
	if err := a.Secrets.SaveSecret(ctx, name, secret); err != nil {
		if a.env(variable) == secret {
			return false, nil
		}
		return false, err
	}
	return true, nil
}

// organization makes the connector for Atlassian.
func (a *App) organization(settings AtlassianSettings, secret string) (*atlassian.Client, error) {
	if settings.Org == "" {
		return nil, problem.New(problem.NotConnected, lang.L("No Atlassian organization is connected."), lang.L("Connect it: in the window under Identity provider, or with rollcall connect atlassian."))
	}
	return atlassian.New(atlassian.Config{URL: settings.URL, Org: settings.Org, Key: secret, Log: a.Log})
}

// CheckIdP says whether reading the identity provider will work, with the secret
// given or, where that is empty, the one kept.
func (a *App) CheckIdP(ctx context.Context, settings IdPSettings, secret string) error {
	settings = settings.tidied()
	return a.checkIdP(ctx, settings, secret, a.keepSignIn(settings))
}

func (a *App) checkIdP(ctx context.Context, settings IdPSettings, secret string, keep keepSignIn) error {
	if err := settings.check(); err != nil {
		return err
	}
	secret, err := a.given(ctx, secret, settings)
	if err != nil {
		return err
	}
	provider, err := a.provider(settings, secret, keep)
	if err != nil {
		return err
	}
	defer closeProvider(provider)
	return provider.Check(ctx)
}

// CheckAtlassian says whether reading the organization will work, and gives its
// name. Whether the key may write isn't known until the first write.
func (a *App) CheckAtlassian(ctx context.Context, settings AtlassianSettings, secret string) (atlassian.Organization, error) {
	settings = settings.tidied()
	secret, err := a.secretOr(ctx, secret, AtlassianSecretVariable, settings.secretName())
	if err != nil {
		return atlassian.Organization{}, err
	}
	client, err := a.organization(settings, secret)
	if err != nil {
		return atlassian.Organization{}, err
	}
	defer func() { _ = client.Close() }() // a connection that nobody needs any more
	return client.Check(ctx)
}

// given is the secret that was entered, else the one kept; none where the
// provider takes none.
func (a *App) given(ctx context.Context, secret string, settings IdPSettings) (string, error) {
	if way, _ := settings.way(); way.Secret == "" && !way.Interactive {
		return "", nil
	}
	return a.secretOr(ctx, secret, IdPSecretVariable, settings.secretName())
}

// secretOr is the secret that was entered, else the one kept.
func (a *App) secretOr(ctx context.Context, secret, variable, name string) (string, error) {
	if secret = strings.TrimSpace(secret); secret != "" {
		return secret, nil
	}
	return a.secret(ctx, variable, name)
}

// ConnectIdP checks a connection and keeps it; the secret goes to the keyring.
// kept is false where only the environment holds it.
func (a *App) ConnectIdP(ctx context.Context, settings IdPSettings, secret string) (kept bool, err error) {
	settings, secret = settings.tidied(), strings.TrimSpace(secret)
	// Checking may already use up what a sign-in left, and get another.
	latest := func(_ context.Context, left oauth.SignedIn) error {
		secret = left.Text()
		return nil
	}
	if secret == "" {
		latest = a.keepSignIn(settings)
	}
	if err := a.checkIdP(ctx, settings, secret, latest); err != nil {
		return false, err
	}
	if kept, err = a.keep(ctx, secret, IdPSecretVariable, settings.secretName()); err != nil {
		return false, err
	}
	return kept, a.change(func(all *Settings) { all.IdP = settings })
}

// ConnectAtlassian checks a connection and keeps it; the secret goes to the
// keyring. kept is false where only the environment holds it.
func (a *App) ConnectAtlassian(ctx context.Context, settings AtlassianSettings, secret string) (kept bool, err error) {
	settings, secret = settings.tidied(), strings.TrimSpace(secret)
	org, err := a.CheckAtlassian(ctx, settings, secret)
	if err != nil {
		return false, err
	}
	settings.Name = org.Name
	if kept, err = a.keep(ctx, secret, AtlassianSecretVariable, settings.secretName()); err != nil {
		return false, err
	}
	return kept, a.change(func(all *Settings) { all.Atlassian = settings })
}

// keep files a secret, unless it is the one kept already.
func (a *App) keep(ctx context.Context, secret, variable, name string) (bool, error) {
	if secret == "" {
		return true, nil
	}
	return a.saveSecret(ctx, variable, name, secret)
}

func (a *App) change(edit func(*Settings)) error {
	settings, err := a.Store.Settings()
	if err != nil {
		return err
	}
	edit(&settings)
	return a.Store.SaveSettings(settings)
}

// DisconnectIdP forgets the identity provider and its credentials.
func (a *App) DisconnectIdP(ctx context.Context) error {
	settings, err := a.Store.Settings()
	if err != nil {
		return err
	}
	if err := a.Secrets.DeleteSecret(ctx, settings.IdP.secretName()); err != nil {
		return err
	}
	return a.change(func(all *Settings) { all.IdP = IdPSettings{} })
}

// DisconnectAtlassian forgets the organization and its credentials.
func (a *App) DisconnectAtlassian(ctx context.Context) error {
	settings, err := a.Store.Settings()
	if err != nil {
		return err
	}
	if err := a.Secrets.DeleteSecret(ctx, settings.Atlassian.secretName()); err != nil {
		return err
	}
	return a.change(func(all *Settings) { all.Atlassian = AtlassianSettings{} })
}

// Forget removes everything of the organization from this machine: connections,
// credentials, snapshots with their key, decisions, history and log. At Atlassian
// and the identity provider nothing changes.
func (a *App) Forget(ctx context.Context) error {
	if !a.busy.TryLock() {
		return errBusy()
	}
	defer a.busy.Unlock()
	settings, err := a.Store.Settings()
	if err != nil {
		return err
	}
	names := []string{settings.IdP.secretName(), settings.Atlassian.secretName(), settings.Provisioning.secretName()}
	for _, site := range settings.Sites {
		names = append(names, site.secretName())
	}
	for _, name := range names {
		if err := a.Secrets.DeleteSecret(ctx, name); err != nil {
			return err
		}
	}
	if a.CacheKey != nil {
		if err := a.CacheKey.Forget(ctx); err != nil {
			return err
		}
	}
	if a.LogFile != nil {
		if err := a.LogFile.Remove(); err != nil {
			return err
		}
	}
	return a.Store.Wipe()
}

// sides are the connectors of both sides.
type sides struct {
	settings     Settings
	idp          idp.Provider
	organization organization
	provisioning *atlassian.Provisioning // nil where no directory is connected
}

// sides makes the connectors from what is set up. Close them.
func (a *App) sides(ctx context.Context) (*sides, error) {
	s := &sides{}
	var err error
	if s.settings, err = a.Store.Settings(); err != nil {
		return nil, err
	}
	if s.settings.IdP.Provider == "" {
		_, err := FindProvider("")
		return nil, err
	}
	if s.organization, err = a.atlassianSide(ctx, s.settings); err != nil {
		return nil, err
	}
	if s.provisioning, err = a.provisioningSide(ctx, s.settings); err != nil {
		return nil, err
	}
	secret, err := a.given(ctx, "", s.settings.IdP)
	if err != nil {
		return nil, err
	}
	s.idp, err = a.provider(s.settings.IdP, secret, a.keepSignIn(s.settings.IdP))
	return s, err
}

func (s *sides) close() {
	closeProvider(s.idp)
	_ = s.organization.Close() // connections that nobody needs any more
	if s.provisioning != nil {
		_ = s.provisioning.Close()
	}
}

// atlassianSide makes the connector of the experience in use.
func (a *App) atlassianSide(ctx context.Context, settings Settings) (organization, error) {
	if settings.Experience == directory.Original {
		return a.connectedSites(ctx, settings)
	}
	if settings.Atlassian.Org == "" {
		return a.organization(settings.Atlassian, "")
	}
	secret, err := a.secret(ctx, AtlassianSecretVariable, settings.Atlassian.secretName())
	if err != nil {
		return nil, err
	}
	return a.organization(settings.Atlassian, secret)
}
