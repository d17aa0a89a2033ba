package report_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/report"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// hostile are names that try to disturb what shows them, or to be a formula.
var hostile = []string{
	`=HYPERLINK("http://evil.example","x")`, "+1", "-1+1", "@SUM(A1)", "\t=1", " =2", "|cmd", "%0A", "two\nlines\x00", "a\x1b[31mred", "bi\u202edi", `"quoted", and, commas`,
	"<script>alert(1)</script>", "</td></table>", "&amp;", "'single", strings.Repeat("long ", 2000), strings.Repeat("ж", 40_000), "\u0430dmins", "{{.Title}}",
}

// company is a review in which every group, person and account has a hostile
// name, and each group's member is exchanged.
func company() *review.Review {
	s := &directory.Snapshot{ID: "s1", TakenAt: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	s.Atlassian.Name, s.Atlassian.Owner = "<Acme>", "a0"
	s.Atlassian.Products = []directory.Product{{ID: "ari", Key: "jira-software", Name: "=Jira", Site: "acme.atlassian.net", Seats: 100, Used: 20}}
	var wanted [][]directory.PersonNo
	var members [][]directory.AccountNo
	for i, name := range hostile {
		email := fmt.Sprintf("p%d@x.io", i)
		s.IdP.People = append(s.IdP.People, directory.Person{ID: email, Name: name, Email: email})
		s.IdP.Groups = append(s.IdP.Groups, directory.SourceGroup{ID: email, Name: name})
		s.Atlassian.Accounts = append(s.Atlassian.Accounts, directory.Account{
			ID: fmt.Sprint("a", i), Name: name, Email: email, Kind: directory.PersonKind, Status: directory.Active, LastActive: map[directory.ProductNo]time.Time{0: s.TakenAt},
		})
		s.Atlassian.Groups = append(s.Atlassian.Groups, directory.Group{ID: email, Name: name, Grants: []directory.Grant{{Access: directory.Access{Role: "atlassian/user"}}}})
		wanted = append(wanted, []directory.PersonNo{directory.PersonNo(i)})
		members = append(members, []directory.AccountNo{directory.AccountNo((i + 1) % len(hostile))})
	}
	s.IdP.Members, s.Atlassian.Members = directory.NewRuns[directory.SourceNo](wanted), directory.NewRuns[directory.GroupNo](members)
	s.Atlassian.Accounts[0].OrgRoles = []string{directory.OrgAdmin}
	return review.Compare(review.Input{Snapshot: s})
}

// reports are one of each kind.
func reports() map[string]*report.Report {
	r := company()
	all, _ := plan.ParseOverrides("all")
	p := plan.Make(r, app.All(r), plan.Terms{Thresholds: plan.DefaultThresholds(), Overrides: all, Now: r.Snapshot.TakenAt})
	past := &run.Past{Report: run.Report{ID: "r1", Began: r.Snapshot.TakenAt, Ended: r.Snapshot.TakenAt.Add(time.Minute), By: hostile[0], Reason: hostile[1]}}
	for i, name := range hostile {
		past.Report.Groups = append(past.Report.Groups, run.GroupResult{Name: name, Result: run.Failed, Error: name, Added: i, Surplus: []string{"a1"}})
		past.Report.People = append(past.Report.People, run.PersonResult{Kind: review.CreatePerson, Name: name, Email: name, Result: run.Synced})
		past.Operations = append(past.Operations, run.Operation{No: i + 1, Kind: run.Add, Group: name, Account: name, Done: true, Error: name})
	}
	return map[string]*report.Report{"review": report.Review(r, plan.DefaultThresholds()), "simulation": report.Simulation(r, p), "run": report.Run(past)}
}

func table(r *report.Report, name string) *report.Table {
	for i := range r.Tables {
		if r.Tables[i].Name == name {
			return &r.Tables[i]
		}
	}
	return nil
}

// harmful are what no cell of any report may hold.
const harmful = "[\x00-\x09\x0b-\x1f\x7f\u0080-\u009f\u202a-\u202e\u2066-\u2069\u200b]"

func TestNoNameDoesHarmInACSV(t *testing.T) {
	for name, r := range reports() {
		for i := range r.Tables {
			var out bytes.Buffer
			require.NoError(t, r.Write(&out, report.CSV, strings.ToUpper(r.Tables[i].Name)))
			text, marked := strings.CutPrefix(out.String(), "\ufeff")
			require.True(t, marked)
			lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
			require.NoError(t, err, "%s %s", name, r.Tables[i].Name)
			require.Len(t, lines, len(r.Tables[i].Rows)+1)
			require.Equal(t, r.Tables[i].Columns, lines[0])
			for _, line := range lines[1:] {
				for _, cell := range line {
					require.NotRegexp(t, `^[\s\x{a0}]*[=+@|%-]`, cell)
					require.NotRegexp(t, harmful, cell)
				}
			}
		}
	}
}

func TestAWorkbookHoldsEveryTableWithFiltersAndAFrozenHeader(t *testing.T) {
	for name, r := range reports() {
		var out bytes.Buffer
		require.NoError(t, r.Write(&out, report.XLSX, ""))
		book, err := excelize.OpenReader(&out)
		require.NoError(t, err, name)
		require.Len(t, book.GetSheetList(), len(r.Tables))
		for i := range r.Tables {
			sheet := r.Tables[i].Name
			rows, err := book.GetRows(sheet)
			require.NoError(t, err)
			require.Len(t, rows, len(r.Tables[i].Rows)+1, sheet)
			require.Equal(t, r.Tables[i].Columns, rows[0])
			panes, err := book.GetPanes(sheet)
			require.NoError(t, err)
			require.True(t, panes.Freeze)
			require.Equal(t, 1, panes.YSplit)
			for y, row := range rows {
				for x, cell := range row {
					require.NotRegexp(t, harmful, cell)
					at, err := excelize.CoordinatesToCellName(x+1, y+1)
					require.NoError(t, err)
					formula, err := book.GetCellFormula(sheet, at)
					require.NoError(t, err)
					require.Empty(t, formula)
				}
			}
		}
		require.NoError(t, book.Close())
		filters := 0
		for _, defined := range book.GetDefinedName() {
			if strings.Contains(defined.Name, "_FilterDatabase") {
				filters++
			}
		}
		require.Equal(t, len(r.Tables), filters)
	}
}

func TestAPageNeedsNothingElseAndRunsNothing(t *testing.T) {
	for name, r := range reports() {
		var out bytes.Buffer
		require.NoError(t, r.Write(&out, report.HTML, ""))
		require.NotRegexp(t, harmful, out.String())
		document, err := html.Parse(&out)
		require.NoError(t, err)
		count := map[string]int{}
		for node := range document.Descendants() {
			if node.Type != html.ElementNode {
				continue
			}
			count[node.Data]++
			for _, attribute := range node.Attr {
				require.NotContains(t, []string{"src", "onclick", "onload"}, attribute.Key)
				if attribute.Key == "href" {
					require.True(t, strings.HasPrefix(attribute.Val, "#t"), attribute.Val)
				}
			}
		}
		require.Zero(t, count["script"], name)
		require.Equal(t, len(r.Tables), count["table"], name)
		rows := 0
		for i := range r.Tables {
			rows += max(len(r.Tables[i].Rows), 1) + 1
		}
		require.Equal(t, rows, count["tr"], name)
	}
}

func TestAReviewsReportTellsWhatTheReviewTells(t *testing.T) {
	r := company()
	made := report.Review(r, plan.DefaultThresholds())
	require.Len(t, table(made, "Groups").Rows, len(hostile))
	changes := table(made, "Member changes")
	require.Len(t, changes.Rows, 2*len(hostile), "each group's member is exchanged")
	removed := 0
	for _, row := range changes.Rows {
		if row[1] == "removed" {
			removed++
			require.Equal(t, r.Snapshot.TakenAt, row[8], "when they last used what they lose")
		}
	}
	require.Equal(t, len(hostile), removed)
	require.Empty(t, table(made, "Access changes").Rows, "everybody keeps it through another group, over all of them")
	var none bytes.Buffer
	require.True(t, problem.Is(made.Write(&none, "pdf", ""), problem.Usage))
	require.True(t, problem.Is(made.Write(&none, report.CSV, "nothing"), problem.Usage))
}

func BenchmarkWorkbook(b *testing.B) {
	changes := report.Table{Name: "Member changes", Columns: []string{"Group", "Change", "Name", "E-mail"}}
	for i := range 50_000 {
		changes.Rows = append(changes.Rows, []any{"legal", "remove", fmt.Sprint("Person ", i), fmt.Sprintf("p%d@x.io", i)})
	}
	r := &report.Report{Title: "Review", Tables: []report.Table{changes}}
	for b.Loop() {
		var out bytes.Buffer
		if err := r.Write(&out, report.XLSX, ""); err != nil {
			b.Fatal(err)
		}
	}
}
