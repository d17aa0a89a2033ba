package scim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/foreign"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/idp/idptest"
	"github.com/rollcall-app/rollcall/app/idp/scim"
)

type row = map[string]any

// foreignWorld writes a world as the users and groups of a SCIM server.
func foreignWorld(world idptest.World) row {
	users, groups := []row{}, []row{}
	for i, person := range world.People {
		users = append(users, row{
			"id": fmt.Sprintf("u%05d", i), "userName": person.Email, "displayName": person.Name, "active": !person.Disabled,
			"emails": []row{{"value": person.Email, "type": "work", "primary": true}},
		})
	}
	for i, group := range world.Groups {
		members := []row{}
		for _, member := range group.Members {
			members = append(members, row{"value": fmt.Sprintf("u%05d", member), "type": "User"})
		}
		for _, within := range group.Inside {
			members = append(members, row{"value": fmt.Sprintf("g%05d", within), "type": "Group"})
		}
		groups = append(groups, row{"id": fmt.Sprintf("g%05d", i), "displayName": group.Name, "members": members})
	}
	return row{"users": users, "groups": groups, "token": "foreign-token"}
}

// The suite again, with a server that nobody here wrote; what disturbs the
// traffic stands in a proxy before it.
func TestAForeignServerPassesTheSuite(t *testing.T) {
	foreign.Folder(t)
	idptest.Run(t, idptest.Server{
		Page: 100, Nests: true,
		Serve: func(t *testing.T, world idptest.World, wrap idptest.Wrap) idp.Provider {
			server := foreign.Start(t, "scim.mjs", foreignWorld(world))
			target, err := url.Parse(server.Ready["url"])
			require.NoError(t, err)
			proxy := httptest.NewServer(wrap(httputil.NewSingleHostReverseProxy(target)))
			t.Cleanup(proxy.Close)
			return connect(t, scim.Config{URL: proxy.URL, Token: "foreign-token", Rate: 1e5})
		},
		TooMany: func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		Members: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/Users") },
	})
}
