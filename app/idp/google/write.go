package google

import (
	"context"
	"net/http"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/remote"
)

// AddMember makes a person a direct member (POST /groups/{group}/members).
func (g *Google) AddMember(ctx context.Context, group directory.SourceGroup, person directory.Person) error {
	if group.ReadOnly != "" {
		return idp.Refuse(group, group.ReadOnly)
	}
	_, err := g.client.Do(ctx, remote.Call{
		Method: http.MethodPost, Path: membersPath(group.ID), Endpoint: "add a member", Repeatable: true,
		Body: map[string]string{"email": person.Email, "role": "MEMBER"},
	})
	if remote.Status(err) == http.StatusConflict {
		return nil // a member already
	}
	return err
}

// RemoveMember ends a direct membership (DELETE /groups/{group}/members/{person}).
func (g *Google) RemoveMember(ctx context.Context, group directory.SourceGroup, person directory.Person) error {
	if group.ReadOnly != "" {
		return idp.Refuse(group, group.ReadOnly)
	}
	_, err := g.client.Do(ctx, remote.Call{Method: http.MethodDelete, Path: membersPath(group.ID) + remote.Path(person.ID), Endpoint: "remove a member"})
	if remote.Status(err) != http.StatusNotFound {
		return err
	}
	// 404 also means that the person isn't a direct member.
	now, readErr := g.Now(ctx, group.ID)
	if readErr != nil {
		return err
	}
	for _, member := range now.Members {
		if member.ID == person.ID {
			return idp.Refuse(group, lang.L("%s is in it through a group within it", person.Name))
		}
	}
	return nil
}

// RenameGroup gives a group another name (PATCH /groups/{group}).
func (g *Google) RenameGroup(ctx context.Context, group directory.SourceGroup, name string) error {
	_, err := g.client.Do(ctx, remote.Call{
		Method: http.MethodPatch, Path: base + remote.Path("groups", group.ID), Body: map[string]string{"name": name}, Endpoint: "rename a group",
	})
	return err
}
