package simulator

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// allowance is what a server permits in each window of time.
type allowance struct {
	units  int
	window time.Duration
}

// rates say against which bucket a request to an endpoint counts, how many units it
// costs, and what the bucket permits.
type rates func(endpoint string) (bucket string, cost int, permits allowance)

// assumedRate stands where a vendor publishes none: so many requests a second for
// each endpoint.
const (
	assumedAtlassianRate = 5
	assumedSCIMRate      = 10
)

// published are the rates that vendors publish, by side or provider; where none is
// published, the one that Rollcall assumes.
func published(company *Company) map[string]rates {
	return map[string]rates{
		// Okta: by endpoint and minute; what a token gets at most.
		"okta": func(endpoint string) (string, int, allowance) {
			switch {
			case strings.Contains(endpoint, "/v1/groups"):
				return endpoint, 1, allowance{500, time.Minute}
			case strings.Contains(endpoint, "/v1/apps"):
				return endpoint, 1, allowance{100, time.Minute}
			}
			return endpoint, 1, allowance{600, time.Minute}
		},
		// Microsoft Graph: units in ten seconds for an app in a tenant, by the
		// tenant's size; naming the fields asked for spares one unit.
		"entra": func(endpoint string) (string, int, allowance) {
			cost := 1
			if strings.Contains(endpoint, "transitiveMembers") {
				cost = 4
			}
			units := 8000
			switch n := len(company.Users); {
			case n < 50:
				units = 3500
			case n <= 500:
				units = 5000
			}
			return "all", cost, allowance{units, 10 * time.Second}
		},
		// Google: queries a minute for a user of a project.
		"google": func(string) (string, int, allowance) { return "all", 1, allowance{2400, time.Minute} },
		// Nothing is published for SCIM, sites and the organization.
		"scim":      eachEndpoint(allowance{assumedSCIMRate * 10, 10 * time.Second}),
		"site":      eachEndpoint(allowance{assumedSCIMRate * 10, 10 * time.Second}),
		"atlassian": eachEndpoint(allowance{assumedAtlassianRate * 10, 10 * time.Second}),
	}
}

func eachEndpoint(permits allowance) rates {
	return func(endpoint string) (string, int, allowance) { return endpoint, 1, permits }
}

// meter counts requests in windows of its rates. The zero meter permits any number.
type meter struct {
	rates rates
	// tells says that answers carry rate headers.
	tells bool
	side  string
	heard func(Metered)
	mu    sync.Mutex
	used  map[string]*use
}

// use is how far the present window of a bucket is used.
type use struct {
	allowance
	spent int
	until time.Time
}

func (u *use) left() int { return max(u.units-u.spent, 0) }

// tell puts the limit into the headers that all of Atlassian's servers use.
func (u *use) tell(header http.Header) {
	header.Set("X-RateLimit-Limit", strconv.Itoa(u.units))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(u.left()))
	header.Set("X-RateLimit-Reset", isoTime(u.until))
}

// newMeter makes the meter of a side, or of a provider.
func newMeter(side string, options Options) *meter {
	m := &meter{used: map[string]*use{}, side: side, heard: options.Metered}
	switch {
	case options.Published:
		// Okta tells its limits in every answer; others need not.
		m.rates, m.tells = published(options.Company)[side], side == "okta"
	case options.Rate > 0:
		m.rates, m.tells = eachEndpoint(allowance{options.Rate, time.Second}), true
	}
	return m
}

// take counts a request; ok is false over the limit. told says what headers tell,
// and is nil where they tell nothing.
func (m *meter) take(endpoint string) (told *use, ok bool) {
	if m.rates == nil {
		return nil, true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	bucket, cost, permits := m.rates(endpoint)
	now := time.Now()
	present := m.used[bucket]
	if present == nil || !now.Before(present.until) {
		present = &use{permits, 0, now.Truncate(permits.window).Add(permits.window)}
		m.used[bucket] = present
	}
	present.spent += cost
	ok = present.spent <= permits.units
	if m.heard != nil {
		m.heard(Metered{Side: m.side, Bucket: bucket, At: now, Cost: cost, Units: permits.units, Window: permits.window, Told: m.tells, Refused: !ok})
	}
	if m.tells {
		copied := *present
		told = &copied
	}
	return told, ok
}

// Metered is one request as a server counted it.
type Metered struct {
	// Side is atlassian, site, or the provider's name; Bucket is what the
	// request counts against.
	Side, Bucket string
	At           time.Time
	// Cost is how many of the Units it takes that are permitted in each Window.
	Cost, Units int
	Window      time.Duration
	// Told says that answers tell the limit, Refused that it was exceeded.
	Told, Refused bool
}
