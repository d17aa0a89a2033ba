package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
)

// Proof binds tokens to a key that only this process has: it puts a proof of
// possession on every request (DPoP, RFC 9449). One Proof serves the token
// endpoint and the API alike.
type Proof struct {
	signer jose.Signer

	mu     sync.Mutex
	nonces map[string]string // by origin, as the other side last demanded
}

// NewProof makes a key.
func NewProof() (*Proof, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key for DPoP: %w", err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		return nil, fmt.Errorf("make a signer for DPoP: %w", err)
	}
	return &Proof{signer: signer, nonces: map[string]string{}}, nil
}

// Transport puts proofs on the requests that pass through next.
func (p *Proof) Transport(next http.RoundTripper) http.RoundTripper {
	return proving{p, next}
}

type proving struct {
	proof *Proof
	next  http.RoundTripper
}

// RoundTrip sends a request with a proof; once more with the nonce that the
// other side demands.
func (t proving) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.send(req)
	if err != nil || !t.learn(req, resp) || req.Body != nil && req.GetBody == nil {
		return resp, err
	}
	_ = resp.Body.Close() // only its header matters
	return t.send(req)
}

func (t proving) send(req *http.Request) (*http.Response, error) {
	proof, err := t.proof.make(req)
	if err != nil {
		return nil, err
	}
	proven := req.Clone(req.Context())
	if req.GetBody != nil {
		if proven.Body, err = req.GetBody(); err != nil {
			return nil, fmt.Errorf("repeat the body: %w", err)
		}
	}
	proven.Header.Set("DPoP", proof)
	return t.next.RoundTrip(proven)
}

// learn keeps the nonce of an answer, and says whether an API demands it. A token
// endpoint demands it in the body: Tokens asks there once more with an assertion
// of its own, for each may be used once only.
func (t proving) learn(req *http.Request, resp *http.Response) (demanded bool) {
	nonce := resp.Header.Get("DPoP-Nonce")
	if nonce == "" {
		return false
	}
	t.proof.mu.Lock()
	defer t.proof.mu.Unlock()
	fresh := t.proof.nonces[origin(req)] != nonce
	t.proof.nonces[origin(req)] = nonce
	return fresh && strings.Contains(resp.Header.Get("WWW-Authenticate"), demandsNonce)
}

// demandsNonce is the error of RFC 9449, section 8.
const demandsNonce = "use_dpop_nonce"

func origin(req *http.Request) string { return req.URL.Scheme + "://" + req.URL.Host }

// make signs a proof for one request, bound to the token that it carries.
func (p *Proof) make(req *http.Request) (string, error) {
	p.mu.Lock()
	nonce := p.nonces[origin(req)]
	p.mu.Unlock()
	claims := struct {
		josejwt.Claims
		Method string `json:"htm"`
		URL    string `json:"htu"`
		Nonce  string `json:"nonce,omitempty"`
		Token  string `json:"ath,omitempty"`
	}{
		Claims: josejwt.Claims{ID: uuid.NewString(), IssuedAt: josejwt.NewNumericDate(time.Now())},
		Method: req.Method, URL: origin(req) + req.URL.EscapedPath(), Nonce: nonce,
	}
	if token, bound := strings.CutPrefix(req.Header.Get("Authorization"), "DPoP "); bound {
		hash := sha256.Sum256([]byte(token))
		claims.Token = base64.RawURLEncoding.EncodeToString(hash[:])
	}
	proof, err := josejwt.Signed(p.signer).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign a proof for DPoP: %w", err)
	}
	return proof, nil
}
