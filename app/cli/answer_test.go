package cli_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// document gives a group of the review as it is now.
func (x *terminal) group(t *testing.T, name string) app.GroupDocument {
	t.Helper()
	var document app.ReviewDocument
	x.run("", "review", "--json").document(t, &document)
	i := slices.IndexFunc(document.Groups, func(g app.GroupDocument) bool { return g.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return document.Groups[i]
}

func TestAnswersAreGivenListedCarriedOutAndUndone(t *testing.T) {
	x, _ := connected(t, simulator.Options{})
	require.Equal(t, 0, x.run("", "fetch").code)
	require.Contains(t, x.run("", "answer").out, "Nothing was answered")
	before := x.group(t, "architects")
	require.Equal(t, "not_found", string(x.run("", "answer", "keep", "architects", "nobody@acme.example", "--json").problem(t).Error.Code))

	var kept, out string
	for _, member := range before.Members {
		if member.Email == nil {
			continue
		}
		if member.Change == review.Removed {
			kept = *member.Email
		} else {
			out = *member.Email
		}
	}
	require.Equal(t, 0, x.run("", "answer", "keep", "architects", kept).code)
	require.Equal(t, 0, x.run("", "answer", "keep-out", "architects", out).code)
	var list app.TodosDocument
	x.run("", "answer", "--json").document(t, &list)
	require.Len(t, list.Todos, 2)
	text := x.run("", "answer").out
	require.Contains(t, text, "[ ] add ")
	require.Contains(t, text, "Directory › Groups › “architects” › People")
	require.Contains(t, x.group(t, "architects").BlockedBy, plan.OpenAnswers)

	dry := x.run("", "answer", "carry-out", "--dry-run")
	require.Contains(t, dry.out, "Nothing was written.")
	require.Contains(t, dry.out, "assigned to")
	require.Equal(t, "refused", string(x.run("", "answer", "carry-out", "--json").problem(t).Error.Code), "nobody confirmed")
	var done app.SyncDocument
	x.run("", "answer", "carry-out", "architects", "--yes", "--reason", "as agreed", "--json").document(t, &done)
	require.Equal(t, run.Answered, done.Groups[0].Result, done.Groups[0].Error)
	after := x.group(t, "architects")
	require.Equal(t, []int{before.Added - 1, before.Removed - 1}, []int{after.Added, after.Removed})
	require.Contains(t, x.run("", "answer").out, "[x] add ")
	require.Equal(t, 0, x.run("", "undo", "--yes").code)
	require.Equal(t, []int{before.Added, before.Removed}, []int{x.group(t, "architects").Added, x.group(t, "architects").Removed})
}

func TestGroupsAreAcceptedRejectedRenamedAndThatIsWithdrawn(t *testing.T) {
	x, _ := connected(t, simulator.Options{})
	require.Equal(t, 0, x.run("", "fetch").code)
	require.Equal(t, 0, x.run("", "answer", "reject", "architects", "brand", "--reason", "theirs").code)
	require.Equal(t, review.Rejected, x.group(t, "brand").State)
	require.Equal(t, "refused", string(x.run("", "answer", "accept", "brand", "--json").problem(t).Error.Code))
	require.Equal(t, 0, x.run("", "answer", "withdraw", "architects", "brand").code)
	require.Equal(t, review.Conflict, x.group(t, "brand").State)
	require.Equal(t, 0, x.run("", "answer", "accept", "brand").code)

	var dry app.SyncDocument
	x.run("", "sync", "--accepted", "--dry-run", "--json").document(t, &dry)
	require.Len(t, dry.Groups, 1)
	require.Equal(t, "brand", dry.Groups[0].Name)

	require.Contains(t, x.run("", "answer", "rename", "brand").out, "rename “brand” to “brand-idp”")
	require.Equal(t, "refused", string(x.run("", "answer", "rename", "brand", "architects", "--json").problem(t).Error.Code), "the name is taken")
	require.Equal(t, 0, x.run("", "answer", "withdraw", "brand").code)
	require.Equal(t, "not_found", string(x.run("", "sync", "--accepted", "--yes", "--json").problem(t).Error.Code))
	require.Contains(t, x.run("", "answer").out, "Nothing was answered")
}
