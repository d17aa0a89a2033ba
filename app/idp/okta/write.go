package okta

import (
	"context"
	"net/http"
	"slices"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// AddMember makes a person a member (PUT /api/v1/groups/{group}/users/{user}).
func (o *Okta) AddMember(ctx context.Context, group directory.SourceGroup, person directory.Person) error {
	if group.ReadOnly != "" {
		return idp.Refuse(group, group.ReadOnly)
	}
	return o.changeMember(ctx, http.MethodPut, lang.Mark("add a member"), group, person)
}

// RemoveMember ends a membership (DELETE /api/v1/groups/{group}/users/{user}).
// A group that a rule fills is refused: Okta would put the person on the rule's
// list of exceptions, which holds 100.
func (o *Okta) RemoveMember(ctx context.Context, group directory.SourceGroup, person directory.Person) error {
	if group.ReadOnly != "" {
		return idp.Refuse(group, group.ReadOnly)
	}
	rule, err := o.ruleOf(ctx, group.ID)
	if err != nil {
		return err
	}
	if rule != "" {
		return idp.Refuse(group, lang.L("the group rule “%s” fills it, and would list the person as an exception for good", rule))
	}
	return o.changeMember(ctx, http.MethodDelete, lang.Mark("remove a member"), group, person)
}

func (o *Okta) changeMember(ctx context.Context, method, what string, group directory.SourceGroup, person directory.Person) error {
	_, err := o.client.Do(ctx, remote.Call{Method: method, Path: remote.Path("api", "v1", "groups", group.ID, "users", person.ID), Endpoint: what})
	return err
}

// ruleOf gives the name of an active rule that puts people into a group, or "".
func (o *Okta) ruleOf(ctx context.Context, group string) (name string, err error) {
	err = list(ctx, o, lang.Mark("group rules"), "/api/v1/groups/rules", nil, rulesPage, func(row *struct {
		Name    string `json:"name"`
		Status  string `json:"status"`
		Actions struct {
			Assign struct {
				Groups []string `json:"groupIds"`
			} `json:"assignUserToGroups"`
		} `json:"actions"`
	}) error {
		if row.Status == "ACTIVE" && slices.Contains(row.Actions.Assign.Groups, group) {
			name = row.Name
		}
		return nil
	})
	return name, err
}

// RenameGroup gives a group another name (PUT /api/v1/groups/{group}). Okta
// replaces the whole profile, so its other fields are read and sent back.
func (o *Okta) RenameGroup(ctx context.Context, group directory.SourceGroup, name string) error {
	path := remote.Path("api", "v1", "groups", group.ID)
	var row struct {
		Type    string         `json:"type"`
		Profile map[string]any `json:"profile"`
	}
	if _, err := o.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: path, Endpoint: "read a group", Into: &row}); err != nil {
		return err
	}
	if row.Type != "OKTA_GROUP" {
		return problem.New(problem.Refused, lang.L("“%s” can't be renamed: it isn't Okta's own group.", group.Name),
			lang.L("Rename it where it comes from, then fetch again."))
	}
	delete(row.Profile, "objectClass")
	row.Profile["name"] = name
	_, err := o.client.Do(ctx, remote.Call{
		Method: http.MethodPut, Path: path, Body: map[string]any{"profile": row.Profile}, Endpoint: "rename a group",
	})
	return err
}
