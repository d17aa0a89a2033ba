package review

import (
	"slices"

	"github.com/rollcall-app/rollcall/app/directory"
)

// AskDirect lists the accounts whose direct access must be read before this
// review can be believed: by their groups alone they would lose a role, or gain
// one on a product that they are said to have already. Whoever loses comes
// first.
func (r *Review) AskDirect() []directory.AccountNo {
	losing, gaining := map[directory.AccountNo]bool{}, map[directory.AccountNo]bool{}
	for _, row := range targets(r.all()) {
		group, ok := row.Group()
		if !ok || len(r.access.ofGroup[group]) == 0 {
			continue
		}
		add, _, remove := r.Operations(row)
		for _, account := range remove {
			if r.access.loses(account, row.Groups) {
				losing[account] = true
			}
		}
		for _, account := range add {
			if r.mayHave(account, group) {
				gaining[account] = true
			}
		}
	}
	list := sortedNumbers(losing)
	for _, account := range sortedNumbers(gaining) {
		if !losing[account] {
			list = append(list, account)
		}
	}
	return slices.Clip(list)
}

// all gives every row.
func (r *Review) all() []*Row {
	rows := make([]*Row, len(r.Rows))
	for i := range r.Rows {
		rows[i] = &r.Rows[i]
	}
	return rows
}

// mayHave says whether an account seems to have a product that the group gives,
// though none of its groups give that role.
func (r *Review) mayHave(account directory.AccountNo, group directory.GroupNo) bool {
	for _, no := range r.access.ofGroup[group] {
		if _, has := r.Snapshot.Atlassian.Accounts[account].LastActive[r.access.list[no].Product]; has && !r.access.otherwise(account, no, []directory.GroupNo{group}) {
			return true
		}
	}
	return false
}
