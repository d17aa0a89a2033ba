package atlassian

import (
	"context"
	"net/http"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// GroupNow is an Atlassian group as it is at this moment.
type GroupNow struct {
	Group    directory.Group // without Grants
	Accounts []directory.Account
	// Grants are what the group gives, by resource identifier.
	Grants []directory.ResourceGrant
}

// Now reads a group's members, its roles and its default status. A group that
// Atlassian counts no resources for has no roles to ask for.
func (c *Client) Now(ctx context.Context, group directory.Group) (GroupNow, error) {
	now, row, err := c.membersNow(ctx, group.ID)
	if err != nil || row.Counts.Resources != nil && *row.Counts.Resources == 0 {
		return now, err
	}
	rows, err := c.roles(ctx, group.ID)
	if err != nil {
		return GroupNow{}, err
	}
	now.Grants = resourceGrants(rows)
	return now, nil
}

// MembersNow reads a group and its members, without its roles. It compares with
// Atlassian's count: a reading that doesn't add up is an error.
func (c *Client) MembersNow(ctx context.Context, group directory.Group) (GroupNow, error) {
	now, _, err := c.membersNow(ctx, group.ID)
	return now, err
}

func (c *Client) membersNow(ctx context.Context, group string) (now GroupNow, row *groupRow, err error) {
	err = c.searchGroups(ctx, groupFilter{IDs: []string{group}}, func(found *groupRow) error {
		row = found
		return nil
	})
	if err != nil {
		return GroupNow{}, nil, err
	}
	if row == nil {
		return GroupNow{}, nil, problem.New(problem.NotFound, lang.L("The Atlassian group no longer exists."), lang.L("Fetch again to see what there is now."))
	}
	now.Group = row.group()
	err = c.searchUsers(ctx, userFilter{Groups: []string{group}}, func(user *userRow) error {
		now.Accounts = append(now.Accounts, user.account())
		return nil
	})
	if err != nil {
		return GroupNow{}, nil, err
	}
	if row.Counts.Users != nil && *row.Counts.Users != len(now.Accounts) {
		return GroupNow{}, nil, remote.Incomplete(lang.L("the members of “%s” in Atlassian", row.Name),
			remote.Miscounted("Atlassian", *row.Counts.Users, len(now.Accounts)))
	}
	return now, row, nil
}

// Named lists the groups that have exactly this name now, in any case. There are
// no sites to tell apart under centralized user management.
func (c *Client) Named(ctx context.Context, _, name string) ([]directory.Group, error) {
	var groups []directory.Group
	err := c.searchGroups(ctx, groupFilter{Names: []string{name}}, func(row *groupRow) error {
		if directory.FoldName(row.Name) == directory.FoldName(name) {
			groups = append(groups, row.group())
		}
		return nil
	})
	return groups, err
}

// AccountsPage is how many accounts one request may ask about.
const AccountsPage = 10

// WhoIsIn says which of a few accounts (AccountsPage at most) are members of a
// group now.
func (c *Client) WhoIsIn(ctx context.Context, group directory.Group, accounts []string) (map[string]bool, error) {
	members := map[string]bool{}
	err := c.searchUsers(ctx, userFilter{Accounts: accounts, Expand: []string{"groups"}}, func(row *userRow) error {
		for _, in := range row.Groups {
			if groupID(in.ID) == group.ID {
				members[row.ID] = true
			}
		}
		return nil
	})
	return members, err
}

// CreateGroup makes a group (POST …/groups). It may take half a minute until
// Named finds it. A group of the name that came in between is an error with
// status 409.
func (c *Client) CreateGroup(ctx context.Context, _, name string) error {
	directories, err := c.directories(ctx)
	if err != nil {
		return err
	}
	if len(directories) != 1 {
		return problem.New(problem.Refused, lang.L("The organization has %d user directories; it isn't known in which “%s” belongs.", len(directories), name),
			lang.L("Create the group in Atlassian administration in the right directory, then fetch again."))
	}
	_, err = c.remote.Do(ctx, remote.Call{
		Method: http.MethodPost, Path: c.in(directories[0], "groups"), Body: map[string]string{"name": name}, Endpoint: "create groups",
	})
	return err
}

// Add makes an account a member (POST …/memberships). Status 409 means that it
// is one already, or that a product has no seat left.
func (c *Client) Add(ctx context.Context, group directory.Group, account string) error {
	_, err := c.remote.Do(ctx, remote.Call{
		Method: http.MethodPost, Path: c.in(group.Directory, "groups", group.ID, "memberships"),
		Body: map[string]string{"accountId": account}, Endpoint: "add members",
		// Adding twice changes nothing more: the second answer is 409.
		Repeatable: true,
	})
	return err
}

// Remove ends a membership (DELETE …/memberships/{account}). Status 404 means
// that there was none, or no such group.
func (c *Client) Remove(ctx context.Context, group directory.Group, account string) error {
	_, err := c.remote.Do(ctx, remote.Call{
		Method: http.MethodDelete, Path: c.in(group.Directory, "groups", group.ID, "memberships", account), Endpoint: "remove members",
	})
	return err
}

// InvitePage is how many people one invitation may name.
const InvitePage = 25

// Invited is what became of one invitation.
type Invited struct {
	Email string
	// Account is the id of the account, where one was named.
	Account string
	// Refusal is why the group wasn't given, or empty.
	Refusal string
}

// Invite brings people without an account into a group, without an e-mail and
// with nothing beyond the group (POST /v2/orgs/{org}/users/invite).
func (c *Client) Invite(ctx context.Context, group directory.Group, emails []string) ([]Invited, error) {
	var answer struct {
		Data []struct {
			ID      string `json:"id"`
			Email   string `json:"email"`
			Results []struct {
				Groups []struct {
					Status string  `json:"status"`
					Reason *string `json:"statusReason"`
				} `json:"groupAssignmentResult"`
			} `json:"results"`
		} `json:"data"`
	}
	_, err := c.remote.Do(ctx, remote.Call{
		Method: http.MethodPost, Path: remote.Path("admin", "v2", "orgs", c.org, "users", "invite"), Endpoint: "invite people",
		Body: map[string]any{
			"emails": emails, "additionalGroups": []string{group.ID}, "permissionRules": []any{}, "sendNotification": false,
		},
		Into: &answer,
	})
	if remote.Status(err) == http.StatusPaymentRequired {
		return nil, problem.Wrap(err, problem.Rejected, lang.L("Atlassian invites people only for organizations with a paid subscription."),
			lang.L("Invite them by hand at admin.atlassian.com, then fetch again."))
	}
	if err != nil {
		return nil, err
	}
	var invited []Invited
	for _, row := range answer.Data {
		one := Invited{Email: row.Email, Account: row.ID}
		for _, result := range row.Results {
			for _, group := range result.Groups {
				if group.Status == "ERROR" {
					one.Refusal = lang.L("the group could not be given")
					if group.Reason != nil {
						one.Refusal = *group.Reason
					}
				}
			}
		}
		invited = append(invited, one)
	}
	return invited, nil
}
