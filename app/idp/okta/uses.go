package okta

import (
	"context"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// appsPage is how many of a group's applications are asked for at once.
const appsPage = 200

// Uses tells which other applications a group is assigned to
// (GET /api/v1/groups/{group}/apps), and the rule that fills it.
func (o *Okta) Uses(ctx context.Context, group directory.SourceGroup) (directory.Uses, error) {
	var uses directory.Uses
	err := list(ctx, o, lang.Mark("applications of a group"), remote.Path("api", "v1", "groups", group.ID, "apps"), nil, appsPage, func(row *struct {
		ID    string `json:"id"`
		Label string `json:"label"`
	}) error {
		if o.app == "" || row.ID != o.app {
			uses.Applications = append(uses.Applications, row.Label)
		}
		return nil
	})
	if uses.Known = err == nil; err != nil && !problem.Is(err, problem.Forbidden) {
		return directory.Uses{}, err
	}
	// Without permission to read the rules, a removal is refused later.
	if uses.Rule, err = o.ruleOf(ctx, group.ID); err != nil && !problem.Is(err, problem.Forbidden) {
		return directory.Uses{}, err
	}
	return uses, nil
}
