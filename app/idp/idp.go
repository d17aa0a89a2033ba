// Package idp says what Rollcall wants of an identity provider. Each provider
// is a package below this one.
package idp

import (
	"context"

	"github.com/rollcall-app/rollcall/app/directory"
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
	// Read reads all people, and all groups in scope with their members.
	Read(ctx context.Context, tell progress.Func) (directory.IdentityProvider, directory.Reading, error)
	// Now reads one group with its members as they are at this moment, by the
	// group's id. A group that is gone is a problem of code NotFound.
	Now(ctx context.Context, group string) (GroupNow, error)
	// Count gives the number of requests so far.
	Count() remote.Count
}

// GroupNow is a group of the identity provider as it is at this moment.
type GroupNow struct {
	Group   directory.SourceGroup
	Members []directory.Person
}
