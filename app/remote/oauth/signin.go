package oauth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// SignIn lets a person sign in, in a browser of theirs.
type SignIn struct {
	Endpoint
	// ClientSecret is sent where the client has one that isn't secret, as
	// Google's desktop clients do.
	ClientSecret string
	// AuthURL is where a browser signs in, DeviceURL where a device code is
	// asked for.
	AuthURL, DeviceURL string
	// RedirectHost is the name of this machine in the redirect; empty for
	// 127.0.0.1.
	RedirectHost string
	// Params are sent along to AuthURL.
	Params []oauth2.AuthCodeOption
}

// Prompt is what a person is asked to do.
type Prompt struct {
	// URL is to be opened in a browser.
	URL string
	// Code is to be entered there; empty where nothing is.
	Code string
}

func (s SignIn) config() oauth2.Config {
	return oauth2.Config{
		ClientID: s.ClientID, ClientSecret: s.ClientSecret, Scopes: s.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: s.AuthURL, TokenURL: s.TokenURL, DeviceAuthURL: s.DeviceURL},
	}
}

// check refuses addresses that credentials may not be sent to.
func (s SignIn) check(more string) error {
	for _, address := range []string{s.TokenURL, more} {
		if _, err := remote.CheckURL(address); err != nil {
			return err
		}
	}
	return nil
}

func (s SignIn) client() *http.Client {
	if s.Client != nil {
		return s.Client
	}
	return remote.NewHTTPClient()
}

// Device signs in with a code that a person enters on any device (RFC 8628). It
// waits until they have, the code expires, or ctx ends.
func (s SignIn) Device(ctx context.Context, show func(Prompt)) (SignedIn, error) {
	if err := s.check(s.DeviceURL); err != nil {
		return SignedIn{}, err
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, s.client())
	config := s.config()
	answer, err := config.DeviceAuth(ctx)
	if err != nil {
		return SignedIn{}, s.failed(err)
	}
	show(Prompt{URL: answer.VerificationURI, Code: answer.UserCode})
	token, err := config.DeviceAccessToken(ctx, answer)
	if err != nil {
		return SignedIn{}, s.failed(err)
	}
	return s.left(token)
}

func (s SignIn) failed(err error) error {
	address, _ := remote.CheckURL(s.TokenURL)
	return explain(s.Endpoint, address, err)
}

func (s SignIn) left(token *oauth2.Token) (SignedIn, error) {
	if token.RefreshToken == "" {
		return SignedIn{}, problem.New(problem.Forbidden, lang.L("%s gave no refresh token, so the sign-in would not last.", s.Name),
			lang.L("Allow the application offline access, then sign in again."))
	}
	return SignedIn{RefreshToken: token.RefreshToken, ClientSecret: s.ClientSecret}, nil
}

// browserPatience is how long a person has to sign in.
const browserPatience = 10 * time.Minute

// Browser signs in through a browser on this machine: authorization code with
// PKCE, answered to a server on loopback that lasts as long as the sign-in (RFC
// 8252, RFC 7636). show is called once, with the address to open.
func (s SignIn) Browser(ctx context.Context, show func(Prompt)) (SignedIn, error) {
	if err := s.check(s.AuthURL); err != nil {
		return SignedIn{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, s.client()), browserPatience)
	defer cancel()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return SignedIn{}, problem.Wrap(err, problem.Unreachable, lang.L("No port on this machine is free for the browser to answer to."), lang.L("Try again, or sign in with a device code."))
	}
	config := s.config()
	config.RedirectURL = s.redirect(listener)
	verifier, state := oauth2.GenerateVerifier(), rand.Text()
	waiting := newRedirect(state)
	server := &http.Server{Handler: waiting, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer shut(server)
	show(Prompt{URL: config.AuthCodeURL(state, append(s.Params, oauth2.S256ChallengeOption(verifier))...)})
	code, err := waiting.code(ctx)
	if err != nil {
		return SignedIn{}, s.failed(err)
	}
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return SignedIn{}, s.failed(err)
	}
	return s.left(token)
}

// shut lets the browser have its page before the server ends.
func shut(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = server.Shutdown(ctx) // who doesn't fetch the page goes without
}

func (s SignIn) redirect(listener net.Listener) string {
	host := s.RedirectHost
	if host == "" {
		host = "127.0.0.1"
	}
	return fmt.Sprintf("http://%s:%d/", host, listener.Addr().(*net.TCPAddr).Port)
}

// redirect is the page that a browser comes back to.
type redirect struct {
	state  string
	answer chan answer
}

type answer struct {
	code string
	err  error
}

func newRedirect(state string) *redirect {
	return &redirect{state: state, answer: make(chan answer, 1)}
}

// ServeHTTP takes the first answer that carries the state; whatever else comes
// wasn't asked for, and changes nothing.
func (r *redirect) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	query := req.URL.Query()
	if req.Method != http.MethodGet || req.URL.Path != "/" || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(r.state)) != 1 {
		http.Error(w, lang.L("This isn't the answer to a sign-in that Rollcall asked for."), http.StatusBadRequest)
		return
	}
	got := answer{code: query.Get("code")}
	text := lang.L("Signed in. You can close this page and go back to Rollcall.")
	if got.code == "" {
		got.err = &oauth2.RetrieveError{ErrorCode: query.Get("error"), ErrorDescription: query.Get("error_description")}
		text = lang.L("Not signed in. Go back to Rollcall: it says what to do.")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprintln(w, text)
	select {
	case r.answer <- got:
	default: // only the first counts
	}
}

func (r *redirect) code(ctx context.Context) (string, error) {
	select {
	case got := <-r.answer:
		return got.code, got.err
	case <-ctx.Done():
		if ctx.Err() == context.DeadlineExceeded {
			return "", problem.New(problem.BadCredentials, lang.L("Nobody signed in within ten minutes."), lang.L("Sign in again."))
		}
		return "", ctx.Err()
	}
}
