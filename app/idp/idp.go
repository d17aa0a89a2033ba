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
	// Members reads who is in one group now, by the group's id.
	Members(ctx context.Context, group string) ([]directory.Person, error)
	// Count gives the number of requests so far.
	Count() remote.Count
}
