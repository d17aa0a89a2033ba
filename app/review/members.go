package review

import (
	"cmp"
	"slices"

	"github.com/rollcall-app/rollcall/app/directory"
)

// The places of people who have no account to be a member with. Account numbers
// never come near them.
const (
	placeless  = directory.NoAccount - iota // to be provisioned
	uncertain                               // can't be matched
	notAMember                              // disabled: no member for the purpose of a sync
)

// settle works out once what comparing asks of each member.
func (r *Review) settle() {
	people, accounts := r.Snapshot.IdP.People, r.Snapshot.Atlassian.Accounts
	r.place, r.outside = make([]directory.AccountNo, len(people)), make([]bool, len(accounts))
	for i := range people {
		r.place[i] = r.Matches.AccountOf[i] // placeless where there is none
		if people[i].Disabled {
			r.place[i] = notAMember
		}
	}
	for no := range r.Matches.Unmatched {
		if !people[no].Disabled {
			r.place[no] = uncertain
		}
	}
	for i := range accounts {
		r.outside[i] = accounts[i].Outside()
	}
	r.marks.New = func() any { return &marks{of: make([]uint32, len(accounts))} }
}

// members are the two sides of one row as accounts, and what stands between.
type members struct {
	want      []directory.AccountNo
	provision []directory.PersonNo
	unmatched []directory.PersonNo

	have, added, removed, protected []directory.AccountNo // sorted
}

// compare fills in the members of a row; the slices are used again.
func (r *Review) compare(row *Row, m *members) {
	m.want, m.provision, m.unmatched = m.want[:0], m.provision[:0], m.unmatched[:0]
	m.have, m.added, m.removed, m.protected = m.have[:0], m.added[:0], m.removed[:0], m.protected[:0]
	if row.Source == NoSource {
		return
	}
	if row.Parts != nil {
		r.compareParts(row, m)
		return
	}
	marks := r.marks.Get().(*marks)
	marks.begin()
	if group, ok := row.Group(); ok {
		for _, account := range r.Snapshot.Atlassian.Members.Of(group) {
			if !r.outside[account] {
				m.have = append(m.have, account)
				marks.of[account] = marks.present
			}
		}
	}
	for _, no := range r.Snapshot.IdP.Members.Of(row.Source) {
		r.sort(no, m, marks)
	}
	slices.Sort(m.added)
	for _, account := range m.have {
		switch {
		case marks.of[account] == marks.wanted:
		case r.Matches.Protected[account] != "":
			m.protected = append(m.protected, account)
		default:
			m.removed = append(m.removed, account)
		}
	}
	r.marks.Put(marks)
	if r.Snapshot.IdP.Groups[row.Source].Unreadable != "" {
		// Who seems surplus may be among those who weren't read.
		m.protected, m.removed = append(m.protected, m.removed...), m.removed[:0]
		slices.Sort(m.protected)
	}
}

// compareParts gives what happens on any of a row's sites, each person once.
func (r *Review) compareParts(row *Row, m *members) {
	var part members
	for i := range row.Parts {
		r.compare(&row.Parts[i], &part)
		m.want, m.provision, m.unmatched = append(m.want, part.want...), append(m.provision, part.provision...), append(m.unmatched, part.unmatched...)
		m.have, m.added, m.removed = append(m.have, part.have...), append(m.added, part.added...), append(m.removed, part.removed...)
		m.protected = append(m.protected, part.protected...)
	}
	m.want, m.provision, m.unmatched = once(m.want), once(m.provision), once(m.unmatched)
	m.have, m.added, m.removed, m.protected = once(m.have), once(m.added), once(m.removed), once(m.protected)
}

// once sorts numbers and keeps each once.
func once[N cmp.Ordered](numbers []N) []N {
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// marks say of accounts whether they have been met while two sides are compared:
// that costs less than to sort both.
type marks struct {
	of              []uint32
	present, wanted uint32
}

// begin makes all marks of before mean nothing.
func (m *marks) begin() {
	if m.wanted > 1<<32-3 {
		clear(m.of)
		m.wanted = 0
	}
	m.present, m.wanted = m.wanted+1, m.wanted+2
}

// sort puts one member of the IdP group where it belongs.
func (r *Review) sort(no directory.PersonNo, m *members, marks *marks) {
	switch place := r.place[no]; place {
	case notAMember:
	case uncertain:
		m.unmatched = append(m.unmatched, no)
	case placeless:
		m.provision = append(m.provision, no)
	default:
		switch marks.of[place] {
		case marks.wanted: // through another person already
			return
		case marks.present:
		default:
			m.added = append(m.added, place)
		}
		marks.of[place] = marks.wanted
		m.want = append(m.want, place)
	}
}

func (r *Review) count(row *Row, m *members) {
	if row.Ambiguous() {
		return
	}
	if row.Source != NoSource {
		row.Unreadable = r.Snapshot.IdP.Groups[row.Source].Unreadable
	}
	r.compare(row, m)
	row.Added, row.Provisioned, row.Removed = len(m.added)+len(m.provision), len(m.provision), len(m.removed)
	row.Unmatched, row.Protected = len(m.unmatched), len(m.protected)
	row.Wanted, row.Present = len(m.want)+len(m.provision)+len(m.unmatched), len(m.have)
	for _, account := range m.removed {
		if r.access.loses(account, r.left(row, account)) {
			row.Losing++
		}
	}
}

// left are the groups that a removed account leaves by a sync of the row.
func (r *Review) left(row *Row, account directory.AccountNo) []directory.GroupNo {
	if row.Parts == nil {
		return row.Groups
	}
	var left []directory.GroupNo
	for _, no := range row.Groups {
		if contains(r.Snapshot.Atlassian.Members.Of(no), account) {
			left = append(left, no)
		}
	}
	return left
}
