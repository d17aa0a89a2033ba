package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// Guard is a rule that stops a plan, or one group of it, until a person
// overrides it by name.
type Guard string

// The guards. Those marked so can't be overridden.
const (
	DefaultAccess Guard = "default-access" // can't be overridden
	Unreadable    Guard = "unreadable"     // can't be overridden
	UnmatchedIn   Guard = "unmatched"      // can't be overridden
	NotModifiable Guard = "not-modifiable" // can't be overridden
	OpenAnswers   Guard = "open-answers"   // can't be overridden
	LockOut       Guard = "lock-out"       // can't be overridden
	Seats         Guard = "seats"          // can't be overridden
	SeatsPeak     Guard = "seats-peak"
	UnknownAccess Guard = "unknown-access"
	EmptyGroup    Guard = "empty-group"
	GroupRemovals Guard = "group-removals"
	RunRemovals   Guard = "run-removals"
	Deactivations Guard = "deactivations"
	Stale         Guard = "stale"
)

// Guards lists all guards in the order in which they are told.
var Guards = []Guard{DefaultAccess, Unreadable, UnmatchedIn, NotModifiable, OpenAnswers, LockOut, Seats, SeatsPeak, UnknownAccess, EmptyGroup, GroupRemovals, RunRemovals, Deactivations, Stale}

// Overridable says whether a person may lift the guard.
func (g Guard) Overridable() bool {
	return slices.Contains([]Guard{SeatsPeak, UnknownAccess, EmptyGroup, GroupRemovals, RunRemovals, Deactivations, Stale}, g)
}

// Finding is a guard that stands in the way of one group, of one person's
// change, or of the whole plan where both are empty.
type Finding struct {
	Guard Guard
	Group string
	// Person is somebody's address.
	Person string
	// Message says what is in the way, Action what to do about it.
	Message, Action string
}

// Problem gives the finding as an error for a person.
func (f Finding) Problem() *problem.Problem {
	return problem.New(problem.Refused, f.Message, f.Action)
}

// About is what an override for this finding alone names: the group, or the
// person.
func (f Finding) About() string { return cmp.Or(f.Group, f.Person) }

// Overrides are the guards that a person lifted, each for one group or person (by
// the folded name or address) or, under "", for all.
type Overrides map[Guard][]string

// ParseOverrides reads GUARD[=GROUP or PERSON],… or all.
func ParseOverrides(text string) (Overrides, error) {
	overrides := Overrides{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		name, group, _ := strings.Cut(strings.TrimSpace(part), "=")
		if name == "all" && group == "" {
			for _, guard := range Guards {
				if guard.Overridable() {
					overrides[guard] = append(overrides[guard], "")
				}
			}
			continue
		}
		guard := Guard(name)
		if !slices.Contains(Guards, guard) {
			return nil, problem.New(problem.Usage, lang.L("There is no guard named “%s”.", name), lang.L("The guards that can be overridden are %s.", overridable()))
		}
		if !guard.Overridable() {
			return nil, problem.New(problem.Usage, lang.L("The guard %s can't be overridden.", name), lang.L("The guards that can be are %s.", overridable()))
		}
		overrides[guard] = append(overrides[guard], directory.FoldName(group))
	}
	return overrides, nil
}

func overridable() string {
	var names []string
	for _, guard := range Guards {
		if guard.Overridable() {
			names = append(names, string(guard))
		}
	}
	return strings.Join(names, ", ")
}

// Lift says whether a finding was overridden.
func (o Overrides) Lift(finding Finding) bool {
	if !finding.Guard.Overridable() {
		return false
	}
	groups := o[finding.Guard]
	return slices.Contains(groups, "") || finding.About() != "" && slices.Contains(groups, directory.FoldName(finding.About()))
}
