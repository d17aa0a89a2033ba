package oauth_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote/oauth"
)

// endpoint serves a token endpoint until the test ends, and counts what is asked.
func endpoint(t *testing.T, serve func(w http.ResponseWriter, r *http.Request, n int32)) (oauth.Endpoint, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, asked.Add(1)) }))
	t.Cleanup(server.Close)
	return oauth.Endpoint{Name: "Test", TokenURL: server.URL + "/token", ClientID: "client", Scopes: []string{"read"}, Advice: "Look at the client."}, &asked
}

func grant(w http.ResponseWriter, life int) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":%d}`, life, life)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":%q,"error_description":"Because.\r\nTrace ID: 1"}`, code)
}

func secretTokens(t *testing.T, endpoint oauth.Endpoint) *oauth.Tokens {
	t.Helper()
	tokens, err := oauth.ClientSecret(endpoint, "hush")
	require.NoError(t, err)
	return tokens
}

func TestManyRequestsShareOneToken(t *testing.T) {
	at, asked := endpoint(t, func(w http.ResponseWriter, _ *http.Request, _ int32) { grant(w, 3600) })
	tokens := secretTokens(t, at)
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			_, err := tokens.Token(context.Background())
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	require.EqualValues(t, 1, asked.Load())
}

func TestATokenThatEndsSoonIsReplaced(t *testing.T) {
	at, asked := endpoint(t, func(w http.ResponseWriter, _ *http.Request, _ int32) { grant(w, 20) })
	tokens := secretTokens(t, at)
	for range 3 {
		_, err := tokens.Token(context.Background())
		require.NoError(t, err)
	}
	require.EqualValues(t, 3, asked.Load())
}

func TestARefusedTokenIsForgottenOnlyIfItIsStillTheOne(t *testing.T) {
	at, asked := endpoint(t, func(w http.ResponseWriter, _ *http.Request, n int32) { grant(w, 3600+int(n)) })
	tokens := secretTokens(t, at)
	request := func() *http.Request {
		req, err := http.NewRequest(http.MethodGet, "http://127.0.0.1", nil)
		require.NoError(t, err)
		require.NoError(t, tokens.Authorize(req))
		return req
	}
	first, second := request(), request()
	require.True(t, tokens.Renew(first))
	fresh := request()
	require.NotEqual(t, first.Header.Get("Authorization"), fresh.Header.Get("Authorization"))
	require.True(t, tokens.Renew(second), "which carried the old one")
	require.Equal(t, fresh.Header.Get("Authorization"), request().Header.Get("Authorization"))
	require.EqualValues(t, 2, asked.Load())
}

func TestAFaultIsAskedAgainAndARefusalIsNot(t *testing.T) {
	at, asked := endpoint(t, func(w http.ResponseWriter, _ *http.Request, n int32) {
		if n == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		grant(w, 3600)
	})
	_, err := secretTokens(t, at).Token(context.Background())
	require.NoError(t, err)
	require.EqualValues(t, 2, asked.Load())

	for code, want := range map[string]problem.Code{
		"invalid_client": problem.BadCredentials, "invalid_grant": problem.BadCredentials, "invalid_scope": problem.Forbidden, "access_denied": problem.Forbidden,
	} {
		at, asked := endpoint(t, func(w http.ResponseWriter, _ *http.Request, _ int32) { refuse(w, http.StatusBadRequest, code) })
		_, err := secretTokens(t, at).Token(context.Background())
		require.True(t, problem.Is(err, want), "%s: %v", code, err)
		require.NotContains(t, err.Error(), "Trace ID")
		require.NotContains(t, fmt.Sprintf("%+v", problem.Of(err).Cause), "hush")
		// x/oauth2 finds out how the server wants the client's secret by
		// trying both ways, each once.
		require.LessOrEqual(t, asked.Load(), int32(2), code)
	}
}

func TestTheSecretGoesToNoOtherHostAndNotInTheClear(t *testing.T) {
	var stolen atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { stolen.Add(1); grant(w, 3600) }))
	t.Cleanup(thief.Close)
	at, _ := endpoint(t, func(w http.ResponseWriter, r *http.Request, _ int32) {
		http.Redirect(w, r, thief.URL, http.StatusTemporaryRedirect)
	})
	_, err := secretTokens(t, at).Token(context.Background())
	require.True(t, problem.Is(err, problem.Insecure), "%v", err)
	require.Zero(t, stolen.Load())

	_, err = oauth.ClientSecret(oauth.Endpoint{TokenURL: "http://login.example.org/token"}, "hush")
	require.True(t, problem.Is(err, problem.Insecure), "%v", err)
	_, err = oauth.SignIn{Endpoint: oauth.Endpoint{TokenURL: "https://x/token"}, AuthURL: "http://login.example.org/"}.Browser(context.Background(), nil)
	require.True(t, problem.Is(err, problem.Insecure), "%v", err)
}

func TestWaitingForATokenEndsWhenItIsCancelled(t *testing.T) {
	hold := make(chan struct{})
	at, _ := endpoint(t, func(w http.ResponseWriter, r *http.Request, _ int32) {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(hold) })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := secretTokens(t, at).Token(ctx)
	require.True(t, problem.Is(err, problem.Cancelled), "%v", err)
}

// endsAfter cancels as soon as an answer has been read.
type endsAfter struct{ cancel context.CancelFunc }

func (e endsAfter) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		resp.Body = readThenCancelled{resp.Body, e.cancel}
	}
	return resp, err
}

type readThenCancelled struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (r readThenCancelled) Close() error {
	r.cancel()
	return r.ReadCloser.Close()
}

func TestATokenThatCameAsItWasCancelledIsThereAllTheSame(t *testing.T) {
	at, asked := endpoint(t, func(w http.ResponseWriter, _ *http.Request, _ int32) { grant(w, 3600) })
	ctx, cancel := context.WithCancel(context.Background())
	at.Client = &http.Client{Transport: endsAfter{cancel}}
	tokens := secretTokens(t, at)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1", nil)
	require.NoError(t, err)
	require.NoError(t, tokens.Authorize(req))
	require.Error(t, ctx.Err())
	require.Equal(t, "Bearer token-3600", req.Header.Get("Authorization"))
	require.EqualValues(t, 1, asked.Load())
}

func TestNoConnectionStaysOpenOnceTheTokenIsThere(t *testing.T) {
	var open atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { grant(w, 3600) }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	_, err := secretTokens(t, oauth.Endpoint{Name: "Test", TokenURL: server.URL, ClientID: "client"}).Token(context.Background())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return open.Load() == 0 }, 5*time.Second, time.Millisecond)
}
