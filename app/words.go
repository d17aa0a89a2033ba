package app

import (
	"strings"

	"github.com/rollcall-app/rollcall/app/lang"
)

// Word is a value out of a list, such as a result or a state, in the person's
// language. What a vendor or a person named stays as it is.
func Word[T ~string](value T) string {
	return lang.L(strings.NewReplacer("_", " ", "-", " ").Replace(string(value)))
}

// The values that Word is asked for.
var _ = []string{
	// review.State and run.Result
	lang.Mark("ambiguous"), lang.Mark("rejected"), lang.Mark("failed"), lang.Mark("changed"), lang.Mark("waiting"), lang.Mark("synced"),
	lang.Mark("blocked"), lang.Mark("new"), lang.Mark("conflict"), lang.Mark("atlassian only"), lang.Mark("skipped"), lang.Mark("answered"),
	// review.ChangeKind
	lang.Mark("removed"), lang.Mark("added"), lang.Mark("provisioned"), lang.Mark("unchanged"),
	// review.PersonChangeKind and run.Kind
	lang.Mark("create"), lang.Mark("update"), lang.Mark("deactivate"), lang.Mark("activate"), lang.Mark("invite"), lang.Mark("add"), lang.Mark("remove"),
	lang.Mark("create person"), lang.Mark("update person"), lang.Mark("deactivate person"), lang.Mark("activate person"),
	lang.Mark("add to idp group"), lang.Mark("remove from idp group"), lang.Mark("rename idp group"),
	// plan.Guard
	lang.Mark("default access"), lang.Mark("unreadable"), lang.Mark("unmatched"), lang.Mark("not modifiable"), lang.Mark("open answers"),
	lang.Mark("lock out"), lang.Mark("seats"), lang.Mark("seats peak"), lang.Mark("unknown access"), lang.Mark("empty group"),
	lang.Mark("group removals"), lang.Mark("run removals"), lang.Mark("deactivations"), lang.Mark("stale"),
	// directory.AccountStatus, and the experiences
	lang.Mark("active"), lang.Mark("suspended"), lang.Mark("deactivated"), lang.Mark("not invited"), lang.Mark("closed"),
	lang.Mark("centralized"), lang.Mark("original"),
}
