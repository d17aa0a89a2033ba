package review

import (
	"cmp"
	"slices"

	"github.com/rollcall-app/rollcall/app/directory"
)

// Effect is what syncing a selection of groups does to people, counted over all
// groups together after all of it.
type Effect struct {
	// Added, Provisioned and Removed count member changes; Added includes the
	// provisioned.
	Added, Provisioned, Removed int
	// People is how many people have a member change, Losing how many of them
	// lose a product altogether, Gaining how many gain one.
	People, Losing, Gaining int
	// Products stand beside the snapshot's products.
	Products []ProductEffect
}

// ProductEffect is what happens on one product.
type ProductEffect struct {
	// Before is how many people known have a role that lets them in.
	Before int
	// Gain and Lose list who gets in and who no longer does; Gain holds the
	// accounts, Invited the people without one.
	Gain, Lose []directory.AccountNo
	Invited    []directory.PersonNo
	// Takes is how many seats are newly taken; Frees lists who no longer takes
	// one.
	Takes int
	Frees []directory.AccountNo
}

// SeatChange is how many seats more are taken.
func (e *ProductEffect) SeatChange() int { return e.Takes - len(e.Frees) }

// After is how many people have the product afterwards.
func (e *ProductEffect) After() int { return e.Before + len(e.Gain) + len(e.Invited) - len(e.Lose) }

// move is a group that an account or a person enters or leaves.
type move[N ~uint32] struct {
	who   N
	group directory.GroupNo
	how   moving
}

type moving uint8

const (
	entering moving = iota
	leaving
	deactivating // the account, whatever group
	nowhere      // into a group that there isn't yet
)

// Effect counts what syncing the given rows does, and deactivating some accounts.
// Rows that have no single Atlassian group give nothing and count as member
// changes only.
func (r *Review) Effect(rows []*Row, deactivated ...directory.AccountNo) Effect {
	effect := Effect{Products: make([]ProductEffect, len(r.Snapshot.Atlassian.Products))}
	accounts, people := r.moves(rows, &effect)
	for _, account := range deactivated {
		accounts = append(accounts, move[directory.AccountNo]{who: account, how: deactivating})
	}
	h := r.newHands()
	r.before(&effect, h)
	effect.People = eachMoved(accounts, func(account directory.AccountNo, moves []move[directory.AccountNo]) {
		r.moveAccount(&effect, h, account, moves)
	})
	effect.People += eachMoved(people, func(person directory.PersonNo, moves []move[directory.PersonNo]) {
		r.movePerson(&effect, h, person, moves)
	})
	return effect
}

// moves lists who enters and leaves by the sync of some rows, and counts them.
func (r *Review) moves(rows []*Row, effect *Effect) (accounts []move[directory.AccountNo], people []move[directory.PersonNo]) {
	var m members
	for _, row := range targets(rows) {
		r.differ(row, &m)
		effect.Added += len(m.added) + len(m.provision)
		effect.Provisioned += len(m.provision)
		effect.Removed += len(m.removed)
		group, exists := row.Group()
		in, out := entering, leaving
		if !exists {
			in, out = nowhere, nowhere
		}
		for _, account := range m.added {
			accounts = append(accounts, move[directory.AccountNo]{account, group, in})
		}
		for _, account := range m.removed {
			accounts = append(accounts, move[directory.AccountNo]{account, group, out})
		}
		for _, person := range m.provision {
			people = append(people, move[directory.PersonNo]{person, group, in})
		}
	}
	return accounts, people
}

// eachMoved calls do for everybody who moves, in the order of their numbers, and
// gives how many they are.
func eachMoved[N ~uint32](moves []move[N], do func(who N, moves []move[N])) (n int) {
	slices.SortStableFunc(moves, func(a, b move[N]) int { return cmp.Compare(a.who, b.who) })
	for len(moves) > 0 {
		end := 1
		for end < len(moves) && moves[end].who == moves[0].who {
			end++
		}
		do(moves[0].who, moves[:end])
		moves = moves[end:]
		n++
	}
	return n
}

// holding is what one account may do on one product.
type holding struct{ in, seat bool }

// hand is what somebody may do, product by product; met are those on which it is
// anything. It is used again for one after the other.
type hand struct {
	of  []holding
	met []directory.ProductNo
}

// hands are those that counting needs at once.
type hands struct {
	before, after hand
	groups        []directory.GroupNo
}

func (r *Review) newHands() *hands {
	n := len(r.Snapshot.Atlassian.Products)
	return &hands{before: hand{of: make([]holding, n)}, after: hand{of: make([]holding, n)}}
}

// drop empties the hand.
func (h *hand) drop() {
	for _, product := range h.met {
		h.of[product] = holding{}
	}
	h.met = h.met[:0]
}

// take adds an access.
func (h *hand) take(t *accessTable, no accessNo) {
	product, gives := t.list[no].Product, t.gives[no]
	now := h.of[product]
	if (now == holding{}) && gives != now {
		h.met = append(h.met, product)
	}
	h.of[product] = holding{now.in || gives.in, now.seat || gives.seat}
}

// hold takes what an account has through some groups, and directly; a person without
// one has nothing directly.
func (r *Review) hold(h *hand, account directory.AccountNo, groups []directory.GroupNo) {
	h.drop()
	for _, group := range groups {
		for _, no := range r.access.ofGroup[group] {
			h.take(r.access, no)
		}
	}
	if account != directory.NoAccount {
		for _, no := range r.access.direct[account] {
			h.take(r.access, no)
		}
	}
}

// before counts who has each product now.
func (r *Review) before(effect *Effect, h *hands) {
	for i := range r.Snapshot.Atlassian.Accounts {
		account := directory.AccountNo(i)
		if r.Snapshot.Atlassian.Accounts[i].Outside() {
			continue
		}
		r.hold(&h.before, account, r.access.groupsOf.Of(account))
		for _, product := range h.before.met {
			if h.before.of[product].in {
				effect.Products[product].Before++
			}
		}
	}
}

func (r *Review) moveAccount(effect *Effect, h *hands, account directory.AccountNo, moves []move[directory.AccountNo]) {
	groups := r.access.groupsOf.Of(account)
	r.hold(&h.before, account, groups)
	h.groups = append(h.groups[:0], groups...)
	off := false
	for _, move := range moves {
		switch move.how {
		case entering:
			h.groups = append(h.groups, move.group)
		case leaving:
			if at := slices.Index(h.groups, move.group); at >= 0 {
				h.groups = slices.Delete(h.groups, at, at+1)
			}
		case deactivating:
			off = true
		}
	}
	if h.after.drop(); !off {
		r.hold(&h.after, account, h.groups)
	}
	// A suspended or deactivated account takes no seat, whatever it may do.
	seated := r.Snapshot.Atlassian.Accounts[account].Status == directory.Active
	gains, loses := false, false
	for _, product := range h.before.met {
		then, now, on := h.before.of[product], h.after.of[product], &effect.Products[product]
		if then.in && !now.in {
			on.Lose = append(on.Lose, account)
			loses = true
		}
		if seated && then.seat && !now.seat {
			on.Frees = append(on.Frees, account)
		}
	}
	for _, product := range h.after.met {
		then, now, on := h.before.of[product], h.after.of[product], &effect.Products[product]
		if now.in && !then.in {
			on.Gain = append(on.Gain, account)
			gains = true
		}
		if seated && now.seat && !then.seat {
			on.Takes++
		}
	}
	effect.tally(gains, loses)
}

func (r *Review) movePerson(effect *Effect, h *hands, person directory.PersonNo, moves []move[directory.PersonNo]) {
	h.groups = h.groups[:0]
	for _, move := range moves {
		if move.how == entering {
			h.groups = append(h.groups, move.group)
		}
	}
	r.hold(&h.after, directory.NoAccount, h.groups)
	gains := false
	for _, product := range h.after.met {
		held, on := h.after.of[product], &effect.Products[product]
		if held.in {
			on.Invited = append(on.Invited, person)
			gains = true
		}
		if held.seat {
			on.Takes++
		}
	}
	effect.tally(gains, false)
}

func (e *Effect) tally(gains, loses bool) {
	if gains {
		e.Gaining++
	}
	if loses {
		e.Losing++
	}
}

// Holders lists the accounts that have a role anywhere through a group or in
// the organization itself, after the given rows are synced and some accounts
// deactivated; with no rows, now. Only active accounts count.
func (r *Review) Holders(role string, rows []*Row, deactivated ...directory.AccountNo) map[directory.Access][]directory.AccountNo {
	members := r.after(rows)
	holders := map[directory.Access][]directory.AccountNo{}
	add := func(access directory.Access, account directory.AccountNo) {
		if access.Role == role && r.Snapshot.Atlassian.Accounts[account].Status == directory.Active && !contains(deactivated, account) && !contains(holders[access], account) {
			holders[access] = append(holders[access], account)
		}
	}
	for no := range r.Snapshot.Atlassian.Groups {
		for _, grant := range r.Snapshot.Atlassian.Groups[no].Grants {
			for _, account := range members(directory.GroupNo(no)) {
				add(grant.Access, account)
			}
		}
	}
	for _, direct := range r.Snapshot.Atlassian.Direct {
		add(direct.Access, direct.Account)
	}
	return holders
}

// after gives the members of groups once the rows are synced.
func (r *Review) after(rows []*Row) func(directory.GroupNo) []directory.AccountNo {
	changed := map[directory.GroupNo][]directory.AccountNo{}
	for _, row := range targets(rows) {
		if group, ok := row.Group(); ok {
			var m members
			r.compare(row, &m)
			changed[group] = m.after()
		}
	}
	return func(group directory.GroupNo) []directory.AccountNo {
		if accounts, ok := changed[group]; ok {
			return accounts
		}
		return r.Snapshot.Atlassian.Members.Of(group)
	}
}

// SeatHolders counts, for each product, the active accounts that take one of
// its seats by what groups and direct access give them.
func SeatHolders(org *directory.Organization) []int {
	r := &Review{Snapshot: &directory.Snapshot{Atlassian: *org}, access: newAccessTable(org)}
	held := make([]int, len(org.Products))
	h := r.newHands()
	for i := range org.Accounts {
		if org.Accounts[i].Status != directory.Active {
			continue
		}
		account := directory.AccountNo(i)
		r.hold(&h.before, account, r.access.groupsOf.Of(account))
		for _, product := range h.before.met {
			if h.before.of[product].seat {
				held[product]++
			}
		}
	}
	return held
}
