// Package oauth gets the access tokens that connectors send, through
// golang.org/x/oauth2: client credentials with a secret or a private key,
// service accounts, and what a person's sign-in left behind.
package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/oauth2"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// Endpoint is a token endpoint and who asks there.
type Endpoint struct {
	// Name is what a person calls the other side: "Okta".
	Name string
	// TokenURL is the token endpoint. Plain HTTP is refused except to loopback.
	TokenURL string
	ClientID string
	Scopes   []string
	// Audience is whom signed assertions are for; empty for TokenURL.
	Audience string
	// Advice says what to do about a client that isn't accepted.
	Advice string
	// Client sends the requests; nil for remote.NewHTTPClient().
	Client *http.Client
}

// Tokens hands out access tokens and gets another where one has expired or was
// forgotten. It is safe for concurrent use: one request at a time is under way.
type Tokens struct {
	endpoint Endpoint
	address  *url.URL
	fetch    func(ctx context.Context) (*oauth2.Token, error)
	// turn holds the token, or nil; who has taken it out may get another.
	turn chan *oauth2.Token
}

func newTokens(endpoint Endpoint, fetch func(context.Context) (*oauth2.Token, error)) (*Tokens, error) {
	address, err := remote.CheckURL(endpoint.TokenURL)
	if err != nil {
		return nil, err
	}
	if endpoint.Client == nil {
		endpoint.Client = remote.NewHTTPClient()
	}
	t := &Tokens{endpoint: endpoint, address: address, fetch: fetch, turn: make(chan *oauth2.Token, 1)}
	t.turn <- nil
	return t, nil
}

// early is how long before its end a token is replaced.
const early = 30 * time.Second

// Token gives a token that hasn't expired. Its errors are a *problem.Problem.
func (t *Tokens) Token(ctx context.Context) (*oauth2.Token, error) {
	var token *oauth2.Token
	select {
	case token = <-t.turn:
	case <-ctx.Done():
		return nil, problem.Of(ctx.Err())
	}
	defer func() { t.turn <- token }()
	if token != nil && (token.Expiry.IsZero() || time.Until(token.Expiry) > early) {
		return token, nil
	}
	defer t.endpoint.Client.CloseIdleConnections() // the next token is an hour away
	fresh, err := backoff.Retry(ctx, func() (*oauth2.Token, error) {
		return t.attempt(ctx)
	}, backoff.WithBackOff(remote.Waits(ctx)), backoff.WithMaxTries(tries))
	if err != nil {
		return nil, explain(t.endpoint, t.address, err)
	}
	token = fresh
	return token, nil
}

const tries = 4

// attempt asks once. A refusal isn't repeated; a fault of the server or the
// network is.
func (t *Tokens) attempt(ctx context.Context) (*oauth2.Token, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, t.endpoint.Client)
	token, err := t.fetch(ctx)
	var refusal *oauth2.RetrieveError
	if errors.As(err, &refusal) && refusal.ErrorCode == demandsNonce { // which is known now
		token, err = t.fetch(ctx)
	}
	if err == nil {
		return token, nil // also where ctx has ended since
	}
	if ctx.Err() != nil || !passing(err) {
		return nil, backoff.Permanent(err)
	}
	return nil, err
}

// passing says whether asking again may help: after a fault of the network or of
// the server, not after a refusal or an answer that can't be read.
func passing(err error) bool {
	var refusal *oauth2.RetrieveError
	if errors.As(err, &refusal) && refusal.Response != nil {
		return refusal.Response.StatusCode >= 500 || refusal.Response.StatusCode == http.StatusTooManyRequests
	}
	var network *url.Error
	return errors.As(err, &network)
}

// Authorize puts a token on a request; it is for remote.Config.
func (t *Tokens) Authorize(req *http.Request) error {
	token, err := t.Token(req.Context())
	if err != nil {
		return err
	}
	token.SetAuthHeader(req)
	return nil
}

// Renew forgets the token that a refused request carried, so that the next one
// gets another; it is for remote.Config.
func (t *Tokens) Renew(req *http.Request) bool {
	token := <-t.turn
	if token != nil && strings.HasSuffix(req.Header.Get("Authorization"), " "+token.AccessToken) {
		token = nil
	}
	t.turn <- token
	return true
}

// Pair are tokens for reading and for writing: a scope to write that wasn't
// granted would be refused together with those to read.
type Pair struct{ Reading, Writing *Tokens }

func (p Pair) of(req *http.Request) *Tokens {
	if req.Method == http.MethodGet {
		return p.Reading
	}
	return p.Writing
}

// Authorize puts the token on a request that it needs; it is for remote.Config.
func (p Pair) Authorize(req *http.Request) error { return p.of(req).Authorize(req) }

// Renew forgets the token that a refused request carried; it is for
// remote.Config.
func (p Pair) Renew(req *http.Request) bool { return p.of(req).Renew(req) }

// explain says why there is no token.
func explain(endpoint Endpoint, address *url.URL, err error) error {
	var known *problem.Problem
	var refusal *oauth2.RetrieveError
	switch {
	case errors.Is(err, context.Canceled):
		return problem.Of(context.Canceled)
	case errors.As(err, &known):
		return known
	case errors.As(err, &refusal):
		return refused(endpoint, refusal)
	}
	return remote.Unreachable(address, err)
}

// refused explains a token endpoint's error codes (RFC 6749, section 5.2).
func refused(endpoint Endpoint, refusal *oauth2.RetrieveError) error {
	status := 0
	if refusal.Response != nil {
		status = refusal.Response.StatusCode
	}
	// The body isn't kept: it may repeat what was sent.
	cause := fmt.Errorf("token endpoint: %d %s", status, refusal.ErrorCode)
	detail := ""
	if words := strings.TrimRight(firstLine(refusal.ErrorDescription), ". "); words != "" {
		detail = fmt.Sprintf(" (%s)", words)
	} else if refusal.ErrorCode != "" {
		detail = fmt.Sprintf(" (%s)", refusal.ErrorCode)
	}
	name := endpoint.Name
	switch {
	case refusal.ErrorCode == "invalid_grant":
		return problem.Wrap(cause, problem.BadCredentials, lang.L("%s no longer accepts the sign-in: it was revoked or has expired%s.", name, detail),
			lang.L("Sign in again. %s", endpoint.Advice))
	case refusal.ErrorCode == "invalid_scope":
		return problem.Wrap(cause, problem.Forbidden, lang.L("%s doesn't grant %s%s.", name, strings.Join(endpoint.Scopes, ", "), detail), endpoint.Advice)
	case refusal.ErrorCode == "access_denied":
		return problem.Wrap(cause, problem.Forbidden, lang.L("%s denied the sign-in%s.", name, detail), lang.L("Sign in again, and agree to what is asked. %s", endpoint.Advice))
	case refusal.ErrorCode == "expired_token":
		return problem.Wrap(cause, problem.BadCredentials, lang.L("The code wasn't entered in time."), lang.L("Sign in again."))
	case status == http.StatusTooManyRequests:
		return problem.Wrap(cause, problem.RateLimited, lang.L("%s kept asking to slow down.", name), lang.L("Wait a few minutes, then try again."))
	case status >= 500:
		return problem.Wrap(cause, problem.ServerFault, lang.L("%s has a fault of its own: its token endpoint answers %d.", name, status),
			lang.L("Try again later; the vendor's status page may tell more."))
	}
	return problem.Wrap(cause, problem.BadCredentials, lang.L("%s doesn't accept the client%s.", name, detail), endpoint.Advice)
}

// firstLine leaves out the trace ids that some vendors append.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.ReplaceAll(text, "\r", "\n"), "\n")
	return line
}
