package idp

import (
	"context"
	"sync"
	"time"

	"github.com/rollcall-app/rollcall/app/directory"
)

// rosterAge is how old a roster may be: reading groups one after the other
// shares one list of people, and a change to somebody is seen a minute later.
const rosterAge = time.Minute

// Roster is everybody's name and addresses, for providers whose members' rows
// don't hold them. The zero value is ready, and safe for concurrent use.
type Roster struct {
	mu   sync.Mutex
	byID map[string]directory.Person
	at   time.Time
}

// Get gives everybody by their id, listed by list unless that was done within
// the last minute. The map must not be changed.
func (r *Roster) Get(ctx context.Context, list func(context.Context) ([]directory.Person, error)) (map[string]directory.Person, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID != nil && time.Since(r.at) < rosterAge {
		return r.byID, nil
	}
	at := time.Now()
	people, err := list(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]directory.Person, len(people))
	for _, person := range people {
		byID[person.ID] = person
	}
	r.byID, r.at = byID, at
	return byID, nil
}

// Flatten gives everybody in a group, those of groups within included, each
// once. direct gives the people and the groups directly in a group.
func Flatten(group string, direct func(group string) (people, groups []string)) []string {
	var all []string
	seenPerson, seenGroup := map[string]bool{}, map[string]bool{group: true}
	for todo := []string{group}; len(todo) > 0; {
		people, groups := direct(todo[0])
		todo = todo[1:]
		for _, person := range people {
			if !seenPerson[person] {
				seenPerson[person] = true
				all = append(all, person)
			}
		}
		for _, within := range groups {
			if !seenGroup[within] { // groups may stand in a circle
				seenGroup[within] = true
				todo = append(todo, within)
			}
		}
	}
	return all
}
