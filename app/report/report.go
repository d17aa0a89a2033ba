// Package report writes reviews, simulations and runs out for others to read: as
// CSV, as an Excel workbook, and as a page that prints well.
package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// Report is some tables under a title. Names from outside stand in it as they
// are; writing makes them harmless.
type Report struct {
	Title string
	// Made is when what it tells of was so: the snapshot's time, or the run's.
	Made   time.Time
	Tables []Table
	// Notes say what it leaves out.
	Notes []string
}

// Table is one table: in a workbook a sheet.
type Table struct {
	Name    string
	Columns []string
	// Rows hold texts, whole numbers and times.
	Rows [][]any
}

// add appends a row.
func (t *Table) add(cells ...any) { t.Rows = append(t.Rows, cells) }

// The formats that a report is written in.
const (
	CSV  = "csv"
	XLSX = "xlsx"
	HTML = "html"
)

// Formats lists them.
var Formats = []string{CSV, XLSX, HTML}

// Write writes the report in a format. table says which table a CSV holds; empty
// means the longest, which tells most. What there isn't is a problem of code
// Usage.
func (r *Report) Write(out io.Writer, format, table string) error {
	switch format {
	case CSV:
		return r.writeCSV(out, table)
	case XLSX:
		return r.writeXLSX(out)
	case HTML:
		return r.writeHTML(out)
	}
	return problem.New(problem.Usage, lang.L("There is no format “%s”.", format), lang.L("Choose csv, xlsx or html."))
}

// table finds a table by its name, in any case.
func (r *Report) table(name string) (*Table, error) {
	if name == "" {
		longest := slices.MaxFunc(r.Tables, func(a, b Table) int { return cmp.Compare(len(a.Rows), len(b.Rows)) })
		return &longest, nil
	}
	var names []string
	for i := range r.Tables {
		if strings.EqualFold(r.Tables[i].Name, name) {
			return &r.Tables[i], nil
		}
		names = append(names, r.Tables[i].Name)
	}
	return nil, problem.New(problem.Usage, lang.L("The report has no table “%s”.", name), lang.L("Choose one of %s.", strings.Join(names, ", ")))
}

// text gives a cell as a text that is harmless to show.
func text(cell any) string {
	switch value := cell.(type) {
	case string:
		return display.Line(value)
	case time.Time:
		if value.IsZero() {
			return ""
		}
		return value.Local().Format("2006-01-02 15:04")
	}
	return fmt.Sprint(cell)
}
