package screens

import (
	"time"

	"github.com/rollcall-app/rollcall/app/lang"
)

// plural is lang.N with the number first among the values, written as the person's
// system does.
func plural(n int, one, many string, values ...any) string {
	return lang.N(n, one, many, append([]any{grouped(n)}, values...)...)
}

// ago says how long ago something was.
func ago(at, now time.Time) string {
	age := now.Sub(at)
	switch {
	case age < time.Minute:
		return lang.L("just now")
	case age < time.Hour:
		return lang.L("%d min old", int(age.Minutes()))
	case age < 48*time.Hour:
		return lang.L("%d h old", int(age.Hours()))
	}
	return lang.L("%d days old", int(age.Hours()/24))
}
