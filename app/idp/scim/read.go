package scim

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
	protocol "github.com/rollcall-app/rollcall/app/remote/scim"
)

// Read reads all people, and all groups with their members. Members that the
// list of groups leaves out are read group by group.
func (s *SCIM) Read(ctx context.Context, _ *directory.IdentityProvider, tell progress.Func) (directory.IdentityProvider, directory.Reading, error) {
	before := s.Count()
	c := idp.NewCollector("scim", name(), "scim "+s.url)
	way, err := s.read(ctx, c, tell)
	if err != nil {
		return directory.IdentityProvider{}, directory.Reading{}, err
	}
	spent := s.Count().Since(before)
	return c.Result(""), directory.Reading{Way: way, Requests: spent.Requests, Throttled: spent.Throttled}, nil
}

func (s *SCIM) read(ctx context.Context, c *idp.Collector, tell progress.Func) (way string, err error) {
	tell.Tell(lang.L("Listing people and groups in the SCIM server"), 0, 0)
	var rows []groupRow
	side, listing := errgroup.WithContext(ctx)
	side.Go(func() error { return s.eachPerson(listing, c.AddPerson) })
	side.Go(func() error {
		return protocol.List(listing, s.client, name(), "groups", "/Groups", func(row *groupRow) string { return row.ID }, func(row *groupRow) error {
			rows = append(rows, *row)
			return c.AddGroup(row.source())
		})
	})
	if err := side.Wait(); err != nil {
		return "", err
	}
	alone, err := s.readAlone(ctx, rows, tell)
	if err != nil {
		return "", err
	}
	way = lang.L("Members with the list of groups; %s read alone.", lang.Groups(alone))
	return way, setMembers(c, rows)
}

// readAlone reads the groups that were listed without members: an absent list
// may be an empty one, or one left out.
func (s *SCIM) readAlone(ctx context.Context, rows []groupRow, tell progress.Func) (n int, err error) {
	var without []int
	for i := range rows {
		if rows[i].Members == nil {
			without = append(without, i)
		}
	}
	var done atomic.Int64
	return len(without), remote.Each(ctx, len(without), func(ctx context.Context, i int) (err error) {
		rows[without[i]], err = s.group(ctx, rows[without[i]].ID)
		tell.Tell(lang.L("Reading members in the SCIM server"), int(done.Add(1)), len(without))
		return err
	})
}

// setMembers flattens the groups.
func setMembers(c *idp.Collector, rows []groupRow) error {
	byID := make(map[string]*groupRow, len(rows))
	for i := range rows {
		byID[rows[i].ID] = &rows[i]
	}
	isGroup := func(id string) bool { return byID[id] != nil }
	for i := range rows {
		members, unreadable := flatten(rows[i].ID, isGroup, func(id string) *groupRow { return byID[id] }, c.Person)
		group := rows[i].source()
		group.Unreadable = unreadable
		c.SetGroup(group)
		if err := c.SetMembers(group.ID, members); err != nil {
			return err
		}
	}
	return nil
}

// flatten gives everybody in a group and in the groups within; unreadable says
// why not all of them can be known.
func flatten(id string, isGroup func(string) bool, group func(string) *groupRow, person func(string) (directory.Person, bool)) (members []directory.Person, unreadable string) {
	all := idp.Flatten(id, func(id string) (people, groups []string) {
		row := group(id)
		if row == nil {
			unreadable = lang.L("a group within it can't be read")
			return nil, nil
		}
		if row.Members == nil {
			return nil, nil // by itself, too, without members: there are none
		}
		for _, member := range *row.Members {
			if member.group(isGroup) {
				groups = append(groups, member.Value)
			} else {
				people = append(people, member.Value)
			}
		}
		return people, groups
	})
	for _, id := range all {
		somebody, known := person(id)
		if !known {
			unreadable = lang.L("somebody in it isn't in the server's list of people")
			continue
		}
		members = append(members, somebody)
	}
	return members, unreadable
}

// Now reads one group with its members, and the groups within it.
func (s *SCIM) Now(ctx context.Context, id string) (idp.GroupNow, error) {
	row, err := s.group(ctx, id)
	if err != nil {
		return idp.GroupNow{}, err
	}
	roster, err := s.roster.Get(ctx, s.people)
	if err != nil {
		return idp.GroupNow{}, err
	}
	now := idp.GroupNow{Group: row.source()}
	read := map[string]*groupRow{id: &row}
	isGroup := func(id string) bool { _, person := roster[id]; return !person }
	within := func(id string) *groupRow {
		if read[id] == nil && err == nil {
			var row groupRow
			if row, err = s.group(ctx, id); err == nil {
				read[id] = &row
			}
		}
		return read[id]
	}
	now.Members, now.Group.Unreadable = flatten(id, isGroup, within, func(id string) (directory.Person, bool) {
		person, known := roster[id]
		return person, known
	})
	return now, err
}
