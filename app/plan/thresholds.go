package plan

import (
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// Thresholds say from where on guards stop a plan. A person may set them.
type Thresholds struct {
	// A group's removals are to be confirmed when they are over this share of
	// its members, in percent, and over this number of people.
	GroupRemovalsPercent int `json:"group_removals_percent"`
	GroupRemovalsPeople  int `json:"group_removals_people"`
	// A run's removals are to be confirmed over this number.
	RunRemovals int `json:"run_removals"`
	// A snapshot is stale when it is older than this many hours.
	StaleHours int `json:"stale_hours"`
}

// DefaultThresholds are those that hold until a person sets others.
func DefaultThresholds() Thresholds {
	return Thresholds{GroupRemovalsPercent: 25, GroupRemovalsPeople: 5, RunRemovals: 500, StaleHours: 24}
}

// Check says what is wrong with thresholds, as a problem of code Usage.
func (t Thresholds) Check() error {
	for _, limit := range []struct {
		name          string
		value         int
		least, utmost int
	}{
		{lang.L("share of a group's members that may be removed, in percent,"), t.GroupRemovalsPercent, 0, 100},
		{lang.L("number of people that may be removed from a group"), t.GroupRemovalsPeople, 0, 1_000_000},
		{lang.L("number of removals in a run"), t.RunRemovals, 0, 1_000_000},
		{lang.L("age of a snapshot in hours"), t.StaleHours, 1, 24 * 365},
	} {
		if limit.value < limit.least || limit.value > limit.utmost {
			return problem.New(problem.Usage, lang.L("The %s can't be %d.", limit.name, limit.value), lang.L("Give a whole number from %d to %d.", limit.least, limit.utmost))
		}
	}
	return nil
}

// Stops says in a few words what a guard stops under some thresholds.
func (g Guard) Stops(t Thresholds) string {
	switch g {
	case DefaultAccess:
		return lang.L("a group that is given to whoever is given a product")
	case Unreadable:
		return lang.L("a group whose members aren't all known")
	case UnmatchedIn:
		return lang.L("a group with somebody who may be in the IdP group under another address")
	case NotModifiable:
		return lang.L("a group that Atlassian doesn't permit to change")
	case OpenAnswers:
		return lang.L("a group about which something was answered that isn't done yet")
	case LockOut:
		return lang.L("taking away the last admin, or the owner of the key")
	case Seats:
		return lang.L("more people on a product than it has seats")
	case SeatsPeak:
		return lang.L("more people on a product than it has seats while a run adds before it removes")
	case UnknownAccess:
		return lang.L("removals where what a group gives can't be read")
	case EmptyGroup:
		return lang.L("removing everybody, because the IdP group is empty")
	case GroupRemovals:
		return lang.L("removing over %d %% of a group, if that is over %s", t.GroupRemovalsPercent, lang.People(t.GroupRemovalsPeople))
	case RunRemovals:
		return lang.L("over %s in one run", lang.Removals(t.RunRemovals))
	case Deactivations:
		return lang.L("deactivating somebody")
	case Stale:
		return lang.N(t.StaleHours, "a snapshot older than %d hour", "a snapshot older than %d hours", t.StaleHours)
	}
	return ""
}
