package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/rollcall-app/rollcall/app/problem"
)

// StatusError is an answer by which the other side refuses or fails. It is
// wrapped in a problem.Problem wherever it leaves this package.
type StatusError struct {
	Status int
	// Detail is the vendor's own sentence, or empty.
	Detail string
}

// Error gives the status and the vendor's sentence.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Status gives the HTTP status of a refusal in err's chain, or 0.
func Status(err error) int {
	var status *StatusError
	if errors.As(err, &status) {
		return status.Status
	}
	return 0
}

// explain turns whatever ended a call into a sentence for a person.
func (c *Client) explain(ctx context.Context, call Call, err error) error {
	if ctx.Err() != nil {
		return problem.Wrap(ctx.Err(), problem.Cancelled, "Stopped before it was done.", "Start it again when you like.")
	}
	var known *problem.Problem
	if errors.As(err, &known) {
		return known
	}
	var status *StatusError
	switch {
	case errors.As(err, &status):
		return c.explainStatus(call, status)
	case errors.Is(err, errPatience):
		return problem.Wrap(err, problem.RateLimited, fmt.Sprintf("%s asks to wait for longer than %s.", c.config.Name, patience),
			"Try again later; another program may be using up the same limit.")
	case errors.Is(err, errNotJSON):
		return problem.Wrap(err, problem.BadAnswer, fmt.Sprintf("%s answered with something that isn't the %s API.", c.base.Host, c.config.Name),
			"Check the address, and whether a proxy or a sign-in page stands in between.")
	case errors.Is(err, errTooLong):
		return problem.Wrap(err, problem.BadAnswer, fmt.Sprintf("%s answered with more than the %s API ever sends.", c.base.Host, c.config.Name),
			"Check the address, and whether a proxy stands in between.")
	}
	return Unreachable(c.base, err)
}

// Unreachable explains why no answer came from an address: no such host, a
// certificate that can't be trusted, a redirect elsewhere, a connection refused
// or broken off.
func Unreachable(address *url.URL, err error) *problem.Problem {
	host := address.Host
	var dns *net.DNSError
	switch {
	case errors.Is(err, errOtherHost):
		return problem.Wrap(err, problem.Insecure,
			fmt.Sprintf("%s sends requests on to another host; the credentials were not sent there.", host),
			"Check the address: a login page or a proxy may stand in front of the API.")
	case isCertificate(err):
		return problem.Wrap(err, problem.Certificate, fmt.Sprintf("The certificate of %s can't be trusted (%s).", host, certificateFault(err)),
			"Check the address and this computer's clock; behind a TLS-inspecting proxy, its certificate must be installed in the system.")
	case isOldTLS(err):
		return problem.Wrap(err, problem.Insecure, fmt.Sprintf("%s speaks no TLS of version 1.2 or newer; nothing was sent.", host),
			"Have the server, or the proxy before it, brought up to date.")
	case errors.As(err, &dns):
		return problem.Wrap(err, problem.Unreachable, fmt.Sprintf("There is no host named %s.", address.Hostname()),
			"Check the address and the network connection.")
	case isCutOff(err):
		return problem.Wrap(err, problem.BadAnswer, fmt.Sprintf("%s broke off in the middle of an answer.", host),
			"Try again; nothing was stored.")
	}
	return problem.Wrap(err, problem.Unreachable, fmt.Sprintf("%s can't be reached.", host),
		"Check the address and the network connection.")
}

func (c *Client) explainStatus(call Call, status *StatusError) error {
	detail := ""
	if status.Detail != "" {
		detail = fmt.Sprintf(" (%s)", status.Detail)
	}
	name, host := c.config.Name, c.base.Host
	switch {
	case status.Status == http.StatusUnauthorized:
		return problem.Wrap(status, problem.BadCredentials, fmt.Sprintf("%s doesn't accept the key%s.", name, detail), c.config.KeyAdvice)
	case status.Status == http.StatusForbidden:
		advice := c.config.RoleAdvice
		if needed := c.config.Permissions[call.Endpoint]; needed != "" {
			advice = fmt.Sprintf("Missing: %s. %s", needed, advice)
		}
		return problem.Wrap(status, problem.Forbidden, fmt.Sprintf("%s doesn't permit this key to %s%s.", name, call.Endpoint, detail), advice)
	case status.Status == http.StatusNotFound:
		return problem.Wrap(status, problem.NotFound, fmt.Sprintf("%s knows nothing at the place asked to %s%s.", host, call.Endpoint, detail),
			"Check the address and the organization's id.")
	case status.Status == http.StatusTooManyRequests:
		return problem.Wrap(status, problem.RateLimited, fmt.Sprintf("%s kept asking to slow down.", name),
			"Wait a few minutes; another program may be using up the same limit.")
	case status.Status >= 500:
		return problem.Wrap(status, problem.ServerFault, fmt.Sprintf("%s has a fault of its own: %d%s.", name, status.Status, detail),
			"Try again later; the vendor's status page may tell more.")
	}
	return problem.Wrap(status, problem.Rejected, fmt.Sprintf("%s refused to %s: %d%s.", name, call.Endpoint, status.Status, detail),
		"Fetch again, and look at what it says.")
}

// isOldTLS goes by the texts of crypto/tls, which has no error to compare with.
func isOldTLS(err error) bool {
	return strings.Contains(err.Error(), "tls: protocol version not supported") || strings.Contains(err.Error(), "tls: server selected unsupported protocol version")
}

func isCertificate(err error) bool { return certificateFault(err) != "" }

// certificateFault says in a few words what is wrong with a certificate.
func certificateFault(err error) string {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired or isn't valid yet"
	case errors.As(err, &host):
		return "it was issued for another host"
	case errors.As(err, &authority):
		return "nobody this computer trusts has issued it"
	case errors.As(err, &invalid), errors.As(err, &verification):
		return "it isn't valid"
	}
	return ""
}
