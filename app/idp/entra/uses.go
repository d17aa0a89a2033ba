package entra

import (
	"context"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// Uses tells which other enterprise applications a group is assigned to
// (GET /groups/{group}/appRoleAssignments). Licences, shared folders and access
// policies that hang on a group aren't among them.
func (e *Entra) Uses(ctx context.Context, group directory.SourceGroup) (directory.Uses, error) {
	var uses directory.Uses
	err := list(ctx, e, lang.Mark("the applications of a group"), remote.Path("groups", group.ID, "appRoleAssignments"), nil, func(row *struct {
		ID   string `json:"resourceId"`
		Name string `json:"resourceDisplayName"`
	}) error {
		if e.app == "" || row.ID != e.app {
			uses.Applications = append(uses.Applications, row.Name)
		}
		return nil
	})
	if problem.Is(err, problem.Forbidden) {
		return directory.Uses{}, nil
	}
	uses.Known = err == nil
	return uses, err
}
