package plan

import (
	"slices"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/review"
)

// seats blocks the groups that add people to a product which would then have
// more people than seats, or would have in between, and gives the rows that
// remain. Where a person lifted the latter, just enough are removed first.
func (p *Plan) seats(r *review.Review, rows []*review.Row, overrides Overrides) []*review.Row {
	for {
		effect := r.Effect(rows)
		remaining := p.blockSeats(r, rows, &effect, overrides)
		if len(remaining) == len(rows) {
			p.makeRoom(r, &effect)
			return rows
		}
		rows = remaining // what those left out would have freed isn't free any more
	}
}

// short says how many seats a product lacks: in the end, and in between, when
// everybody has been added and nobody removed.
func short(product *directory.Product, change *review.ProductEffect) (end, peak int) {
	if product.Seats == directory.UnknownSeats || product.Used == directory.UnknownSeats {
		return 0, 0
	}
	if change.Takes == 0 {
		return 0, 0 // nobody is refused for want of one
	}
	if end = max(product.Used+change.SeatChange()-product.Seats, 0); end > 0 {
		return end, 0
	}
	return 0, max(product.Used+change.Takes-product.Seats, 0)
}

func (p *Plan) blockSeats(r *review.Review, rows []*review.Row, effect *review.Effect, overrides Overrides) []*review.Row {
	blocked := map[string]bool{}
	for no := range effect.Products {
		product, change := &r.Snapshot.Atlassian.Products[no], &effect.Products[no]
		finding := Finding{}
		switch end, peak := short(product, change); {
		case end > 0:
			finding = Finding{Guard: Seats,
				Message: lang.L("%s on %s has %s, %d taken; the selection takes %d and frees %d.", product.Name, product.Site, lang.Seats(product.Seats), product.Used, change.Takes, len(change.Frees)),
				Action:  lang.L("Get more seats, free some, or sync fewer groups.")}
		case peak > 0:
			finding = Finding{Guard: SeatsPeak,
				Message: lang.L("%s on %s has %s, %d taken; the selection takes %d and frees %d, but adds before it removes.", product.Name, product.Site, lang.Seats(product.Seats), product.Used, change.Takes, len(change.Frees)),
				Action:  lang.L("Override seats-peak to remove %s from it before anybody is added, or get more seats, or sync those who leave first.", lang.People(peak))}
		default:
			continue
		}
		for i := range p.Groups {
			if !p.Groups[i].takesSeats(directory.ProductNo(no)) {
				continue
			}
			finding.Group = p.Groups[i].Name
			if overrides.Lift(finding) {
				continue
			}
			p.Groups[i].Findings = append(p.Groups[i].Findings, finding)
			blocked[p.Groups[i].Key()] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(rows), func(row *review.Row) bool { return blocked[r.SourceID(row)+"\x00"+row.Site] })
}

// makeRoom marks just enough removals as those that come first.
func (p *Plan) makeRoom(r *review.Review, effect *review.Effect) {
	for no := range effect.Products {
		product, change := &r.Snapshot.Atlassian.Products[no], &effect.Products[no]
		_, peak := short(product, change)
		if peak == 0 {
			continue
		}
		first := map[string]bool{}
		for _, account := range change.Frees[:peak] {
			first[r.Snapshot.Atlassian.Accounts[account].ID] = true
		}
		for i := range p.Groups {
			group := &p.Groups[i]
			if group.Skip != "" || group.Blocked() || !group.gives(directory.ProductNo(no)) {
				continue
			}
			if group.takesSeats(directory.ProductNo(no)) {
				group.Peaks = true
				p.Overridden = append(p.Overridden, Finding{Guard: SeatsPeak, Group: group.Name,
					Message: lang.N(peak, "%d person who loses %s on %s is removed before anybody is added.", "%d people who lose %s on %s are removed before anybody is added.", peak, product.Name, product.Site)})
			}
			for m := range group.Remove {
				group.Remove[m].First = group.Remove[m].First || first[group.Remove[m].Account]
			}
		}
	}
}

// takesSeats says whether the group adds people to a product.
func (g *Group) takesSeats(product directory.ProductNo) bool {
	return g.Skip == "" && !g.Blocked() && len(g.Add)+len(g.Create)+len(g.Invite) > 0 && g.gives(product)
}

// gives says whether being in the group takes a seat of a product.
func (g *Group) gives(product directory.ProductNo) bool {
	return g.Target != nil && slices.ContainsFunc(g.Target.Grants, func(grant directory.Grant) bool {
		return grant.Product == product && directory.TakesSeat(grant.Role)
	})
}
