package review

import (
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

// moves are the groups that one account or person enters and leaves; off says
// that the account is deactivated.
type moves struct {
	in, out []directory.GroupNo
	off     bool
}

// Effect counts what syncing the given rows does, and deactivating some accounts.
// Rows that have no single Atlassian group give nothing and count as member
// changes only.
func (r *Review) Effect(rows []*Row, deactivated ...directory.AccountNo) Effect {
	accounts := map[directory.AccountNo]*moves{}
	people := map[directory.PersonNo]*moves{}
	effect := Effect{Products: make([]ProductEffect, len(r.Snapshot.Atlassian.Products))}
	var m members
	for _, row := range targets(rows) {
		r.compare(row, &m)
		effect.Added += len(m.added) + len(m.provision)
		effect.Provisioned += len(m.provision)
		effect.Removed += len(m.removed)
		group, exists := row.Group()
		for _, account := range m.added {
			if move := moving(accounts, account); exists {
				move.in = append(move.in, group)
			}
		}
		for _, account := range m.removed {
			if move := moving(accounts, account); exists {
				move.out = append(move.out, group)
			}
		}
		for _, person := range m.provision {
			if move := moving(people, person); exists {
				move.in = append(move.in, group)
			}
		}
	}
	for _, account := range deactivated {
		moving(accounts, account).off = true
	}
	effect.People = len(accounts) + len(people)
	r.before(&effect)
	for _, account := range sortedNumbers(accounts) {
		r.moveAccount(&effect, account, accounts[account])
	}
	for _, person := range sortedNumbers(people) {
		r.movePerson(&effect, person, people[person])
	}
	return effect
}

func moving[N comparable](set map[N]*moves, no N) *moves {
	if set[no] == nil {
		set[no] = &moves{}
	}
	return set[no]
}

// holding is what one account may do on one product.
type holding struct{ in, seat bool }

// holdings gives, for each product, what an account has through the groups that
// in names, and directly.
func (r *Review) holdings(account directory.AccountNo, groups []directory.GroupNo) map[directory.ProductNo]holding {
	held := map[directory.ProductNo]holding{}
	take := func(no accessNo) {
		access := r.access.list[no]
		now := held[access.Product]
		now.in = now.in || directory.GivesProduct(access.Role)
		now.seat = now.seat || directory.TakesSeat(access.Role)
		held[access.Product] = now
	}
	for _, group := range groups {
		for _, no := range r.access.ofGroup[group] {
			take(no)
		}
	}
	if account != directory.NoAccount {
		for _, no := range r.access.direct[account] {
			take(no)
		}
	}
	return held
}

// before counts who has each product now.
func (r *Review) before(effect *Effect) {
	for i := range r.Snapshot.Atlassian.Accounts {
		account := directory.AccountNo(i)
		if r.Snapshot.Atlassian.Accounts[i].Outside() {
			continue
		}
		for product, held := range r.holdings(account, r.access.groupsOf.Of(account)) {
			if held.in {
				effect.Products[product].Before++
			}
		}
	}
}

func (r *Review) moveAccount(effect *Effect, account directory.AccountNo, move *moves) {
	groups := r.access.groupsOf.Of(account)
	after := slices.Clone(groups)
	after = slices.DeleteFunc(after, func(group directory.GroupNo) bool { return slices.Contains(move.out, group) })
	after = append(after, move.in...)
	had, has := r.holdings(account, groups), r.holdings(account, after)
	if move.off {
		has = nil
	}
	// A suspended or deactivated account takes no seat, whatever it may do.
	seated := r.Snapshot.Atlassian.Accounts[account].Status == directory.Active
	gains, loses := false, false
	for no := range effect.Products {
		product := directory.ProductNo(no)
		then, now, on := had[product], has[product], &effect.Products[no]
		if now.in && !then.in {
			on.Gain = append(on.Gain, account)
			gains = true
		}
		if then.in && !now.in {
			on.Lose = append(on.Lose, account)
			loses = true
		}
		if seated && now.seat && !then.seat {
			on.Takes++
		}
		if seated && then.seat && !now.seat {
			on.Frees = append(on.Frees, account)
		}
	}
	effect.tally(gains, loses)
}

func (r *Review) movePerson(effect *Effect, person directory.PersonNo, move *moves) {
	gains := false
	for product, held := range r.holdings(directory.NoAccount, move.in) {
		on := &effect.Products[product]
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
	for i := range org.Accounts {
		if org.Accounts[i].Status != directory.Active {
			continue
		}
		account := directory.AccountNo(i)
		for product, holding := range r.holdings(account, r.access.groupsOf.Of(account)) {
			if holding.seat {
				held[product]++
			}
		}
	}
	return held
}
