package oauth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/rollcall-app/rollcall/app/foreign"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
	"github.com/rollcall-app/rollcall/app/remote/oauth"
)

func keepNothing(context.Context, oauth.SignedIn) error { return nil }

// browse does what a browser does with the address: it follows it to the
// provider, which sends it back to loopback. It gives the address.
func browse(t *testing.T, edit func(redirect string) string) (func(oauth.Prompt), *string) {
	var seen string
	return func(prompt oauth.Prompt) {
		seen = prompt.URL
		go func() {
			client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			resp, err := client.Get(prompt.URL)
			if err != nil {
				return
			}
			_ = resp.Body.Close()
			if resp, err = http.Get(edit(resp.Header.Get("Location"))); err == nil {
				_ = resp.Body.Close()
			}
		}()
	}, &seen
}

func asIs(redirect string) string { return redirect }

func signIn(server *foreign.Server) oauth.SignIn {
	base := server.Ready["url"]
	return oauth.SignIn{
		Endpoint: oauth.Endpoint{Name: "Mock", TokenURL: base + "/token", ClientID: "rollcall", Scopes: []string{"openid", "offline_access"}, Advice: "Look at the client."},
		AuthURL:  base + "/authorize",
	}
}

func TestSigningInThroughABrowserProvesItselfByPKCEAndState(t *testing.T) {
	server := foreign.Start(t, "oauth.mjs", nil)
	show, seen := browse(t, asIs)
	left, err := signIn(server).Browser(context.Background(), show)
	require.NoError(t, err)
	require.NotEmpty(t, left.RefreshToken)
	asked, err := url.Parse(*seen)
	require.NoError(t, err)
	require.Equal(t, "S256", asked.Query().Get("code_challenge_method"))
	require.GreaterOrEqual(t, len(asked.Query().Get("state")), 16)
	require.True(t, strings.HasPrefix(asked.Query().Get("redirect_uri"), "http://127.0.0.1:"))

	// The token that a refresh gives is good; the server hands out tokens of
	// half a minute, so the next request gets another.
	tokens, err := oauth.Refresh(signIn(server).Endpoint, left, keepNothing)
	require.NoError(t, err)
	first, err := tokens.Token(context.Background())
	require.NoError(t, err)
	require.NotEmpty(t, first.AccessToken)

	server.Tell("revoke")
	tokens, err = oauth.Refresh(signIn(server).Endpoint, left, keepNothing)
	require.NoError(t, err)
	_, err = tokens.Token(context.Background())
	require.True(t, problem.Is(err, problem.BadCredentials), "%v", err)
	require.Contains(t, err.Error(), "Sign in again")
	require.NotContains(t, err.Error(), left.RefreshToken)
}

func TestAnAnswerWithAnotherStateIsNotTaken(t *testing.T) {
	server := foreign.Start(t, "oauth.mjs", nil)
	ctx, cancel := context.WithCancel(context.Background())
	show, _ := browse(t, func(redirect string) string {
		parsed, _ := url.Parse(redirect)
		query := parsed.Query()
		query.Set("state", "guessed")
		parsed.RawQuery = query.Encode()
		resp, err := http.Get(parsed.String())
		if err == nil {
			text, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusBadRequest && strings.Contains(string(text), "asked for") {
				cancel() // nothing came of it
			}
		}
		return "http://127.0.0.1:1/"
	})
	_, err := signIn(server).Browser(ctx, show)
	require.True(t, problem.Is(err, problem.Cancelled), "%v", err)
}

func TestAWrongVerifierIsRefusedByTheServer(t *testing.T) {
	server := foreign.Start(t, "oauth.mjs", nil)
	base := server.Ready["url"]
	config := oauth2.Config{ClientID: "x", RedirectURL: "http://127.0.0.1:1/", Endpoint: oauth2.Endpoint{AuthURL: base + "/authorize", TokenURL: base + "/token"}}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(config.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	require.NoError(t, err)
	_ = resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	require.NoError(t, err)
	_, err = config.Exchange(context.Background(), back.Query().Get("code"), oauth2.VerifierOption(oauth2.GenerateVerifier()))
	require.Error(t, err, "the server checks PKCE, so that the test above shows something")
}

func TestAServiceAccountAndAClientGetTokens(t *testing.T) {
	server := foreign.Start(t, "oauth.mjs", nil)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	account := oauth.Account{Email: "rollcall@x.iam.gserviceaccount.com", Key: pemOf(t, key), KeyID: "1", TokenURL: server.Ready["url"] + "/token"}
	tokens, err := oauth.ServiceAccount(oauth.Endpoint{Name: "Mock", Scopes: []string{"read"}}, account, "admin@x.io")
	require.NoError(t, err)
	token, err := tokens.Token(context.Background())
	require.NoError(t, err)
	require.Equal(t, "urn:ietf:params:oauth:grant-type:jwt-bearer", token.Extra("echo"))

	tokens, err = oauth.ClientSecret(oauth.Endpoint{Name: "Mock", TokenURL: server.Ready["url"] + "/token", ClientID: "x"}, "secret")
	require.NoError(t, err)
	token, err = tokens.Token(context.Background())
	require.NoError(t, err)
	require.Equal(t, "client_credentials", token.Extra("echo"))
}

func pemOf(t *testing.T, key any) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestAServerThatDemandsPrivateKeyAndProofOfPossessionGetsBoth(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	public := jose.JSONWebKey{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}
	server := foreign.Start(t, "oidc.mjs", map[string]any{"client": "rollcall", "jwks": jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}}})
	private, err := json.Marshal(jose.JSONWebKey{Key: key, KeyID: "k1", Algorithm: "ES256"})
	require.NoError(t, err)
	for name, text := range map[string]string{"PEM": pemOf(t, key), "JWK": string(private)} {
		t.Run(name, func(t *testing.T) {
			proof, err := oauth.NewProof()
			require.NoError(t, err)
			client := remote.NewHTTPClient()
			client.Transport = proof.Transport(client.Transport)
			endpoint := oauth.Endpoint{Name: "OIDC", TokenURL: server.Ready["url"] + "/token", ClientID: "rollcall", Scopes: []string{"read"}, Client: client, Audience: server.Ready["url"]}
			tokens, err := oauth.PrivateKey(endpoint, text, "k1")
			require.NoError(t, err)
			token, err := tokens.Token(context.Background())
			require.NoError(t, err)
			require.Equal(t, "DPoP", token.Type(), "bound to the key of the proof")
		})
	}
	endpoint := oauth.Endpoint{Name: "OIDC", TokenURL: server.Ready["url"] + "/token", ClientID: "rollcall", Scopes: []string{"read"}, Audience: server.Ready["url"]}
	tokens, err := oauth.PrivateKey(endpoint, pemOf(t, key), "k1")
	require.NoError(t, err)
	_, err = tokens.Token(context.Background())
	require.Error(t, err, "without a proof the server refuses, so that the test above shows something")
}
