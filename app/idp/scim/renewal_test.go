package scim_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/foreign"
	"github.com/rollcall-app/rollcall/app/idp/scim"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// shortLived takes the tokens of a foreign authorization server, checked by its
// keys, each for so many requests: then it has ended.
type shortLived struct {
	keys  jose.JSONWebKeySet
	each  int
	mu    sync.Mutex
	taken map[string]int
	ended int // requests refused because the token had ended
}

func newShortLived(t *testing.T, server string, each int) *shortLived {
	t.Helper()
	s := &shortLived{each: each, taken: map[string]int{}}
	resp, err := http.Get(server + "/jwks")
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&s.keys))
	require.NotEmpty(t, s.keys.Keys)
	return s
}

// valid says whether a request carries a token that hasn't ended.
func (s *shortLived) valid(r *http.Request) bool {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return false
	}
	if _, err := signed.Verify(s.keys.Keys[0].Public()); err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[token]++; s.taken[token] > s.each {
		s.ended++
		return false
	}
	return true
}

func TestTokensOfAForeignServerAreRenewedInTheMiddleOfALongFetch(t *testing.T) {
	server := foreign.Start(t, "oauth.mjs", nil)
	tokens := newShortLived(t, server.Ready["url"], 40)
	simulation, err := simulator.Start(simulator.Options{
		Company: simulator.Sample(1, 150, 300), IdP: "scim", SCIM: simulator.SCIMTraits{NoMembers: true},
		Wrap: func(_ string, next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !tokens.valid(r) {
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				r.Header.Set("Authorization", "Bearer "+simulator.BearerToken)
				next.ServeHTTP(w, r)
			})
		},
	})
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	provider, err := scim.New(scim.Config{
		URL: simulation.IdPURL + "/scim/v2", TokenURL: server.Ready["url"] + "/token", ClientID: "rollcall", ClientSecret: "secret", Rate: 1e5,
	})
	require.NoError(t, err)
	side, _, err := provider.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Len(t, side.Groups, 150)
	require.Positive(t, tokens.ended, "some ended in the middle")
	require.GreaterOrEqual(t, len(tokens.taken), 4, "and others took their place")
}
