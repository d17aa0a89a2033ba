package cli

import "fmt"

// counted says a number of things in the terminal's own words, which are English.
func counted(n int, one, many string) string {
	if n == 1 {
		many = one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func groups(n int) string   { return counted(n, "group", "groups") }
func people(n int) string   { return counted(n, "person", "people") }
func requests(n int) string { return counted(n, "request", "requests") }
func batches(n int) string  { return counted(n, "batch", "batches") }
func records(n int) string  { return counted(n, "record", "records") }
