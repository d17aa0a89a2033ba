package screens

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/storage"
)

// conflicts makes a snapshot of so many groups in conflict.
func conflicts(groups int) *directory.Snapshot {
	s := &directory.Snapshot{ID: "bench"}
	const people = 1000
	for i := range people {
		email := fmt.Sprintf("p%d@x.io", i)
		s.IdP.People = append(s.IdP.People, directory.Person{ID: email, Name: email, Email: email})
		s.Atlassian.Accounts = append(s.Atlassian.Accounts, directory.Account{ID: email, Name: email, Email: email, Kind: directory.PersonKind, Status: directory.Active})
	}
	for i := range 3 {
		s.Atlassian.Products = append(s.Atlassian.Products, directory.Product{ID: fmt.Sprint(i), Name: "Jira Software", Site: "acme.atlassian.net", Seats: 5000, Used: 900})
	}
	var want [][]directory.PersonNo
	var have [][]directory.AccountNo
	for i := range groups {
		name := fmt.Sprintf("group %d", i)
		s.IdP.Groups = append(s.IdP.Groups, directory.SourceGroup{ID: name, Name: name})
		group := directory.Group{ID: name, Name: name}
		for product := range i % 3 {
			group.Grants = append(group.Grants, directory.Grant{Access: directory.Access{Product: directory.ProductNo(product), Role: "atlassian/user"}})
		}
		s.Atlassian.Groups = append(s.Atlassian.Groups, group)
		var w []directory.PersonNo
		var h []directory.AccountNo
		for j := range 5 {
			w = append(w, directory.PersonNo((i+j)%people))
			h = append(h, directory.AccountNo((i+j+1)%people))
		}
		want, have = append(want, w), append(have, h)
	}
	s.IdP.Members, s.Atlassian.Members = directory.NewRuns[directory.SourceNo](want), directory.NewRuns[directory.GroupNo](have)
	return s
}

// emptyApp is the program with nothing kept.
func emptyApp(b *testing.B) *app.App {
	b.Helper()
	store, err := storage.Open(b.TempDir())
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	return &app.App{Store: store, Secrets: &app.MemorySecrets{}, Environment: func(string) string { return "" }}
}
