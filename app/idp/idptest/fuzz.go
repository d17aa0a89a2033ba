package idptest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// Token is what the server of Answers gives to who asks for a token; everything
// else gets the answer that is tried.
const Token = `{"access_token":"fuzzed","token_type":"Bearer","expires_in":3600}`

// Answers is a server that gives one and the same answer to everything but a
// request for a token.
type Answers struct {
	URL  string
	body atomic.Pointer[[]byte]
	link atomic.Pointer[string]
}

// NewAnswers starts the server; it ends with the test.
func NewAnswers(tb testing.TB) *Answers {
	a := &Answers{}
	a.Set(nil, "")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-RateLimit-Limit", "100000")
		w.Header().Set("X-RateLimit-Remaining", "100000")
		w.Header().Set("X-RateLimit-Reset", time.Now().Add(time.Minute).UTC().Format(time.RFC3339))
		if strings.HasSuffix(r.URL.Path, "/token") {
			_, _ = w.Write([]byte(Token))
			return
		}
		if link := *a.link.Load(); link != "" {
			w.Header().Set("Link", link)
		}
		_, _ = w.Write(*a.body.Load())
	}))
	tb.Cleanup(server.Close)
	a.URL = server.URL
	return a
}

// Set says what is answered from now on: a body, and a Link header.
func (a *Answers) Set(body []byte, link string) {
	link = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, link)
	a.body.Store(&body)
	a.link.Store(&link)
}

// closing is a provider that is opened for a while.
type closing interface {
	idp.Provider
	io.Closer
}

// Fuzz tries a provider with a server that answers anything, beginning with some
// bodies: reading comes to an end, with a sentence or with something that is well
// formed. prepare is told the server's address and gives what opens the provider.
func Fuzz[P closing](f *testing.F, prepare func(server string) (open func() (P, error)), bodies ...string) {
	for _, body := range bodies {
		f.Add([]byte(body), "")
	}
	f.Add([]byte("[]"), `<https://elsewhere.example/next>; rel="next"`)
	server := NewAnswers(f)
	open := prepare(server.URL)
	f.Fuzz(func(t *testing.T, body []byte, link string) {
		server.Set(body, link)
		ask := func(ask func(context.Context, P) error) {
			Endures(t, func(ctx context.Context) error {
				provider, err := open()
				require.NoError(t, err)
				defer func() { require.NoError(t, provider.Close()) }()
				return ask(ctx, provider)
			})
		}
		ask(func(ctx context.Context, provider P) error {
			side, _, err := provider.Read(ctx, nil, nil)
			if err == nil {
				require.NoError(t, side.Valid())
			}
			return err
		})
		ask(func(ctx context.Context, provider P) error {
			if err := provider.Check(ctx); err != nil {
				return err
			}
			if _, err := provider.Person(ctx, "u1"); err != nil {
				return err
			}
			_, err := provider.Now(ctx, "g1")
			return err
		})
	})
}

// Endures does something with a server that answers anything: it must come to an
// end, with a sentence or without an error.
func Endures(t *testing.T, do func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := do(remote.WithHurry(ctx, remote.Hurry{FirstWait: time.Microsecond, Attempt: 5 * time.Second}))
	require.NoError(t, ctx.Err(), "it didn't come to an end")
	if err != nil {
		told := problem.Of(err)
		require.NotEmpty(t, told.Message)
		require.NotEmpty(t, told.Action)
	}
}
