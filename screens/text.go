package screens

import (
	"fmt"
	"time"
)

// plural writes a number with its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// ago says how long ago something was.
func ago(at, now time.Time) string {
	age := now.Sub(at)
	switch {
	case age < time.Minute:
		return "just now"
	case age < time.Hour:
		return fmt.Sprintf("%d min old", int(age.Minutes()))
	case age < 48*time.Hour:
		return fmt.Sprintf("%d h old", int(age.Hours()))
	}
	return fmt.Sprintf("%d days old", int(age.Hours()/24))
}
