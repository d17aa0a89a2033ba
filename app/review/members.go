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

	elsewhere = notAMember // from here on places aren't accounts
)

// settle works out once what comparing asks of each member.
func (r *Review) settle() {
	people, accounts := r.Snapshot.IdP.People, r.Snapshot.Atlassian.Accounts
	r.place = make([]directory.AccountNo, len(people))
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
	blank := make([]uint8, len(accounts))
	for i := range accounts {
		if accounts[i].Outside() {
			blank[i] = outside
		}
	}
	r.marks.New = func() any { return &marks{of: slices.Clone(blank)} }
}

// members are the two sides of one row as accounts, and what stands between.
type members struct {
	// wanted is how many accounts the IdP group's members have.
	wanted    int
	provision []directory.PersonNo
	unmatched []directory.PersonNo

	have, added, removed, protected []directory.AccountNo // sorted
}

// staying gives who is a member and remains one; after gives the members once the
// row is synced. Both are sorted.
func (m *members) staying() []directory.AccountNo {
	return without(without(m.have, m.removed), m.protected)
}

func (m *members) after() []directory.AccountNo {
	return once(append(without(m.have, m.removed), m.added...))
}

// without gives a copy of a sorted run that lacks those of another.
func without(run, lacking []directory.AccountNo) []directory.AccountNo {
	rest := make([]directory.AccountNo, 0, len(run))
	for _, account := range run {
		for len(lacking) > 0 && lacking[0] < account {
			lacking = lacking[1:]
		}
		if len(lacking) == 0 || lacking[0] != account {
			rest = append(rest, account)
		}
	}
	return rest
}

// compare fills in the members of a row; the slices are used again.
func (r *Review) compare(row *Row, m *members) {
	r.differ(row, m)
	slices.Sort(m.added)
}

// differ is compare, but for the order of those added: a count needs none.
func (r *Review) differ(row *Row, m *members) {
	m.wanted, m.provision, m.unmatched = 0, m.provision[:0], m.unmatched[:0]
	m.have, m.added, m.removed, m.protected = m.have[:0], m.added[:0], m.removed[:0], m.protected[:0]
	if row.Source == NoSource {
		return
	}
	if row.Parts != nil {
		r.compareParts(row, m)
		return
	}
	marks := r.marks.Get().(*marks)
	var there []directory.AccountNo
	if group, ok := row.Group(); ok {
		there = r.Snapshot.Atlassian.Members.Of(group)
	}
	m.have = marks.meet(there, m.have)
	r.want(row.Source, m, marks)
	m.removed = marks.part(there, m.removed)
	marks.wipe(m.added)
	r.marks.Put(marks)
	r.protect(row, m)
}

// protect keeps those from removal of whom it isn't certain that they are surplus.
func (r *Review) protect(row *Row, m *members) {
	everybody := r.Snapshot.IdP.Groups[row.Source].Unreadable != ""
	if !everybody && len(r.Matches.Protected) == 0 {
		return
	}
	surplus := m.removed
	m.removed = m.removed[:0]
	for _, account := range surplus {
		// Who seems surplus may be among those who weren't read.
		if everybody || r.Matches.Protected[account] != "" {
			m.protected = append(m.protected, account)
		} else {
			m.removed = append(m.removed, account)
		}
	}
}

// compareParts gives what happens on any of a row's sites, each person once.
func (r *Review) compareParts(row *Row, m *members) {
	var part members
	for i := range row.Parts {
		r.compare(&row.Parts[i], &part)
		m.wanted = part.wanted // the same on each
		m.provision, m.unmatched = append(m.provision, part.provision...), append(m.unmatched, part.unmatched...)
		m.have, m.added, m.removed = append(m.have, part.have...), append(m.added, part.added...), append(m.removed, part.removed...)
		m.protected = append(m.protected, part.protected...)
	}
	m.provision, m.unmatched = once(m.provision), once(m.unmatched)
	m.have, m.added, m.removed, m.protected = once(m.have), once(m.added), once(m.removed), once(m.protected)
}

// once sorts numbers and keeps each once.
func once[N cmp.Ordered](numbers []N) []N {
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// marks say of each account, in one byte, what comparing two sides asks of it:
// that costs less than to sort both. The loops over members write every one and
// go on by one or by none, since a processor can't guess who differs.
type marks struct{ of []uint8 }

const (
	present, presentBit uint8 = 1 << iota, iota // in the Atlassian group
	wanted, wantedBit                           // in the IdP group
	outside, outsideBit                         // outside membership, in whatever group
)

// meet marks those in the Atlassian group as present, and gives those who count.
func (m *marks) meet(there, have []directory.AccountNo) []directory.AccountNo {
	have = slices.Grow(have, len(there))[:len(there)]
	n, of := 0, m.of
	for _, account := range there {
		mark := of[account]
		have[n] = account
		n += int(mark>>outsideBit&1 ^ 1)
		of[account] = mark | present
	}
	return have[:n]
}

// want puts the members of an IdP group where they belong.
func (r *Review) want(source directory.SourceNo, m *members, marks *marks) {
	people := r.Snapshot.IdP.Members.Of(source)
	m.added = slices.Grow(m.added, len(people))[:len(people)]
	for i, no := range people {
		m.added[i] = r.place[no]
	}
	n, of := 0, marks.of
	for i, place := range m.added {
		if place >= elsewhere {
			m.elsewhere(people[i], place)
			continue
		}
		mark := of[place]
		if mark&wanted != 0 {
			continue // through another person already
		}
		m.wanted++
		m.added[n] = place
		n += int(mark>>presentBit&1 ^ 1)
		of[place] = mark | wanted
	}
	m.added = m.added[:n]
}

// elsewhere takes in a member who has no account.
func (m *members) elsewhere(no directory.PersonNo, place directory.AccountNo) {
	switch place {
	case uncertain:
		m.unmatched = append(m.unmatched, no)
	case placeless:
		m.provision = append(m.provision, no)
	}
}

// part wipes the marks off those in the Atlassian group, and gives those who count
// and whom the IdP group lacks.
func (m *marks) part(there, surplus []directory.AccountNo) []directory.AccountNo {
	surplus = slices.Grow(surplus, len(there))[:len(there)]
	n, of := 0, m.of
	for _, account := range there {
		mark := of[account]
		surplus[n] = account
		n += int((mark>>wantedBit|mark>>outsideBit)&1 ^ 1)
		of[account] = mark & outside
	}
	return surplus[:n]
}

// wipe takes a group's marks off those who are only in the IdP group.
func (m *marks) wipe(added []directory.AccountNo) {
	for _, account := range added {
		m.of[account] &= outside
	}
}

func (r *Review) count(row *Row, m *members) {
	if row.Ambiguous() {
		return
	}
	if row.Source != NoSource {
		row.Unreadable = r.Snapshot.IdP.Groups[row.Source].Unreadable
	}
	r.differ(row, m)
	row.Added, row.Provisioned, row.Removed = len(m.added)+len(m.provision), len(m.provision), len(m.removed)
	row.Unmatched, row.Protected = len(m.unmatched), len(m.protected)
	row.Wanted, row.Present = m.wanted+len(m.provision)+len(m.unmatched), len(m.have)
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
