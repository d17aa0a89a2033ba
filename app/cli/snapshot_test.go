package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/drift"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func TestSnapshotsAreKeptComparedAndForgotten(t *testing.T) {
	x, simulation := connected(t, simulator.Options{Company: simulator.Sample(4, 30, 200)})
	require.Contains(t, x.run("", "snapshot", "list").out, "No snapshot is kept yet")
	require.Equal(t, "no_snapshot", string(x.run("", "snapshot", "keep", "monday", "--json").problem(t).Error.Code))
	require.Equal(t, 0, x.run("", "fetch").code)
	require.Contains(t, x.run("", "snapshot", "compare", "--json").problem(t).Error.Message, "no previous snapshot")
	kept := x.run("", "snapshot", "keep", "monday")
	require.Equal(t, 0, kept.code, kept.err)
	for _, name := range []string{"monday", "latest", "previous", "", "a\nb"} {
		require.Equal(t, 1, x.run("", "snapshot", "keep", name).code, "%q", name)
	}

	var review app.ReviewDocument
	x.run("", "review", "--json").document(t, &review)
	var planned plan.File
	x.run("", "plan", "make", "--all", "--json").document(t, &planned)
	at := slices.IndexFunc(planned.Plan.Groups, func(g plan.Group) bool { return len(g.Remove) > 0 })
	group := planned.Plan.Groups[at]
	id := group.Remove[0].Account
	simulation.Disturb(group.Name, nil, []string{id})
	require.Equal(t, 0, x.run("", "fetch").code)
	for _, args := range [][]string{nil, {"monday"}, {"monday", "latest"}} {
		var compared struct {
			Before, After string
			Changes       []drift.Change
		}
		x.run("", append(append([]string{"snapshot", "compare"}, args...), "--json")...).document(t, &compared)
		require.Len(t, compared.Changes, 1)
		change := compared.Changes[0]
		require.Equal(t, []any{drift.Atlassian, drift.Member, drift.Removed, group.Name, id}, []any{change.Side, change.Of, change.Kind, change.Group, change.ID})
	}
	text := x.run("", "snapshot", "compare").out
	require.Contains(t, text, "In the identity provider: nothing changed.")
	require.Contains(t, text, "- "+group.Name+": ")
	var before, after app.ReviewDocument
	x.run("", "review", "--snapshot", "monday", "--json").document(t, &before)
	x.run("", "review", "--json").document(t, &after)
	require.Equal(t, review.Groups, before.Groups, "a kept snapshot is reviewed as it was")
	require.NotEqual(t, before.Groups, after.Groups)

	var list struct{ Snapshots []app.SnapshotNote }
	x.run("", "snapshot", "list", "--json").document(t, &list)
	names := []string{}
	for _, note := range list.Snapshots {
		names = append(names, note.Name)
	}
	require.Equal(t, []string{"latest", "previous", "monday"}, names)
	require.Equal(t, 1, x.run("", "snapshot", "forget", "latest").code)
	require.Equal(t, 0, x.run("", "snapshot", "forget", "monday").code)
	require.Equal(t, "not_found", string(x.run("", "review", "--snapshot", "monday", "--json").problem(t).Error.Code))
	require.Equal(t, "not_found", string(x.run("", "snapshot", "forget", "monday", "--json").problem(t).Error.Code))
}

func TestAColleagueReviewsOfflineWhatAnotherFetched(t *testing.T) {
	x, _ := connected(t, simulator.Options{Company: simulator.Sample(4, 30, 200)})
	require.Equal(t, 0, x.run("", "fetch").code)
	var mine, theirs app.ReviewDocument
	x.run("", "review", "--json").document(t, &mine)
	sealed, open := filepath.Join(t.TempDir(), "sealed"), filepath.Join(t.TempDir(), "open")
	require.Equal(t, 0, x.run("a passphrase", "snapshot", "export", "--out", sealed).code)
	require.Equal(t, 1, x.run("a passphrase", "snapshot", "export", "--out", sealed).code, "what is there isn't overwritten")
	warned := x.run("", "snapshot", "export", "latest", "--out", open, "--clear")
	require.Contains(t, warned.err, "in the clear")

	colleague := &terminal{t: t, folder: t.TempDir()}
	for _, wrong := range [][]string{{"another", sealed}, {"x", filepath.Join(t.TempDir(), "none")}} {
		require.Equal(t, "usage", string(colleague.run(wrong[0], "snapshot", "import", wrong[1], "--as", "acme", "--json").problem(t).Error.Code))
	}
	require.Equal(t, 0, colleague.run("a passphrase", "snapshot", "import", sealed, "--as", "acme").code)
	require.Equal(t, 1, colleague.run("a passphrase", "snapshot", "import", sealed, "--as", "acme").code)
	require.Equal(t, 0, colleague.run("", "snapshot", "import", open, "--as", "acme in the clear", "--clear").code)
	colleague.run("", "review", "--snapshot", "acme", "--json").document(t, &theirs)
	require.Equal(t, mine.Groups, theirs.Groups)
	require.Contains(t, colleague.run("", "snapshot", "compare", "acme", "acme in the clear").out, "In Atlassian: nothing changed.")
	require.Equal(t, 1, colleague.run("", "sync", "--all", "--yes").code, "nothing is synced from an imported snapshot")

	text, err := os.ReadFile(sealed)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(text, []byte("age-encryption.org/v1")))
	page := filepath.Join(t.TempDir(), "page.html")
	require.Equal(t, 0, colleague.run("", "report", "--snapshot", "acme", "--format", "html", "--out", page).code)
}
