package entra

import (
	"context"
	"net/http"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/remote"
)

// memberReference is the path of a membership. Without its last part Graph
// would delete the person: nothing else builds this path.
func memberReference(group, person string) string {
	return version + remote.Path("groups", group, "members", person) + "/$ref"
}

// AddMember makes a person a direct member (POST /groups/{group}/members/$ref).
func (e *Entra) AddMember(ctx context.Context, group directory.SourceGroup, person directory.Person) error {
	if group.ReadOnly != "" {
		return idp.Refuse(group, group.ReadOnly)
	}
	_, err := e.client.Do(ctx, remote.Call{
		Method: http.MethodPost, Path: version + remote.Path("groups", group.ID, "members") + "/$ref", Endpoint: "add a member", Repeatable: true,
		Body: map[string]string{"@odata.id": e.url + version + remote.Path("directoryObjects", person.ID)},
	})
	if remote.Status(err) != http.StatusBadRequest {
		return err
	}
	// 400 also means that the person is a member already.
	in, readErr := e.isMember(ctx, group.ID, person.ID)
	if readErr == nil && in {
		return nil
	}
	return err
}

// RemoveMember ends a direct membership
// (DELETE /groups/{group}/members/{person}/$ref).
func (e *Entra) RemoveMember(ctx context.Context, group directory.SourceGroup, person directory.Person) error {
	if group.ReadOnly != "" {
		return idp.Refuse(group, group.ReadOnly)
	}
	_, err := e.client.Do(ctx, remote.Call{Method: http.MethodDelete, Path: memberReference(group.ID, person.ID), Endpoint: "remove a member"})
	if remote.Status(err) != http.StatusNotFound {
		return err
	}
	// 404 also means that the person isn't a direct member.
	in, readErr := e.isMember(ctx, group.ID, person.ID)
	switch {
	case readErr != nil:
		return err
	case in:
		return idp.Refuse(group, lang.L("%s is in it through a group within it", person.Name))
	}
	return nil
}

// isMember says whether a person is in a group now, or in one within it.
func (e *Entra) isMember(ctx context.Context, group, person string) (bool, error) {
	now, err := e.Now(ctx, group)
	for _, member := range now.Members {
		if member.ID == person {
			return true, err
		}
	}
	return false, err
}

// RenameGroup gives a group another name (PATCH /groups/{group}).
func (e *Entra) RenameGroup(ctx context.Context, group directory.SourceGroup, name string) error {
	_, err := e.client.Do(ctx, remote.Call{
		Method: http.MethodPatch, Path: version + remote.Path("groups", group.ID), Body: map[string]string{"displayName": name}, Endpoint: "rename a group",
	})
	return err
}
