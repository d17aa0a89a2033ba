package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/rollcall-app/rollcall/app/lang"
)

//go:embed page.html
var pageText string

// page escapes whatever stands in the report.
var page = template.Must(template.New("page").Funcs(template.FuncMap{"text": text, "number": isNumber, "language": lang.Tag, "none": none}).Parse(pageText))

// writeHTML writes a page that needs nothing else.
func (r *Report) writeHTML(out io.Writer) error {
	if err := page.Execute(out, r); err != nil {
		return fmt.Errorf("write a page: %w", err)
	}
	return nil
}

// none stands in a table without rows.
func none() string { return lang.L("None.") }

func isNumber(cell any) bool {
	_, number := cell.(int)
	return number
}
