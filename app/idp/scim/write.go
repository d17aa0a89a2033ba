package scim

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// operation is one of a PATCH (RFC 7644, section 3.5.2).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// AddMember makes a person a direct member.
func (s *SCIM) AddMember(ctx context.Context, group directory.SourceGroup, person directory.Person) error {
	return s.ChangeMembers(ctx, group, []directory.Person{person}, nil)
}

// RemoveMember ends a direct membership.
func (s *SCIM) RemoveMember(ctx context.Context, group directory.SourceGroup, person directory.Person) error {
	return s.ChangeMembers(ctx, group, nil, []directory.Person{person})
}

// ChangeMembers adds and removes many direct members in one PATCH, which the server
// carries out as a whole or not at all (RFC 7644, section 3.5.2).
func (s *SCIM) ChangeMembers(ctx context.Context, group directory.SourceGroup, add, remove []directory.Person) error {
	var changes []operation
	if len(add) > 0 {
		members := make([]map[string]string, len(add))
		for i := range add {
			members[i] = map[string]string{"value": add[i].ID}
		}
		changes = append(changes, operation{Op: "add", Path: "members", Value: members})
	}
	for i := range remove {
		changes = append(changes, operation{Op: "remove", Path: fmt.Sprintf("members[value eq %s]", quoted(remove[i].ID))})
	}
	return s.patch(ctx, lang.Mark("change members"), group, changes...)
}

// RenameGroup gives a group another name.
func (s *SCIM) RenameGroup(ctx context.Context, group directory.SourceGroup, name string) error {
	return s.patch(ctx, lang.Mark("rename a group"), group, operation{Op: "replace", Path: "displayName", Value: name})
}

// quoted writes a string of a filter: as in JSON.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// patch changes a group. A server that can't is never sent a whole group
// instead: that would overwrite whatever changed meanwhile.
func (s *SCIM) patch(ctx context.Context, what string, group directory.SourceGroup, changes ...operation) error {
	_, err := s.client.Do(ctx, remote.Call{
		Method: http.MethodPatch, Path: remote.Path("Groups", group.ID), Endpoint: what,
		Body: map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": changes},
	})
	if status := remote.Status(err); status == http.StatusNotImplemented || status == http.StatusMethodNotAllowed {
		return problem.Wrap(err, problem.Refused, lang.L("The SCIM server can't change “%s”: it doesn't support PATCH.", group.Name),
			lang.L("Make the change in the identity provider, then fetch again."))
	}
	return err
}
