package simulator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
)

// tokenServer is a small authorization server: the one that stands beside each
// vendor's API. Whoever comes to sign in is signed in.
type tokenServer struct {
	nonce string // that DPoP proofs must carry

	mu      sync.Mutex
	keys    map[string]crypto.Signer // by kind: ec, rsa
	grants  map[string]grant         // by access token
	refresh map[string]grant         // by refresh token
	codes   map[string]code          // by code or device code
	used    map[string]bool          // assertions, by their ids
}

// grant is what a token permits.
type grant struct {
	scopes []string
	key    string // thumbprint of the key that the token is bound to, or empty
	ends   time.Time
}

func (g grant) has(scope string) bool { return slices.Contains(g.scopes, scope) }

// code is a sign-in that waits to be exchanged.
type code struct {
	grant
	challenge, redirect string
	asked               int
}

const tokenLife = time.Hour

func newTokenServer() *tokenServer {
	return &tokenServer{
		nonce: rand.Text(), keys: map[string]crypto.Signer{}, grants: map[string]grant{}, refresh: map[string]grant{}, codes: map[string]code{}, used: map[string]bool{},
	}
}

// key gives a private key of a service, made when first asked for.
func (t *tokenServer) key(kind string) (crypto.Signer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys[kind] != nil {
		return t.keys[kind], nil
	}
	var key crypto.Signer
	var err error
	if kind == "rsa" {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	t.keys[kind] = key
	return key, nil
}

// pem gives the private key as a person would have it.
func (t *tokenServer) pem(kind string) (string, error) {
	key, err := t.key(kind)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("encode a key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

// ServiceKey is the private key of the Okta service app ClientID, as PEM.
func (s *Simulation) ServiceKey() (string, error) { return s.source.tokens.pem("ec") }

func (t *tokenServer) expire(signIns bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.grants)
	if signIns {
		clear(t.refresh)
	}
}

// bearer gives the grant of a request's bearer token.
func (t *tokenServer) bearer(r *http.Request) (grant, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t.mu.Lock()
	defer t.mu.Unlock()
	g, known := t.grants[token]
	return g, ok && known && g.key == "" && time.Now().Before(g.ends)
}

func refuseToken(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}

// issue answers with an access token, and with a refresh token where a person
// signed in.
func (t *tokenServer) issue(w http.ResponseWriter, g grant, person bool) {
	g.ends = time.Now().Add(tokenLife)
	answer := map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "scope": strings.Join(g.scopes, " ")}
	if g.key != "" {
		answer["token_type"] = "DPoP"
	}
	t.mu.Lock()
	t.grants[answer["access_token"].(string)] = g
	if person {
		answer["refresh_token"] = rand.Text()
		t.refresh[answer["refresh_token"].(string)] = g
	}
	t.mu.Unlock()
	writeJSON(w, http.StatusOK, answer)
}

// serve is the token endpoint: client credentials, a signed assertion, a code,
// a device code, a refresh token.
func (t *tokenServer) serve(w http.ResponseWriter, r *http.Request) {
	form := r.PostFormValue
	scopes := strings.Fields(form("scope"))
	switch form("grant_type") {
	case "client_credentials":
		id, secret, basic := r.BasicAuth()
		if !basic {
			id, secret = form("client_id"), form("client_secret")
		}
		if id != ClientID || secret != ClientSecret {
			refuseToken(w, http.StatusUnauthorized, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
			return
		}
		t.issue(w, grant{scopes: scopes}, false)
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		t.assertion(w, r)
	case "authorization_code":
		t.exchange(w, form("code"), func(c code) bool {
			sum := sha256.Sum256([]byte(form("code_verifier")))
			return c.challenge == base64.RawURLEncoding.EncodeToString(sum[:]) && c.redirect == form("redirect_uri")
		})
	case "urn:ietf:params:oauth:grant-type:device_code":
		t.device(w, form("device_code"))
	case "refresh_token":
		t.renew(w, form("refresh_token"))
	default:
		refuseToken(w, http.StatusBadRequest, "unsupported_grant_type", "")
	}
}

// assertion is how a service account gets a token: signed by its key.
func (t *tokenServer) assertion(w http.ResponseWriter, r *http.Request) {
	key, err := t.key("rsa")
	var claims struct {
		josejwt.Claims
		Scope string `json:"scope"`
	}
	if err == nil {
		var signed *josejwt.JSONWebToken
		if signed, err = josejwt.ParseSigned(r.PostFormValue("assertion"), []jose.SignatureAlgorithm{jose.RS256}); err == nil {
			err = signed.Claims(key.Public(), &claims)
		}
	}
	switch {
	case err != nil:
		refuseToken(w, http.StatusBadRequest, "invalid_grant", "Invalid JWT Signature.")
	case claims.Subject == "":
		refuseToken(w, http.StatusUnauthorized, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.")
	default:
		t.issue(w, grant{scopes: strings.Fields(claims.Scope)}, false)
	}
}

func (t *tokenServer) exchange(w http.ResponseWriter, text string, proves func(code) bool) {
	t.mu.Lock()
	c, known := t.codes[text]
	delete(t.codes, text)
	t.mu.Unlock()
	if !known || !proves(c) {
		refuseToken(w, http.StatusBadRequest, "invalid_grant", "The code is unknown or was used.")
		return
	}
	t.issue(w, c.grant, true)
}

// device lets a person need one round to enter the code.
func (t *tokenServer) device(w http.ResponseWriter, text string) {
	t.mu.Lock()
	c, known := t.codes[text]
	c.asked++
	if known {
		t.codes[text] = c
	}
	t.mu.Unlock()
	if known && c.asked == 1 {
		refuseToken(w, http.StatusBadRequest, "authorization_pending", "")
		return
	}
	t.exchange(w, text, func(code) bool { return true })
}

// renew hands out a new refresh token in place of the one used.
func (t *tokenServer) renew(w http.ResponseWriter, token string) {
	t.mu.Lock()
	g, known := t.refresh[token]
	delete(t.refresh, token)
	t.mu.Unlock()
	if !known {
		refuseToken(w, http.StatusBadRequest, "invalid_grant", "Token has been expired or revoked.")
		return
	}
	t.issue(w, g, true)
}

// authorize is where a browser signs in: it sends it back with a code.
func (t *tokenServer) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	back, err := url.Parse(query.Get("redirect_uri"))
	if err != nil || query.Get("code_challenge_method") != "S256" || query.Get("client_id") != ClientID {
		http.Error(w, "invalid_request", http.StatusBadRequest)
		return
	}
	made := rand.Text()
	t.mu.Lock()
	t.codes[made] = code{grant: grant{scopes: strings.Fields(query.Get("scope"))}, challenge: query.Get("code_challenge"), redirect: query.Get("redirect_uri")}
	t.mu.Unlock()
	back.RawQuery = url.Values{"code": {made}, "state": {query.Get("state")}}.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// deviceCode begins a sign-in by a code.
func (t *tokenServer) deviceCode(w http.ResponseWriter, r *http.Request) {
	made := rand.Text()
	t.mu.Lock()
	t.codes[made] = code{grant: grant{scopes: strings.Fields(r.PostFormValue("scope"))}}
	t.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{
		"device_code": made, "user_code": made[:9], "verification_uri": "http://" + r.Host + "/device", "expires_in": 900, "interval": 1,
	})
}

// proven is Okta's token endpoint: a signed assertion and a proof of possession
// with the nonce that it demands.
func (t *tokenServer) proven(w http.ResponseWriter, r *http.Request) {
	thumbprint, nonce, err := t.proof(r, "")
	switch {
	case t.reused(r.PostFormValue("client_assertion")):
		refuseToken(w, http.StatusUnauthorized, "invalid_client", "The client_assertion token has already been used.")
		return
	case err != nil:
		refuseToken(w, http.StatusBadRequest, "invalid_dpop_proof", err.Error())
		return
	case nonce != t.nonce:
		w.Header().Set("DPoP-Nonce", t.nonce)
		refuseToken(w, http.StatusBadRequest, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
		return
	}
	key, err := t.key("ec")
	var claims josejwt.Claims
	if err == nil {
		var signed *josejwt.JSONWebToken
		if signed, err = josejwt.ParseSigned(r.PostFormValue("client_assertion"), []jose.SignatureAlgorithm{jose.ES256}); err == nil {
			err = signed.Claims(key.Public(), &claims)
		}
	}
	if err != nil || claims.Issuer != ClientID {
		refuseToken(w, http.StatusUnauthorized, "invalid_client", "The client_assertion signature is invalid.")
		return
	}
	t.issue(w, grant{scopes: strings.Fields(r.PostFormValue("scope")), key: thumbprint}, false)
}

// reused says whether an assertion was seen before.
func (t *tokenServer) reused(assertion string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := t.used[assertion]
	t.used[assertion] = true
	return seen
}

// provenGrant gives the grant of a request whose token is bound to the key that
// its proof was made with.
func (t *tokenServer) provenGrant(r *http.Request) (grant, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "DPoP ")
	if !ok {
		return grant{}, false
	}
	thumbprint, _, err := t.proof(r, token)
	t.mu.Lock()
	defer t.mu.Unlock()
	g, known := t.grants[token]
	return g, err == nil && known && g.key == thumbprint && time.Now().Before(g.ends)
}

// proof checks a DPoP proof (RFC 9449, section 4.3) and gives the thumbprint of
// its key, and its nonce.
func (t *tokenServer) proof(r *http.Request, token string) (thumbprint, nonce string, err error) {
	proof, err := josejwt.ParseSigned(r.Header.Get("DPoP"), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return "", "", fmt.Errorf("the proof can't be read: %w", err)
	}
	key := proof.Headers[0].JSONWebKey
	var claims struct {
		Method string `json:"htm"`
		URL    string `json:"htu"`
		Nonce  string `json:"nonce"`
		Token  string `json:"ath"`
	}
	if key == nil || proof.Claims(key, &claims) != nil {
		return "", "", fmt.Errorf("the proof isn't signed by its own key")
	}
	hash := sha256.Sum256([]byte(token))
	if claims.Method != r.Method || claims.URL != "http://"+r.Host+r.URL.EscapedPath() ||
		token != "" && claims.Token != base64.RawURLEncoding.EncodeToString(hash[:]) {
		return "", "", fmt.Errorf("the proof is for another request")
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", "", fmt.Errorf("the proof's key can't be used: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), claims.Nonce, nil
}

// account is the key file of a Google service account.
func (t *tokenServer) account(url string) (string, error) {
	key, err := t.pem("rsa")
	if err != nil {
		return "", err
	}
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "simulated", "private_key_id": "1", "private_key": key,
		"client_email": "rollcall@simulated.iam.gserviceaccount.com", "client_id": ClientID, "token_uri": url + "/token",
	})
	if err != nil {
		return "", fmt.Errorf("encode a service account: %w", err)
	}
	return string(file), nil
}
