package directory

import (
	"errors"
	"fmt"
)

// valid says whether a relation is well formed and relates no number that there
// isn't.
func (r Runs[L, R]) valid(lefts, rights int) error {
	if len(r.Starts) == 0 && len(r.Items) == 0 {
		return nil
	}
	if r.Lefts() > lefts || len(r.Starts) == 0 || r.Starts[0] != 0 || int(r.Starts[len(r.Starts)-1]) != len(r.Items) {
		return errors.New("a relation of another size")
	}
	for l := range r.Lefts() {
		if r.Starts[l] > r.Starts[l+1] || int(r.Starts[l+1]) > len(r.Items) {
			return errors.New("a relation out of order")
		}
		run := r.Of(L(l))
		for i, x := range run {
			if int(x) >= rights || i > 0 && run[i-1] >= x {
				return fmt.Errorf("a relation to number %d of %d", x, rights)
			}
		}
	}
	return nil
}

// Valid says whether everything in a snapshot that names something else of it
// names what is there. A snapshot that comes from a file may hold anything.
func (s *Snapshot) Valid() error {
	return errors.Join(s.IdP.Valid(), s.Atlassian.Valid())
}

// Valid says whether the memberships are of people and groups that are there.
func (p *IdentityProvider) Valid() error {
	if err := p.Members.valid(len(p.Groups), len(p.People)); err != nil {
		return fmt.Errorf("members of the identity provider's groups: %w", err)
	}
	return nil
}

// Valid says whether memberships, grants and access are of accounts, groups and
// products that are there.
func (o *Organization) Valid() error {
	if err := o.Members.valid(len(o.Groups), len(o.Accounts)); err != nil {
		return fmt.Errorf("members of Atlassian's groups: %w", err)
	}
	for i := range o.Groups {
		for _, grant := range o.Groups[i].Grants {
			if int(grant.Product) >= len(o.Products) {
				return fmt.Errorf("the access of group %d: product %d of %d", i, grant.Product, len(o.Products))
			}
		}
	}
	for _, direct := range o.Direct {
		if int(direct.Account) >= len(o.Accounts) || int(direct.Product) >= len(o.Products) {
			return fmt.Errorf("direct access of account %d to product %d", direct.Account, direct.Product)
		}
	}
	return nil
}
