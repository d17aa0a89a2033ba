// Package idp says what Rollcall wants of an identity provider. Each provider
// is a package below this one.
package idp

import (
	"context"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
)

// Provider reads an identity provider. Its methods are safe for concurrent use,
// and what they return is complete or an error: a *problem.Problem.
type Provider interface {
	// Title is what people call the provider: "Okta".
	Title() string
	// Check makes the least requests that show whether reading will work.
	Check(ctx context.Context) error
	// Read reads all people, and all groups in scope with their members. last,
	// unless it is nil, is what was read before: a provider that can tell what
	// changed since reads only that. The result is the same either way.
	Read(ctx context.Context, last *directory.IdentityProvider, tell progress.Func) (directory.IdentityProvider, directory.Reading, error)
	// Now reads one group with its members as they are at this moment, by the
	// group's id. A group that is gone is a problem of code NotFound.
	Now(ctx context.Context, group string) (GroupNow, error)
	// Person reads one person as they are at this moment, by their id. Somebody
	// who is gone is a problem of code NotFound.
	Person(ctx context.Context, id string) (directory.Person, error)
	// Count gives the number of requests so far.
	Count() remote.Count
}

// LeavesOut is a provider whose list of people leaves out some whom Person still
// finds, such as those deactivated.
type LeavesOut interface {
	// MayLeaveOut says whether an id that wasn't listed may be such a person's.
	MayLeaveOut(id string) bool
}

// Roll is a provider that gives everybody at once, by their ids, as they were at most
// a minute ago: where many people are asked about that takes far fewer requests.
// Who isn't among them may still be found by Person.
type Roll interface {
	Everybody(ctx context.Context) (map[string]directory.Person, error)
}

// Another is the problem of an answer about another person than was asked for,
// as where a name is taken for an id.
func Another(title string) error {
	return remote.Incomplete(lang.L("a person in %s", title), lang.L("the answer is about another one"))
}

// GroupNow is a group of the identity provider as it is at this moment.
type GroupNow struct {
	Group   directory.SourceGroup
	Members []directory.Person
}

// Examiner is a provider that tells what else hangs on a group. What it isn't
// permitted to read is unknown, not an error.
type Examiner interface {
	Uses(ctx context.Context, group directory.SourceGroup) (directory.Uses, error)
}

// Writer is a provider that can be changed. Each method refuses, with a problem
// of code Refused that gives the reason, where the provider wouldn't permit it;
// what is so already is no error.
type Writer interface {
	// AddMember makes a person a member of a group.
	AddMember(ctx context.Context, group directory.SourceGroup, person directory.Person) error
	// RemoveMember ends a person's direct membership of a group.
	RemoveMember(ctx context.Context, group directory.SourceGroup, person directory.Person) error
	// RenameGroup gives a group another name.
	RenameGroup(ctx context.Context, group directory.SourceGroup, name string) error
}

// ManyWriter is a writer that changes many members in one request: all of them, or
// none where it is refused.
type ManyWriter interface {
	ChangeMembers(ctx context.Context, group directory.SourceGroup, add, remove []directory.Person) error
}
