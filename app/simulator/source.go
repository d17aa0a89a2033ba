package simulator

import "net/http"

// source is the identity provider, whichever protocol serves it.
type source struct {
	company *Company
	state   eventually[*sourceState]
	meter   *meter
	tokens  *tokenServer
	traits  SCIMTraits
}

func newSource(options Options) *source {
	return &source{
		company: options.Company,
		state:   eventually[*sourceState]{delay: options.Consistency, truth: newSourceState(options.Company), seen: newSourceState(options.Company)},
		meter:   newMeter(options.IdP, options),
		tokens:  newTokenServer(),
		traits:  options.SCIM,
	}
}

// change makes a change that nobody asked for by the API.
func (s *source) change(f func(*sourceState)) {
	s.state.write(func(*sourceState) func(*sourceState) { return f })
}

// protocol is how one vendor's identity provider is spoken to.
type protocol struct {
	handler func(*source) http.Handler
	// connection is what connects to it, once it listens at url.
	connection func(s *source, url string) (map[string]string, error)
}

var protocols = map[string]protocol{
	"okta":   {oktaHandler, oktaConnection},
	"entra":  {entraHandler, entraConnection},
	"google": {googleHandler, googleConnection},
	"scim":   {scimHandler, scimConnection},
}
