package cli_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func TestReviewsSimulationsAndRunsAreReported(t *testing.T) {
	company := simulator.Sample(4, 60, 400)
	company.PendingDomains = nil
	x, _ := connected(t, simulator.Options{Company: company})
	folder := t.TempDir()
	file := func(name string) string { return filepath.Join(folder, name) }
	require.Equal(t, "no_snapshot", string(x.run("", "report", "--out", file("none.csv"), "--json").problem(t).Error.Code))
	require.Equal(t, 0, x.run("", "fetch").code)
	var review app.ReviewDocument
	x.run("", "review", "--json").document(t, &review)
	changes := 0
	for _, group := range review.Groups {
		changes += len(group.Members)
	}

	require.Equal(t, 0, x.run("", "report", "--out", file("review.csv")).code)
	text, err := os.ReadFile(file("review.csv"))
	require.NoError(t, err)
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, changes+1, "a line for each member change")
	require.Equal(t, 1, x.run("", "report", "--out", file("review.csv")).code, "what is there isn't overwritten")

	plan := file("plan.json")
	require.Equal(t, 0, x.run("", "plan", "make", "--all", "--out", plan).code)
	require.Equal(t, 0, x.run("", "report", "--plan", plan, "--format", "xlsx", "--out", file("plan.xlsx")).code)
	require.Equal(t, 0, x.run("", "report", "--simulation", "--override", "all", "--format", "xlsx", "--out", file("all.xlsx")).code)
	operations := func(name string) int {
		book, err := excelize.OpenFile(name)
		require.NoError(t, err)
		defer book.Close()
		rows, err := book.GetRows("Operations")
		require.NoError(t, err)
		return len(rows)
	}
	require.Greater(t, operations(file("all.xlsx")), operations(file("plan.xlsx")), "more guards are lifted")

	require.Equal(t, "not_found", string(x.run("", "report", "--run", "last", "--out", file("run.html"), "--json").problem(t).Error.Code))
	require.NotEqual(t, 1, x.run("", "sync", "--plan", plan, "--yes", "--reason", "ticket <7>").code)
	page := x.run("", "report", "--run", "last", "--format", "html", "--out", "-")
	require.Equal(t, 0, page.code, page.err)
	require.Contains(t, page.out, "ticket &lt;7&gt;")
	require.Contains(t, page.out, "Operations (")
	require.True(t, strings.HasPrefix(x.run("", "report", "--run", "last", "--table", "groups", "--out", "-").out, "\ufeffGroup,Site,Result"))

	for _, wrong := range [][]string{{"--format", "pdf"}, {"--table", "nothing"}, {"--run", "last", "--simulation"}, {"--plan", plan, "--override", "all"}} {
		require.Equal(t, "usage", string(x.run("", append([]string{"report", "--out", file("wrong"), "--json"}, wrong...)...).problem(t).Error.Code), wrong)
	}
}
