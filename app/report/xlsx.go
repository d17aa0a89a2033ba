package report

import (
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/rollcall-app/rollcall/app/display"
)

// longestCell is Excel's limit, in characters.
const longestCell = 32767

// writeXLSX writes a workbook: a sheet for each table, its header frozen and with
// a filter. Texts are stored as texts, so that none is taken for a formula.
func (r *Report) writeXLSX(out io.Writer) error {
	book := excelize.NewFile()
	defer func() { _ = book.Close() }() // it lies in memory
	heading, err := book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"#DCE6F5"}}})
	if err == nil {
		err = book.SetDocProps(&excelize.DocProperties{Title: r.Title, Creator: "Rollcall"})
	}
	for i := range r.Tables {
		if err == nil {
			err = writeSheet(book, i, &r.Tables[i], heading)
		}
	}
	if err == nil {
		err = book.Write(out)
	}
	if err != nil {
		return fmt.Errorf("write a workbook: %w", err)
	}
	return nil
}

func writeSheet(book *excelize.File, no int, table *Table, heading int) error {
	if no == 0 {
		if err := book.SetSheetName("Sheet1", table.Name); err != nil {
			return err
		}
	} else if _, err := book.NewSheet(table.Name); err != nil {
		return err
	}
	sheet, err := book.NewStreamWriter(table.Name)
	if err != nil {
		return err
	}
	widths := columnWidths(table)
	for i, width := range widths {
		if err := sheet.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	if err := sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	header := make([]any, len(table.Columns))
	for i, column := range table.Columns {
		header[i] = excelize.Cell{StyleID: heading, Value: column}
	}
	if err := sheet.SetRow("A1", header); err != nil {
		return err
	}
	for i, row := range table.Rows {
		cells := make([]any, len(row))
		for c, cell := range row {
			cells[c] = stored(cell)
		}
		if err := sheet.SetRow(fmt.Sprintf("A%d", i+2), cells); err != nil {
			return err
		}
	}
	if err := sheet.Flush(); err != nil {
		return err
	}
	last, err := excelize.CoordinatesToCellName(len(table.Columns), len(table.Rows)+1)
	if err != nil {
		return err
	}
	return book.AutoFilter(table.Name, "A1:"+last, nil)
}

// stored is a cell as the workbook keeps it.
func stored(cell any) any {
	switch value := cell.(type) {
	case string:
		return display.Short(value, longestCell)
	case time.Time:
		return text(value)
	}
	return cell
}

// columnWidths fit the first rows, within bounds.
func columnWidths(table *Table) []float64 {
	const least, most, sampled = 10, 60, 200
	widths := make([]float64, len(table.Columns))
	see := func(i int, shown string) {
		widths[i] = min(max(widths[i], float64(utf8.RuneCountInString(shown))+2, least), most)
	}
	for i, column := range table.Columns {
		see(i, column)
	}
	for _, row := range table.Rows[:min(len(table.Rows), sampled)] {
		for i, cell := range row {
			see(i, text(cell))
		}
	}
	return widths
}
