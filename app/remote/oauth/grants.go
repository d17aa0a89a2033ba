package oauth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/jwt"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// ClientSecret gets tokens by client credentials with a secret (RFC 6749,
// section 4.4).
func ClientSecret(endpoint Endpoint, secret string) (*Tokens, error) {
	config := clientcredentials.Config{ClientID: endpoint.ClientID, ClientSecret: secret, TokenURL: endpoint.TokenURL, Scopes: endpoint.Scopes}
	return newTokens(endpoint, config.Token)
}

// PrivateKey gets tokens by client credentials with a signed assertion instead
// of a secret (private_key_jwt, RFC 7523). The key is PEM or a JWK, RSA or
// P-256; keyID names it to the other side, and may be empty where a JWK has one.
func PrivateKey(endpoint Endpoint, key, keyID string) (*Tokens, error) {
	signer, err := assertionSigner(key, keyID)
	if err != nil {
		return nil, err
	}
	if endpoint.Audience == "" {
		endpoint.Audience = endpoint.TokenURL
	}
	return newTokens(endpoint, func(ctx context.Context) (*oauth2.Token, error) {
		assertion, err := sign(signer, endpoint)
		if err != nil {
			return nil, err
		}
		config := clientcredentials.Config{
			ClientID: endpoint.ClientID, TokenURL: endpoint.TokenURL, Scopes: endpoint.Scopes, AuthStyle: oauth2.AuthStyleInParams,
			EndpointParams: url.Values{
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
				"client_assertion":      {assertion},
			},
		}
		return config.Token(ctx)
	})
}

// sign makes an assertion; each is used once.
func sign(signer jose.Signer, endpoint Endpoint) (string, error) {
	now := time.Now()
	assertion, err := josejwt.Signed(signer).Claims(josejwt.Claims{
		Issuer: endpoint.ClientID, Subject: endpoint.ClientID, Audience: josejwt.Audience{endpoint.Audience}, ID: uuid.NewString(),
		IssuedAt: josejwt.NewNumericDate(now), Expiry: josejwt.NewNumericDate(now.Add(5 * time.Minute)),
	}).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign the assertion: %w", err)
	}
	return assertion, nil
}

func assertionSigner(text, keyID string) (jose.Signer, error) {
	key, ownID, err := parseKey(text)
	if err != nil {
		return nil, err
	}
	if keyID == "" {
		keyID = ownID
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm(key), Key: jose.JSONWebKey{Key: key, KeyID: keyID}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, badKey(err)
	}
	return signer, nil
}

func algorithm(key crypto.PrivateKey) jose.SignatureAlgorithm {
	if _, elliptic := key.(*ecdsa.PrivateKey); elliptic {
		return jose.ES256
	}
	return jose.RS256
}

// parseKey reads a private key as PEM (PKCS #8, PKCS #1, SEC 1) or as a JWK.
func parseKey(text string) (key crypto.PrivateKey, id string, err error) {
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		var jwk jose.JSONWebKey
		if err := json.Unmarshal([]byte(text), &jwk); err != nil || jwk.IsPublic() || !jwk.Valid() {
			return nil, "", badKey(nil)
		}
		key, id = jwk.Key, jwk.KeyID
	} else {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, "", badKey(nil)
		}
		if key, err = parsePEM(block); err != nil {
			return nil, "", badKey(nil)
		}
	}
	switch key.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey:
		return key, id, nil
	}
	return nil, "", badKey(nil)
}

func parsePEM(block *pem.Block) (crypto.PrivateKey, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}

func badKey(err error) error {
	return problem.Wrap(err, problem.Usage, lang.L("The private key can't be read."), lang.L("Give it whole, as PEM (-----BEGIN PRIVATE KEY-----) or as a JSON Web Key; RSA or P-256."))
}

// Account is the JSON file of a Google service account.
type Account struct {
	Type     string `json:"type"`
	Email    string `json:"client_email"`
	ClientID string `json:"client_id"`
	Key      string `json:"private_key"`
	KeyID    string `json:"private_key_id"`
	TokenURL string `json:"token_uri"`
}

// ParseAccount reads the file of a service account.
func ParseAccount(file string) (Account, error) {
	var account Account
	err := json.Unmarshal([]byte(file), &account)
	if err != nil || account.Type != "service_account" || account.Email == "" || account.Key == "" || account.TokenURL == "" {
		return Account{}, problem.New(problem.Usage, lang.L("That isn't the key file of a service account."),
			lang.L("Give the whole JSON file that the Google Cloud console downloads under IAM › Service accounts › Keys › Add key."))
	}
	if _, _, err := parseKey(account.Key); err != nil {
		return Account{}, err
	}
	return account, nil
}

// ServiceAccount gets tokens by a signed assertion on behalf of subject (RFC
// 7523; Google calls it domain-wide delegation).
func ServiceAccount(endpoint Endpoint, account Account, subject string) (*Tokens, error) {
	endpoint.ClientID = account.Email
	if endpoint.TokenURL == "" {
		endpoint.TokenURL = account.TokenURL
	}
	config := jwt.Config{
		Email: account.Email, PrivateKey: []byte(account.Key), PrivateKeyID: account.KeyID, Subject: subject,
		Scopes: endpoint.Scopes, TokenURL: endpoint.TokenURL,
	}
	return newTokens(endpoint, func(ctx context.Context) (*oauth2.Token, error) { return config.TokenSource(ctx).Token() })
}

// Refresh gets tokens by what a person's sign-in left behind. Where the other
// side hands out another refresh token in place of the one used, keep stores it;
// what it fails with fails the call, for the old one may be worthless by then.
func Refresh(endpoint Endpoint, left SignedIn, keep func(context.Context, SignedIn) error) (*Tokens, error) {
	if left.RefreshToken == "" {
		return nil, problem.New(problem.NotConnected, lang.L("Nobody is signed in to %s.", endpoint.Name), lang.L("Sign in."))
	}
	return newTokens(endpoint, func(ctx context.Context) (*oauth2.Token, error) {
		config := oauth2.Config{ClientID: endpoint.ClientID, ClientSecret: left.ClientSecret, Scopes: endpoint.Scopes, Endpoint: oauth2.Endpoint{TokenURL: endpoint.TokenURL}}
		token, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: left.RefreshToken}).Token()
		if err != nil {
			return nil, err
		}
		if token.RefreshToken != "" && token.RefreshToken != left.RefreshToken {
			left.RefreshToken = token.RefreshToken
			if err := keep(ctx, left); err != nil {
				return nil, problem.Of(err)
			}
		}
		return token, nil
	})
}

// SignedIn is what a person's sign-in leaves behind; it is a secret.
type SignedIn struct {
	RefreshToken string `json:"refresh_token"`
	// ClientSecret is that of the client, where it has one.
	ClientSecret string `json:"client_secret,omitempty"`
}

// ParseSignedIn reads what SignedIn.String wrote.
func ParseSignedIn(text string) SignedIn {
	var left SignedIn
	_ = json.Unmarshal([]byte(text), &left) // what can't be read is nobody's sign-in
	return left
}

// Text writes it for the keyring.
func (s SignedIn) Text() string {
	text, _ := json.Marshal(s) // two strings always encode
	return string(text)
}
