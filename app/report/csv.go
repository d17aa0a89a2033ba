package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// writeCSV writes one table (RFC 4180), with a byte order mark, by which Excel
// takes it for UTF-8.
func (r *Report) writeCSV(out io.Writer, table string) error {
	chosen, err := r.table(table)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, "\ufeff"); err != nil {
		return fmt.Errorf("write a report: %w", err)
	}
	writer := csv.NewWriter(out)
	line := append([]string{}, chosen.Columns...)
	_ = writer.Write(line) // its error stays with the writer
	for _, row := range chosen.Rows {
		line = line[:0]
		for _, cell := range row {
			line = append(line, unformula(cell))
		}
		_ = writer.Write(line)
	}
	writer.Flush()
	if err := writer.Error(); err != nil {
		return fmt.Errorf("write a report: %w", err)
	}
	return nil
}

// unformula keeps a spreadsheet from taking a text for a formula: an apostrophe
// stands before it.
func unformula(cell any) string {
	shown := text(cell)
	if _, isText := cell.(string); isText && strings.ContainsRune("=+-@\t\r|%", first(shown)) {
		return "'" + shown
	}
	return shown
}

// first is the first character of a text after its spaces; some programs skip
// them.
func first(text string) rune {
	for _, r := range strings.TrimLeft(text, " \u00a0") {
		return r
	}
	return 'x'
}
