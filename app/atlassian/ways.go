package atlassian

import (
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
)

// way is how people and memberships are read: all people with their groups, or the
// members of the groups in scope, many groups to a request, and then whoever else
// is needed.
type way struct {
	everybody bool
	// people is how many the organization has.
	people int
	// groups are those in scope, batches those of them that have members, as
	// they are asked for together.
	groups  []directory.GroupNo
	inScope map[directory.GroupNo]bool
	batches [][]directory.GroupNo
	// all and byGroup are how many requests either way takes; byGroup at most,
	// since nobody knows yet whom the groups' members leave to be asked for.
	all, byGroup int
}

// choose takes the way that costs fewer requests.
func (r *reader) choose(people int) way {
	w := way{people: people, groups: r.inScope(), inScope: map[directory.GroupNo]bool{}, all: max(1, pages(people, usersPage))}
	for _, group := range w.groups {
		w.inScope[group] = true
	}
	size := func(group directory.GroupNo) int {
		if count := r.rows[group].Counts.Users; count != nil {
			return *count
		}
		return usersPage // it isn't told
	}
	w.batches = together(w.groups, size)
	// The admins, and at worst all addresses and accounts.
	w.byGroup = 1 + pages(len(r.scope.Addresses), emailsPage) + pages(len(r.scope.Accounts), AccountsPage)
	for _, batch := range w.batches {
		w.byGroup += pagesOf(batch, size)
	}
	w.everybody = w.all <= w.byGroup
	return w
}

// surely says whether a group will have somebody known, or is in scope.
func (w way) surely(group directory.GroupNo) bool {
	return w.everybody || w.inScope[group]
}

// String says which way it is and what the other would cost.
func (w way) String() string {
	if w.everybody {
		return lang.L("All people with their groups: %s (group by group would take up to %d).", lang.Requests(w.all), w.byGroup)
	}
	return lang.L("Members group by group: up to %s (all people with their groups would take %d).", lang.Requests(w.byGroup), w.all)
}

func pages(rows, size int) int { return (rows + size - 1) / size }

// pagesOf is how many pages the members of some groups take at most.
func pagesOf(groups []directory.GroupNo, size func(directory.GroupNo) int) int {
	members := 0
	for _, group := range groups {
		members += size(group)
	}
	return pages(members, usersPage)
}

// groupsAtOnce is how many groups' members one request may ask for.
const groupsAtOnce = 10

// together puts groups into batches so that their members take few pages. Empty
// groups need none.
func together(groups []directory.GroupNo, size func(directory.GroupNo) int) (batches [][]directory.GroupNo) {
	p := &packing{page: usersPage, most: groupsAtOnce}
	for _, group := range groups {
		if n := size(group); n > 0 {
			p.add(group, n)
		}
	}
	for p.groups > 0 {
		batches = append(batches, p.batch())
	}
	return batches
}

// packing fills pages with groups. What counts of a group is what it begins of its
// last page: pages that it fills by itself cost the same in any company.
type packing struct {
	page, most int
	// begun are the groups by what they begin of a page; groups and rows count
	// them and sum that up.
	begun        [usersPage][]directory.GroupNo
	groups, rows int
}

func (p *packing) add(group directory.GroupNo, size int) {
	begun := size % p.page
	p.begun[begun] = append(p.begun[begun], group)
	p.groups++
	p.rows += begun
}

// batch takes out groups that fill their pages well: of the size that leaves the
// others as much of a mix, and at the end of a page what fits best.
func (p *packing) batch() (batch []directory.GroupNo) {
	room := p.page // of the present page
	for len(batch) < p.most && p.groups > 0 {
		// So many groups more shall fill the page.
		more := 1
		if p.rows > 0 {
			more = min(max((room*p.groups+p.rows/2)/p.rows, 1), p.most-len(batch))
		}
		begun, found := p.near(room, more)
		if !found {
			begun, _ = p.near(p.page-1, 1) // what begins another page
			room += p.page
		}
		room -= begun
		batch = append(batch, p.take(begun))
		if room == 0 {
			break
		}
	}
	return batch
}

// near finds what begins no more than the room and is nearest to what more groups
// of one size would fill it with.
func (p *packing) near(room, more int) (begun int, found bool) {
	room = min(room, p.page-1)
	ideal := min(room/more, room)
	for off := 0; off <= p.page; off++ {
		for _, begun := range []int{ideal - off, ideal + off} {
			if begun >= 0 && begun <= room && len(p.begun[begun]) > 0 {
				return begun, true
			}
		}
	}
	return 0, false
}

func (p *packing) take(begun int) directory.GroupNo {
	last := len(p.begun[begun]) - 1
	group := p.begun[begun][last]
	p.begun[begun] = p.begun[begun][:last]
	p.groups--
	p.rows -= begun
	return group
}
