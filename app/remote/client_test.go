package remote_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

const secret = "Bearer hush"

func client(t *testing.T, url string) *remote.Client {
	t.Helper()
	c, err := remote.New(remote.Config{
		Name: "Test", BaseURL: url, Start: 1000, KeyAdvice: "Make a new key.", RoleAdvice: "Ask for the role.",
		Authorize: func(r *http.Request) error { r.Header.Set("Authorization", secret); return nil },
	})
	require.NoError(t, err)
	return c
}

func get(c *remote.Client, into any) (remote.Answer, error) {
	return c.Do(context.Background(), remote.Call{Method: http.MethodGet, Path: "/rows", Endpoint: "list rows", Into: into})
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func rows(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `["a"]`)
}

func TestSecretsAreSentOverTLSOrToLoopbackOnly(t *testing.T) {
	for address, fine := range map[string]bool{
		"https://acme.okta.com":   true,
		"http://127.0.0.1:8080":   true,
		"http://localhost:8080":   true,
		"http://[::1]:8080":       true,
		"http://acme.okta.com":    false,
		"http://10.0.0.7":         false,
		"ftp://acme.okta.com":     false,
		"acme.okta.com":           false,
		"https://user:pw@acme.io": false,
		"":                        false,
	} {
		_, err := remote.New(remote.Config{BaseURL: address})
		require.Equal(t, fine, err == nil, "%q: %v", address, err)
	}
}

func TestARedirectToAnotherHostIsNotFollowed(t *testing.T) {
	var leaked atomic.Value
	other := serve(t, func(w http.ResponseWriter, r *http.Request) { leaked.Store(r.Header.Get("Authorization")); rows(w) })
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	_, err := get(client(t, server.URL), nil)
	require.True(t, problem.Is(err, problem.Insecure), "%v", err)
	require.Nil(t, leaked.Load(), "the other host was called")
}

func TestWhatIsNotTheAPIIsSaidToBeSo(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		code   problem.Code
	}{
		"a proxy's page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>Sign in</html>")
		}, problem.BadAnswer},
		"broken JSON": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `["a",]`)
		}, problem.BadAnswer},
		"a body of the wrong type": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"rows":7}`)
		}, problem.BadAnswer},
		"a wrong key":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, problem.BadCredentials},
		"a missing role":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, problem.Forbidden},
		"a wrong address":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, problem.NotFound},
		"a malformed call": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) }, problem.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			server := serve(t, func(w http.ResponseWriter, r *http.Request) { requests.Add(1); test.answer(w, r) })
			var list []string
			_, err := get(client(t, server.URL), &list)
			require.True(t, problem.Is(err, test.code), "%v", err)
			require.NotEmpty(t, problem.Of(err).Action)
			require.EqualValues(t, 1, requests.Load(), "asking again wouldn't help")
		})
	}
}

func TestAReadThatFailsOnTheWayIsTriedAgain(t *testing.T) {
	failures := map[string]http.HandlerFunc{
		"a fault of the server": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) },
		"a connection reset": func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		},
		"a body cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "500")
			fmt.Fprint(w, `["a"`)
		},
	}
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) < 3 {
					fail(w, r)
					return
				}
				rows(w)
			})
			var list []string
			_, err := get(client(t, server.URL), &list)
			require.NoError(t, err)
			require.Equal(t, []string{"a"}, list)
		})
	}
}

func TestAWriteWhoseAnswerIsLostIsNotSentAgain(t *testing.T) {
	var requests atomic.Int32
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { requests.Add(1); w.WriteHeader(502) })
	_, err := client(t, server.URL).Do(context.Background(), remote.Call{Method: http.MethodPost, Path: "/rows", Endpoint: "write"})
	require.True(t, problem.Is(err, problem.ServerFault), "%v", err)
	require.EqualValues(t, 1, requests.Load())
}

func TestBeingToldToSlowDownIsHeededAndCounted(t *testing.T) {
	for name, header := range map[string]func(http.Header){
		"seconds to wait":          func(h http.Header) { h.Set("Retry-After", "1") },
		"Okta's end of the window": func(h http.Header) { h.Set("X-Rate-Limit-Reset", strconv.FormatInt(time.Now().Unix()+1, 10)) },
		"Atlassian's, to the second": func(h http.Header) {
			h.Set("X-RateLimit-Reset", time.Now().Add(time.Second).UTC().Format(time.RFC3339))
		},
		"nothing": func(http.Header) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if requests.Add(1) == 1 {
					header(w.Header())
					w.WriteHeader(http.StatusTooManyRequests)
					return
				}
				rows(w)
			})
			c := client(t, server.URL)
			// A POST, too: it was refused before anything was done.
			_, err := c.Do(context.Background(), remote.Call{Method: http.MethodPost, Path: "/rows", Endpoint: "write"})
			require.NoError(t, err)
			require.Equal(t, remote.Count{Requests: 2, Throttled: 1}, c.Count())
		})
	}
}

// A server that permits a few requests in each window and tells so is never
// asked for more.
func TestTheRateHeadersArePacedBy(t *testing.T) {
	const limit = 5
	var used int
	var until time.Time
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if now := time.Now(); !now.Before(until) {
			used, until = 0, now.Truncate(time.Second).Add(time.Second)
		}
		used++
		w.Header().Set("X-RateLimit-Limit", strconv.Itoa(limit))
		w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(max(limit-used, 0)))
		w.Header().Set("X-RateLimit-Reset", until.UTC().Format(time.RFC3339))
		if used > limit {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		rows(w)
	})
	c := client(t, server.URL)
	for range 3 * limit {
		_, err := get(c, nil)
		require.NoError(t, err)
	}
	require.Equal(t, remote.Count{Requests: 3 * limit}, c.Count(), "nothing was throttled")
}

// Side by side, requests keep to a rate that no header tells, in units, over all
// endpoints together where they share one limit.
func TestARateThatNoHeaderTellsIsKeptJustUnder(t *testing.T) {
	var mu sync.Mutex
	var at []time.Time
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		at = append(at, time.Now())
		rows(w)
	})
	c, err := remote.New(remote.Config{BaseURL: server.URL, Start: 400, MostCost: 10, OneRate: true, Authorize: func(*http.Request) error { return nil }})
	require.NoError(t, err)
	const calls, cost = 40, 10
	err = remote.Each(context.Background(), calls, func(ctx context.Context, i int) error {
		_, err := c.Do(ctx, remote.Call{Method: http.MethodGet, Path: "/rows", Endpoint: fmt.Sprint("endpoint ", i%3), Cost: cost})
		return err
	})
	require.NoError(t, err)
	slices.SortFunc(at, time.Time.Compare)
	// The first goes at once; each of the others waits for its units.
	require.GreaterOrEqual(t, at[calls-1].Sub(at[0]), (calls-2)*cost*time.Second/400)
}

func TestTheHeaviestInLineIsTakenFirst(t *testing.T) {
	var mu sync.Mutex
	var taken []int
	all := make(chan struct{})
	err := remote.Flow(context.Background(), func(_ context.Context, hand func(int, int)) error {
		for weight := range 100 {
			hand(weight, weight)
		}
		close(all)
		return nil
	}, func(_ context.Context, weight int) error {
		<-all // all others stand in line
		mu.Lock()
		defer mu.Unlock()
		taken = append(taken, weight)
		return nil
	})
	require.NoError(t, err)
	require.Len(t, taken, 100)
	require.Greater(t, slices.Index(taken, 5), slices.Index(taken, 60))
}

func TestAFailureOnEitherEndEndsAFlow(t *testing.T) {
	broken := errors.New("broken")
	endless := func(ctx context.Context, hand func(int, int)) error {
		hand(1, 1)
		<-ctx.Done()
		return ctx.Err()
	}
	require.ErrorIs(t, remote.Flow(context.Background(), endless, func(context.Context, int) error { return broken }), broken)
	taken := func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }
	require.ErrorIs(t, remote.Flow(context.Background(), func(_ context.Context, hand func(int, int)) error {
		hand(1, 1)
		return broken
	}, taken), broken)
}

func TestCancellingEndsACallThatWaits(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	ctx, cancel := context.WithCancel(context.Background())
	c := client(t, server.URL)
	done := make(chan error, 1)
	go func() {
		_, err := c.Do(ctx, remote.Call{Method: http.MethodGet, Path: "/", Endpoint: "x"})
		done <- err
	}()
	require.Eventually(t, func() bool { return c.Count().Throttled == 1 }, 5*time.Second, time.Millisecond)
	cancel()
	require.True(t, problem.Is(<-done, problem.Cancelled))
}

func TestBeingToldToWaitForAnHourEndsTheCall(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	c := client(t, server.URL)
	for range 2 { // the second isn't even sent
		_, err := get(c, nil)
		require.True(t, problem.Is(err, problem.RateLimited), "%v", err)
	}
	require.Equal(t, 1, c.Count().Requests)
}

func TestNoNetworkAndNoHostHaveTheirSentences(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close()) // nobody listens there now
	_, err = get(client(t, "http://"+listener.Addr().String()), nil)
	require.True(t, problem.Is(err, problem.Unreachable), "%v", err)

	_, err = get(client(t, "https://nowhere.invalid"), nil)
	require.True(t, problem.Is(err, problem.Unreachable), "%v", err)
	require.Contains(t, err.Error(), "nowhere.invalid")
}

func TestACertificateThatCannotBeTrustedIsNamed(t *testing.T) {
	expired := certificate(t, time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { rows(w) }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{expired}}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, err := get(client(t, server.URL), nil)
	require.True(t, problem.Is(err, problem.Certificate), "%v", err)
	require.Contains(t, err.Error(), "expired")
}

func certificate(t *testing.T, from, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: from, NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestPagesThatNeverEndAreAnError(t *testing.T) {
	cursors := map[string]string{"": "b", "b": "c", "c": "b"}
	err := remote.Pages(context.Background(), "rows", func(_ context.Context, cursor string) (string, error) {
		return cursors[cursor], nil
	})
	require.True(t, problem.Is(err, problem.Incomplete), "%v", err)
}

func TestTheNextLinkIsFoundAmongOthers(t *testing.T) {
	for header, want := range map[string]string{
		`<https://x/y?after=1,2&limit=2>; rel="next"`:                "https://x/y?after=1,2&limit=2",
		`<https://x/self>; rel="self", <https://x/next>; rel="next"`: "https://x/next",
		`<https://x/self>; rel="self"`:                               "",
		"":                                                           "",
	} {
		require.Equal(t, want, remote.NextLink([]string{header}))
	}
}

func TestIDsAreEscapedInPaths(t *testing.T) {
	require.Equal(t, "/groups/712020:a%2Fb%3Fc", remote.Path("groups", "712020:a/b?c"))
}

func TestNothingIsSentOverAnOlderTLSThan12(t *testing.T) {
	var asked atomic.Bool
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Store(true)
		rows(w)
	}))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	_, err := get(client(t, server.URL), nil)
	require.ErrorContains(t, err, "TLS")
	require.NotEmpty(t, problem.Of(err).Action)
	require.False(t, asked.Load())
}
