package atlassian

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/remote"
)

// A site's Jira knows what its groups give in Jira products. What they give
// elsewhere, as in Confluence, the organization tells where a key is given.

// ofJira says whether a resource is a Jira product, by the product part of its
// identifier: those a site's Jira tells itself.
func ofJira(owner string) bool { return strings.HasPrefix(owner, "jira") }

// elsewhere gives what a group gives outside Jira (GET
// …/groups/{group}/role-assignments); known is false where the organization
// doesn't know the group.
func (s *Sites) elsewhere(ctx context.Context, group string) (rows []roleRow, known bool, err error) {
	all, err := s.Org.roles(ctx, group)
	if remote.Status(err) == http.StatusNotFound {
		return nil, false, nil
	}
	for _, row := range all {
		if !ofJira(row.Owner) {
			rows = append(rows, row)
		}
	}
	return rows, true, err
}

// resourceGrants gives rows of role assignments as grants by resource.
func resourceGrants(rows []roleRow) []directory.ResourceGrant {
	var grants []directory.ResourceGrant
	for _, row := range rows {
		for _, role := range row.Roles {
			grants = append(grants, directory.ResourceGrant{Resource: row.Resource, Role: role, Default: row.Default != nil && *row.Default == role})
		}
		if row.Default != nil && len(row.Roles) == 0 {
			grants = append(grants, directory.ResourceGrant{Resource: row.Resource, Role: *row.Default, Default: true})
		}
	}
	return grants
}

// readProductsElsewhere lists the products of the connected sites that Jira
// doesn't tell.
func (r *sitesReader) readProductsElsewhere(ctx context.Context) error {
	return r.sites.Org.workspaces(ctx, func(row *workspaceRow) error {
		product := row.product()
		if _, err := r.sites.site(product.Site); err != nil || ofJira(product.Key) {
			return nil // a site that isn't connected, or that tells itself
		}
		r.addProduct(product)
		return nil
	})
}

// readElsewhere reads what all groups give outside Jira. Where the organization
// doesn't know one of them, access elsewhere stays unknown.
func (r *sitesReader) readElsewhere(ctx context.Context) error {
	resources := map[string]*int{}
	err := r.sites.Org.searchGroups(ctx, groupFilter{}, func(row *groupRow) error {
		resources[groupID(row.ID)] = row.Counts.Resources
		return nil
	})
	if err != nil {
		return err
	}
	r.org.UnknownAccess = false
	var ask []directory.GroupNo
	for i := range r.org.Groups {
		count, known := resources[r.org.Groups[i].ID]
		if !known {
			r.org.UnknownAccess = true
		} else if count == nil || *count > 0 {
			ask = append(ask, directory.GroupNo(i))
		}
	}
	answers := make([][]roleRow, len(ask))
	var done atomic.Int64
	var gone atomic.Bool
	err = remote.Each(ctx, len(ask), func(ctx context.Context, i int) error {
		rows, known, err := r.sites.elsewhere(ctx, r.org.Groups[ask[i]].ID)
		if !known && err == nil {
			gone.Store(true)
		}
		answers[i] = rows
		r.tell.Tell(lang.L("Reading product access outside Jira"), int(done.Add(1)), len(ask))
		return err
	})
	if err != nil {
		return err
	}
	r.org.UnknownAccess = r.org.UnknownAccess || gone.Load()
	for i, no := range ask {
		group := &r.org.Groups[no]
		for _, grant := range resourceGrants(answers[i]) {
			group.Grants = append(group.Grants, directory.Grant{
				Access: directory.Access{Product: r.productElsewhere(grant.Resource, group.Site), Role: grant.Role}, Default: grant.Default,
			})
		}
	}
	return nil
}

// productElsewhere finds a resource; one that isn't among the products is added
// by its identifier, on the group's site.
func (r *sitesReader) productElsewhere(resource, site string) directory.ProductNo {
	if no, known := r.product[resource]; known {
		return no
	}
	r.addProduct(directory.Product{ID: resource, Key: resource, Name: resource, Site: site, Seats: directory.UnknownSeats, Used: directory.UnknownSeats})
	return r.product[resource]
}
