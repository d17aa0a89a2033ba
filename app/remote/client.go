// Package remote is the HTTP client that all connectors share: authorization,
// pacing by the other side's rate headers, retries with backoff and jitter,
// paging, and errors that a person can read.
package remote

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

const (
	// largestBody is more than any page the vendors document; a longer body is
	// not the API's.
	largestBody = 64 << 20
	// attemptTimeout bounds one request, connecting and reading included.
	attemptTimeout = 60 * time.Second
	// patience bounds all attempts at one request.
	patience = 5 * time.Minute
	// tries is how often a request is sent that meets failures other than
	// being told to wait.
	tries = 5
	// mostRenewals is how often a request gets other credentials: those that
	// others got meanwhile may have ended before its turn comes.
	mostRenewals = 3
)

// Config says how to talk to one other side.
type Config struct {
	// Name is what a person calls the other side: "Okta", "Atlassian".
	Name string
	// BaseURL is where paths begin. Plain HTTP is refused except to loopback.
	BaseURL string
	// Authorize puts the credentials on a request. It may wait for an access
	// token; its error, a *problem.Problem, ends the call.
	Authorize func(*http.Request) error
	// Renew, if set, is told of a request answered with 401. Where it gives
	// true other credentials are to be had, and the request is sent again.
	Renew func(*http.Request) bool
	// Transport, if set, stands before the transport of the client.
	Transport func(http.RoundTripper) http.RoundTripper
	// MediaType is what is sent and asked for; empty for application/json.
	MediaType string
	// Throttled, if set, tells a refusal by which the vendor asks to slow down
	// although its status isn't 429.
	Throttled func(status int, body []byte) bool
	// Start is the rate at which an endpoint is called until its answers carry
	// rate headers, in units a second; zero means 10.
	Start rate.Limit
	// MostCost is how many units one request costs at most; zero means 1.
	MostCost int
	// OneRate says that all endpoints count against one limit.
	OneRate bool
	// Explain reads the vendor's error body and gives its sentence, or "".
	Explain func(body []byte) string
	// KeyAdvice says what to do about a key that isn't accepted, and
	// RoleAdvice what to do about one that lacks a permission.
	KeyAdvice, RoleAdvice string
	// Permissions say which permission an endpoint needs, by the vendor's name
	// for it.
	Permissions map[string]string
	// Log receives one debug line a request; nil logs nothing.
	Log *slog.Logger
}

// Client calls one other side. It is safe for concurrent use.
type Client struct {
	config Config
	base   *url.URL
	http   *http.Client

	mu     sync.Mutex
	pacers map[string]*pacer

	requests, throttled atomic.Int64
}

// Count is how many requests were sent, and how many were answered with 429.
type Count struct{ Requests, Throttled int }

// Since gives what was added after an earlier count.
func (c Count) Since(earlier Count) Count {
	return Count{c.Requests - earlier.Requests, c.Throttled - earlier.Throttled}
}

// Plus adds another count.
func (c Count) Plus(more Count) Count {
	return Count{c.Requests + more.Requests, c.Throttled + more.Throttled}
}

// Call is one request.
type Call struct {
	Method string
	// Path follows the base URL; its variable parts are escaped by Path().
	Path  string
	Query url.Values
	// Body is sent as JSON where it isn't nil.
	Body any
	// Endpoint says what the call is for, and names the bucket whose rate limit
	// it counts against.
	Endpoint string
	// Cost is how many units of the limit it takes; zero means 1.
	Cost int
	// Repeatable says that a POST may be sent again after a failure that
	// leaves open whether it arrived. Other methods always may.
	Repeatable bool
	// Into receives the JSON answer; nil drops it.
	Into any
}

// Answer is what came back, its body already read.
type Answer struct {
	Status int
	Header http.Header

	// slowDown says that the other side asked to, renew that other
	// credentials are to be had.
	slowDown, renew bool
}

// New makes a client. A base URL that isn't https (or http to loopback) is a
// problem of code Insecure.
func New(config Config) (*Client, error) {
	base, err := CheckURL(config.BaseURL)
	if err != nil {
		return nil, err
	}
	if config.Start == 0 {
		config.Start = 10
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Explain == nil {
		config.Explain = func([]byte) string { return "" }
	}
	if config.MediaType == "" {
		config.MediaType = "application/json"
	}
	plain := NewHTTPClient()
	if config.Transport != nil {
		plain.Transport = config.Transport(plain.Transport)
	}
	return &Client{config: config, base: base, http: plain, pacers: map[string]*pacer{}}, nil
}

// NewHTTPClient makes a client that is fit to carry credentials: TLS 1.2 at
// least, a time-out, and no redirect to another host.
func NewHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: transport, Timeout: attemptTimeout, CheckRedirect: sameHost}
}

// CheckURL parses an address that credentials will be sent to. Anything but
// https is refused, except http to a loopback address.
func CheckURL(address string) (*url.URL, error) {
	parsed, err := url.Parse(strings.TrimRight(strings.TrimSpace(address), "/"))
	if err != nil || parsed.Host == "" || parsed.User != nil {
		return nil, problem.Wrap(err, problem.Usage, lang.L("“%s” is not the address of a server.", address),
			lang.L("Give it as https://host, without a user name in it."))
	}
	if parsed.Scheme == "https" || parsed.Scheme == "http" && IsLoopback(parsed.Hostname()) {
		return parsed, nil
	}
	return nil, problem.New(problem.Insecure,
		lang.L("%s would carry the credentials unencrypted.", address), lang.L("Use an https address."))
}

// IsLoopback says whether a host is this machine.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// errOtherHost stops a redirect that would carry credentials elsewhere.
var errOtherHost = errors.New("redirected to another host")

func sameHost(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	if req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
		return fmt.Errorf("%w: %s", errOtherHost, req.URL.Host)
	}
	if len(via) > 5 {
		return errors.New("redirected in a circle")
	}
	return nil
}

// Path joins parts to a path, each escaped: an id is data, whatever it holds.
func Path(parts ...string) string {
	var path strings.Builder
	for _, part := range parts {
		path.WriteByte('/')
		path.WriteString(url.PathEscape(part))
	}
	return path.String()
}

// Close ends the connections that are kept for further requests.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Count gives the number of requests so far.
func (c *Client) Count() Count {
	return Count{int(c.requests.Load()), int(c.throttled.Load())}
}

// Do sends a request, again where that is safe and of use, and reads the
// answer. Its errors hold a problem.Problem; a refusal by the other side is
// also a *StatusError.
func (c *Client) Do(ctx context.Context, call Call) (Answer, error) {
	var payload []byte
	if call.Body != nil {
		var err error
		if payload, err = json.Marshal(call.Body); err != nil {
			return Answer{}, fmt.Errorf("encode the body of %s: %w", call.Endpoint, err)
		}
	}
	pacer := c.pacer(call.Endpoint)
	failures, renewals := 0, 0
	answer, err := backoff.Retry(ctx, func() (Answer, error) {
		answer, err := c.attempt(ctx, call, payload, pacer)
		switch {
		case err == nil:
			return answer, nil
		case answer.slowDown:
			return answer, pacer.tooMany(err) // refused before anything was done
		case answer.renew && renewals < mostRenewals:
			renewals++
			return answer, fmt.Errorf("%w: %w", err, backoff.RetryAfter(0))
		}
		failures++
		if failures >= tries || !worthRepeating(ctx, call, err) {
			return answer, backoff.Permanent(err)
		}
		return answer, err
	}, backoff.WithBackOff(Waits(ctx)), backoff.WithMaxElapsedTime(patience))
	if err != nil {
		return answer, c.explain(ctx, call, err)
	}
	return answer, nil
}

// worthRepeating says whether sending a call again after err is safe and of use.
func worthRepeating(ctx context.Context, call Call, err error) bool {
	safe := call.Repeatable || call.Method != http.MethodPost
	if ctx.Err() != nil || !safe {
		return false
	}
	if status := Status(err); status != 0 {
		return status >= 500 && status != http.StatusNotImplemented
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return false
	}
	return !errors.Is(err, errPatience) && !errors.Is(err, errOtherHost) && !errors.Is(err, errNotJSON) && !errors.Is(err, errTooLong) && !isCertificate(err) && !isOldTLS(err)
}

// attempt sends the request once.
func (c *Client) attempt(ctx context.Context, call Call, payload []byte, pacer *pacer) (Answer, error) {
	if err := pacer.wait(ctx, max(call.Cost, 1)); err != nil {
		return Answer{}, err
	}
	defer pacer.done()
	if hurry := hurryOf(ctx); hurry.Attempt > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, hurry.Attempt)
		defer cancel()
	}
	req, err := c.request(ctx, call, payload)
	if err != nil {
		return Answer{}, backoff.Permanent(err)
	}
	began := time.Now()
	c.requests.Add(1)
	resp, err := c.http.Do(req)
	if err != nil {
		c.config.Log.Debug("request failed", "side", c.config.Name, "endpoint", call.Endpoint, "error", err)
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(resp.Body, largestBody+1))
	c.config.Log.Debug("request", "side", c.config.Name, "method", call.Method, "endpoint", call.Endpoint,
		"status", resp.StatusCode, "took", time.Since(began))
	answer := Answer{Status: resp.StatusCode, Header: resp.Header, slowDown: c.asksToSlowDown(resp, body)}
	pacer.observe(answer.slowDown, resp.Header, time.Now())
	if answer.slowDown {
		c.throttled.Add(1)
	}
	answer.renew = resp.StatusCode == http.StatusUnauthorized && c.config.Renew != nil && c.config.Renew(req)
	switch {
	case err != nil:
		return answer, fmt.Errorf("read the answer: %w", err)
	case len(body) > largestBody:
		return answer, errTooLong
	case resp.StatusCode >= 300:
		return answer, &StatusError{Status: resp.StatusCode, Detail: c.config.Explain(body)}
	}
	return answer, decode(resp.Header, body, call.Into)
}

// Refusal explains the refusal of one part of a batch, as Do explains that of a
// request.
func (c *Client) Refusal(endpoint string, status int, body []byte) error {
	return c.explainStatus(Call{Endpoint: endpoint}, &StatusError{Status: status, Detail: c.config.Explain(body)})
}

// SlowDown heeds one part of a batch that asks to slow down: the endpoint rests
// as its header says, or for a second.
func (c *Client) SlowDown(endpoint string, header http.Header) {
	c.throttled.Add(1)
	if header.Get("Retry-After") == "" {
		header = http.Header{"Retry-After": {"1"}}
	}
	c.pacer(endpoint).observe(true, header, time.Now())
}

// asksToSlowDown tells 429, 503 with a time to wait, and what the vendor has
// instead.
func (c *Client) asksToSlowDown(resp *http.Response, body []byte) bool {
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		return true
	case resp.StatusCode == http.StatusServiceUnavailable:
		return resp.Header.Get("Retry-After") != ""
	}
	return resp.StatusCode >= 400 && c.config.Throttled != nil && c.config.Throttled(resp.StatusCode, body)
}

func (c *Client) request(ctx context.Context, call Call, payload []byte) (*http.Request, error) {
	address := c.base.String() + call.Path
	if len(call.Query) > 0 {
		address += "?" + call.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, address, bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	if payload != nil {
		req.Header.Set("Content-Type", c.config.MediaType)
	}
	req.Header.Set("Accept", c.config.MediaType)
	req.Header.Set("User-Agent", "rollcall")
	if err := c.config.Authorize(req); err != nil {
		return nil, err
	}
	return req, nil
}

var (
	errNotJSON = errors.New("the answer is not JSON")
	errTooLong = errors.New("the answer is longer than any page of the API")
	// errPatience ends a call that would have to wait for longer than patience.
	errPatience = errors.New("asked to wait for too long")
)

// decode reads a JSON answer. Where one is expected, another content type or a
// cut-off body is an error: nothing may be taken for absent that wasn't read.
func decode(header http.Header, body []byte, into any) error {
	if into == nil {
		return nil
	}
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return fmt.Errorf("%w but %q", errNotJSON, kind)
	}
	if err := json.Unmarshal(body, into); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "unexpected end") {
			return fmt.Errorf("the answer is cut off: %w", err)
		}
		return fmt.Errorf("%w: %w", errNotJSON, err)
	}
	return nil
}

// SetRate changes the rate of all endpoints whose answers carry no rate headers, as
// when it turns out how much the other side permits.
func (c *Client) SetRate(start rate.Limit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.config.Start = start
	for _, pacer := range c.pacers {
		pacer.setRate(start)
	}
}

func (c *Client) pacer(endpoint string) *pacer {
	if c.config.OneRate {
		endpoint = ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pacers[endpoint] == nil {
		c.pacers[endpoint] = newPacer(c.config.Start, max(c.config.MostCost, 1))
	}
	return c.pacers[endpoint]
}
