package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// fileFormat is the version of files that hold a plan.
const fileFormat = 1

// maxFile bounds how much of a file is read: a plan of a million operations
// takes a quarter of it.
const maxFile = 1 << 30

// File is a plan as it is saved, with what was asked for. It says what somebody
// saw and agreed to, and is never the authority: before it is performed the plan
// is made again from what is known then, and must be the same.
type File struct {
	Format int       `json:"rollcall_plan"`
	Made   time.Time `json:"made"`
	By     string    `json:"by"`
	// Groups are the ids of the IdP groups that were selected; Everybody as in
	// Selection.
	Groups    []string  `json:"groups"`
	Everybody bool      `json:"everybody"`
	Overrides Overrides `json:"overrides"`
	Plan      *Plan     `json:"plan"`
}

// NewFile makes the file of a plan.
func NewFile(p *Plan, everybody bool, overrides Overrides, by string, at time.Time) *File {
	f := &File{Format: fileFormat, Made: at.UTC(), By: by, Everybody: everybody, Overrides: overrides, Plan: p}
	seen := map[string]bool{}
	for i := range p.Groups {
		if source := p.Groups[i].Source; !seen[source] { // of several sites
			seen[source] = true
			f.Groups = append(f.Groups, source)
		}
	}
	return f
}

// Write writes the file.
func (f *File) Write(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(f); err != nil {
		return fmt.Errorf("write a plan: %w", err)
	}
	return nil
}

// ReadFile reads a file that holds a plan; anything else is a problem of code
// Usage.
func ReadFile(in io.Reader) (*File, error) {
	f := &File{}
	if err := json.NewDecoder(io.LimitReader(in, maxFile)).Decode(f); err != nil {
		return nil, problem.Wrap(err, problem.Usage, lang.L("The file isn't a plan: it can't be read as one."), lang.L("Give a file that rollcall plan make wrote."))
	}
	if f.Format > fileFormat {
		return nil, problem.New(problem.Usage, lang.L("The plan was written by a newer Rollcall."), lang.L("Install the newer version, or make the plan again."))
	}
	if f.Format != fileFormat || f.Plan == nil {
		return nil, problem.New(problem.Usage, lang.L("The file isn't a plan."), lang.L("Give a file that rollcall plan make wrote."))
	}
	seen := make(map[string]bool, len(f.Plan.Groups))
	for i := range f.Plan.Groups {
		group := &f.Plan.Groups[i]
		if seen[group.Key()] {
			return nil, problem.New(problem.Usage, lang.L("The file isn't a plan: it holds “%s” twice.", group.Title()), lang.L("Give a file that rollcall plan make wrote."))
		}
		seen[group.Key()] = true
	}
	return f, nil
}
