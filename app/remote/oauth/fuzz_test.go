package oauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote/oauth"
)

func FuzzTokenAnswers(f *testing.F) {
	f.Add([]byte(`{"access_token":"t","token_type":"Bearer","expires_in":3600}`), uint8(0))
	f.Add([]byte(`{"error":"invalid_client","error_description":"no"}`), uint8(1))
	f.Add([]byte(`access_token=t&expires_in=5`), uint8(0))
	f.Add([]byte(`null`), uint8(0))
	var body atomic.Pointer[[]byte]
	var status atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(int(status.Load()))
		_, _ = w.Write(*body.Load())
	}))
	f.Cleanup(server.Close)
	f.Fuzz(func(t *testing.T, text []byte, code uint8) {
		body.Store(&text)
		status.Store([]int32{200, 400, 401, 403, 404}[code%5]) // those that aren't asked again
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		tokens, err := oauth.ClientSecret(oauth.Endpoint{Name: "Test", TokenURL: server.URL, ClientID: "c", Advice: "Look."}, "hush")
		require.NoError(t, err)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		if err := tokens.Authorize(req); err != nil {
			require.NotEmpty(t, problem.Of(err).Action)
			require.NotContains(t, err.Error(), "hush")
			return
		}
		require.NotEmpty(t, req.Header.Get("Authorization"))
	})
}
