package app

import (
	"io"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/drift"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
)

// The names of the snapshots of the last fetch and of the one before, which
// Rollcall keeps by itself.
const (
	Latest   = "latest"
	Previous = "previous"
)

// SnapshotNote says what a kept snapshot is. It holds nobody's name or address,
// and is readable without the key of the snapshots.
type SnapshotNote struct {
	Name string `json:"name"`
	// ID is the snapshot's own; a run that amends the latest keeps it.
	ID      string    `json:"id"`
	TakenAt time.Time `json:"takenAt"`
	// KeptAt and By say when it was kept or imported, and on whose account of the
	// machine.
	KeptAt time.Time `json:"keptAt"`
	By     string    `json:"by"`
	// Provider and Organization are what was read.
	Provider     string `json:"provider"`
	Organization string `json:"organization"`
	// Groups and People count those of the identity provider.
	Groups int `json:"groups"`
	People int `json:"people"`
}

// NewSnapshotNote describes a snapshot that is kept now under a name.
func NewSnapshotNote(name string, s *directory.Snapshot) SnapshotNote {
	return SnapshotNote{
		Name: name, ID: s.ID, TakenAt: s.TakenAt, KeptAt: time.Now(), By: By(), Provider: s.IdP.Provider, Organization: s.Atlassian.Name,
		Groups: len(s.IdP.Groups), People: len(s.IdP.People),
	}
}

// Snapshots lists the kept snapshots: the latest and the previous one, then the
// others by name.
func (a *App) Snapshots() ([]SnapshotNote, error) { return a.Store.SnapshotNotes() }

// SnapshotNamed gives a kept snapshot; one that isn't there is a problem of code
// NotFound, or NoSnapshot where it wasn't fetched yet.
func (a *App) SnapshotNamed(name string) (*directory.Snapshot, error) {
	snapshot, err := a.Store.SnapshotNamed(name)
	if err != nil || snapshot != nil {
		return snapshot, err
	}
	switch name {
	case Latest:
		return nil, problem.New(problem.NoSnapshot, lang.L("Nothing has been fetched yet."), lang.L("Connect both sides and fetch."))
	case Previous:
		return nil, problem.New(problem.NoSnapshot, lang.L("There is no previous snapshot yet."), lang.L("Fetch again, or name a kept snapshot."))
	}
	return nil, problem.New(problem.NotFound, lang.L("No snapshot is kept as “%s”.", name), lang.L("Look at rollcall snapshot list for the names."))
}

// KeepSnapshot keeps the latest snapshot under a name.
func (a *App) KeepSnapshot(name string) error {
	snapshot, err := a.SnapshotNamed(Latest)
	if err != nil {
		return err
	}
	return a.keepAs(name, snapshot)
}

// keepAs keeps a snapshot under a name that none has yet.
func (a *App) keepAs(name string, snapshot *directory.Snapshot) error {
	if err := checkSnapshotName(name); err != nil {
		return err
	}
	notes, err := a.Snapshots()
	if err != nil {
		return err
	}
	for _, note := range notes {
		if note.Name == name {
			return problem.New(problem.Usage, lang.L("A snapshot is kept as “%s” already.", name), lang.L("Choose another name, or forget that one first."))
		}
	}
	return a.Store.SaveNamed(NewSnapshotNote(name, snapshot), snapshot)
}

// maxSnapshotName bounds a name, in characters.
const maxSnapshotName = 60

func checkSnapshotName(name string) error {
	good := name != "" && name != Latest && name != Previous && utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxSnapshotName
	for _, r := range name {
		good = good && unicode.IsPrint(r)
	}
	if !good {
		return problem.New(problem.Usage, lang.L("A snapshot can't be kept under the name %q.", name),
			lang.L("Choose 1 to %d printable characters, other than %s and %s.", maxSnapshotName, Latest, Previous))
	}
	return nil
}

// ForgetSnapshot removes a snapshot that was kept under a name; the latest and
// the previous one can't be.
func (a *App) ForgetSnapshot(name string) error {
	if err := checkSnapshotName(name); err != nil {
		return err
	}
	if _, err := a.SnapshotNamed(name); err != nil && problem.Is(err, problem.NotFound) {
		return err
	}
	return a.Store.DeleteNamed(name)
}

// ExportSnapshot writes a kept snapshot so that ImportSnapshot reads it on another
// machine, encrypted with a passphrase; in the clear where that is empty.
func (a *App) ExportSnapshot(name, passphrase string, out io.Writer) error {
	snapshot, err := a.SnapshotNamed(name)
	if err != nil {
		return err
	}
	return a.Store.EncodeSnapshot(out, snapshot, passphrase)
}

// ImportSnapshot keeps what ExportSnapshot wrote under a name. It is there to be
// reviewed and compared; nothing is ever synced from it.
func (a *App) ImportSnapshot(name, passphrase string, in io.Reader) (*directory.Snapshot, error) {
	if err := checkSnapshotName(name); err != nil {
		return nil, err
	}
	snapshot, err := a.Store.DecodeSnapshot(in, passphrase)
	if err != nil {
		return nil, err
	}
	return snapshot, a.keepAs(name, snapshot)
}

// ReviewNamed compares a kept snapshot's two sides; see Review. What became of runs
// since counts for the latest alone: any other is shown as it was.
func (a *App) ReviewNamed(name string, atlassianOnly bool) (*review.Review, error) {
	snapshot, err := a.SnapshotNamed(name)
	if err != nil {
		return nil, err
	}
	if name == Latest {
		return a.review(snapshot, atlassianOnly)
	}
	decisions, err := a.Store.Decisions()
	if err != nil {
		return nil, err
	}
	return review.Compare(review.Input{Snapshot: snapshot, AtlassianOnly: atlassianOnly, Decisions: decisions}), nil
}

// Drift lists what changed from one kept snapshot to another.
func (a *App) Drift(before, after string) ([]drift.Change, error) {
	first, err := a.SnapshotNamed(before)
	if err != nil {
		return nil, err
	}
	second, err := a.SnapshotNamed(after)
	if err != nil {
		return nil, err
	}
	return drift.Between(first, second)
}
