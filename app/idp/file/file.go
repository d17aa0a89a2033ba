// Package file reads groups and their members from a CSV or JSON export, for
// whoever has no access to the identity provider's API.
package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
)

// File is an export. It implements idp.Provider.
type File struct{ path string }

// largest is more than an export of the largest directory.
const largest = 1 << 30

// New names a file; it reads nothing yet.
func New(path string) (*File, error) {
	if path == "" {
		return nil, problem.New(problem.Usage, lang.L("It isn't said which file to read."), lang.L("Give a CSV or JSON export with the columns group, e-mail and name."))
	}
	return &File{path}, nil
}

// Title gives "a file".
func (f *File) Title() string { return lang.L("File") }

// Count is always zero: a file takes no requests.
func (f *File) Count() remote.Count { return remote.Count{} }

// Preview reads the file and tells what it holds, bad lines included.
func (f *File) Preview() (Content, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return Content{}, f.unreadable(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	raw, err := io.ReadAll(io.LimitReader(file, largest+1))
	if err != nil {
		return Content{}, f.unreadable(err)
	}
	if len(raw) > largest {
		return Content{}, f.notAnExport(errors.New(lang.L("it is larger than any directory")))
	}
	content, err := Parse(raw)
	if err != nil {
		return Content{}, f.notAnExport(err)
	}
	return content, nil
}

func (f *File) notAnExport(err error) error {
	return problem.Wrap(err, problem.BadAnswer, lang.L("%s isn't an export that can be read: %v.", f.path, err),
		lang.L("Give a CSV or JSON file with the columns group, e-mail and name."))
}

func (f *File) unreadable(err error) error {
	code := problem.Storage
	if errors.Is(err, fs.ErrNotExist) {
		code = problem.NotFound
	}
	return problem.Wrap(err, code, lang.L("The file can't be read: %v.", err), lang.L("Check the path, and that you may read it."))
}

// shownLines is how many bad lines a sentence names; the preview names all.
const shownLines = 5

// content reads the file; a bad line is an error: who stands on it must not be
// taken for absent.
func (f *File) content() (Content, error) {
	content, err := f.Preview()
	if err != nil || len(content.Bad) == 0 {
		return content, err
	}
	var lines []string
	for _, bad := range content.Bad[:min(shownLines, len(content.Bad))] {
		lines = append(lines, lang.L("line %d: %s", bad.Line, bad.Why))
	}
	more := ""
	if n := len(content.Bad) - shownLines; n > 0 {
		more = lang.L("; and %d more", n)
	}
	return Content{}, problem.New(problem.Incomplete, lang.N(len(content.Bad), "%d line of %s can't be read (%s%s).", "%d lines of %s can't be read (%s%s).", len(content.Bad), f.path, strings.Join(lines, "; "), more),
		lang.L("Correct or remove those lines; who stands on them must not be taken for absent."))
}

// Check reads the file.
func (f *File) Check(context.Context) error {
	_, err := f.content()
	return err
}

// Read reads the file.
func (f *File) Read(ctx context.Context, _ *directory.IdentityProvider, tell progress.Func) (directory.IdentityProvider, directory.Reading, error) {
	tell.Tell(lang.L("Reading the file"), 0, 0)
	content, err := f.content()
	if err == nil && ctx.Err() != nil {
		err = problem.Of(ctx.Err())
	}
	if err != nil {
		return directory.IdentityProvider{}, directory.Reading{}, err
	}
	c := idp.NewCollector("file", lang.L("the file"), "file "+f.path)
	if err := collect(c, content.Rows); err != nil {
		return directory.IdentityProvider{}, directory.Reading{}, err
	}
	return c.Result(""), directory.Reading{Way: lang.N(len(content.Rows), "%d line of %s.", "%d lines of %s.", len(content.Rows), f.path)}, nil
}

// collect makes people of addresses and groups of names. Whoever stands in
// several groups is one person.
func collect(c *idp.Collector, rows []Row) error {
	members := map[string][]directory.Person{}
	in := map[[2]string]bool{}
	known := map[string]bool{}
	for _, row := range rows {
		group := row.group()
		if _, there := members[group.ID]; !there {
			members[group.ID] = nil
			if err := c.AddGroup(group); err != nil {
				return err
			}
		}
		if row.Email == "" {
			continue
		}
		person := row.person()
		if !known[person.ID] {
			known[person.ID] = true
			if err := c.AddPerson(person); err != nil {
				return err
			}
		}
		if !in[[2]string{group.ID, person.ID}] {
			in[[2]string{group.ID, person.ID}] = true
			members[group.ID] = append(members[group.ID], person)
		}
	}
	for group, people := range members {
		if err := c.SetMembers(group, people); err != nil {
			return err
		}
	}
	return nil
}

// group takes the id that the file gives, else the name as it is written.
func (r *Row) group() directory.SourceGroup {
	id := r.GroupID
	if id == "" {
		id = r.Group
	}
	return directory.SourceGroup{ID: id, Name: r.Group, ReadOnly: lang.L("a file can't be written to the identity provider")}
}

func (r *Row) person() directory.Person {
	person := directory.Person{ID: directory.FoldAddress(r.Email), Name: r.Name, Email: r.Email, Status: "listed", Disabled: r.Disabled}
	if r.Disabled {
		person.Status = "disabled"
	}
	return person
}

// Now reads one group of the file as it is now.
func (f *File) Now(ctx context.Context, group string) (idp.GroupNow, error) {
	side, _, err := f.Read(ctx, nil, nil)
	if err != nil {
		return idp.GroupNow{}, err
	}
	for i := range side.Groups {
		if side.Groups[i].ID != group {
			continue
		}
		now := idp.GroupNow{Group: side.Groups[i]}
		for _, no := range side.Members.Of(directory.SourceNo(i)) {
			now.Members = append(now.Members, side.People[no])
		}
		return now, nil
	}
	return idp.GroupNow{}, problem.New(problem.NotFound, lang.L("The file no longer holds the group."), lang.L("Fetch again to see what there is now."))
}

// Person reads one person of the file as they are now.
func (f *File) Person(ctx context.Context, id string) (directory.Person, error) {
	side, _, err := f.Read(ctx, nil, nil)
	if err != nil {
		return directory.Person{}, err
	}
	for _, person := range side.People {
		if person.ID == id {
			return person, nil
		}
	}
	return directory.Person{}, problem.New(problem.NotFound, lang.L("The file no longer holds the person."), lang.L("Fetch again to see what there is now."))
}
