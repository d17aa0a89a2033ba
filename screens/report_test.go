package screens

import (
	"bytes"
	"testing"

	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/rollcall-app/rollcall/app/report"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// sink is a file to write to, in memory.
type sink struct {
	bytes.Buffer
	closed bool
}

func (s *sink) Close() error {
	s.closed = true
	return nil
}

func TestReviewsSimulationsAndRunsAreReportedFromTheWindow(t *testing.T) {
	company := simulator.Sample(1, 60, 400)
	company.PendingDomains = nil
	p := sitDown(t, company)
	p.menu("Report …")
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "Nothing has been fetched yet")
	test.Tap(buttons["OK"])
	p.fetch()
	p.syncAll("monthly")
	p.menu("Report …")
	texts, buttons, _ = p.dialog()
	require.Contains(t, texts, "Report")
	test.Tap(buttons["Cancel"])

	subjects, makers := p.w.reportable()
	require.Equal(t, []string{"the review", "a simulation of syncing all groups"}, subjects[:2])
	require.Contains(t, subjects[2], "the run of ")
	for i, sheets := range [][]string{
		{"Summary", "Groups", "Member changes", "Access changes"}, {"Summary", "Groups", "Operations", "Access changes"}, {"Summary", "Groups", "People", "Operations"},
	} {
		out := &sink{}
		p.w.writeReport(makers[i], report.XLSX, "report.xlsx", out)
		require.True(t, out.closed)
		require.Equal(t, "The report was written to report.xlsx.", p.w.status.task.Text)
		book, err := excelize.OpenReader(&out.Buffer)
		require.NoError(t, err)
		require.Equal(t, sheets, book.GetSheetList())
		require.NoError(t, book.Close())
	}
}
