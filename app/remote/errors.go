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

	"github.com/rollcall-app/rollcall/app/lang"
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
		return problem.Wrap(ctx.Err(), problem.Cancelled, lang.L("Stopped before it was done."), lang.L("Start it again when you like."))
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
		return problem.Wrap(err, problem.RateLimited, lang.L("%s asks to wait for longer than %s.", c.config.Name, patience),
			lang.L("Try again later; another program may be using up the same limit."))
	case errors.Is(err, errNotJSON):
		return problem.Wrap(err, problem.BadAnswer, lang.L("%s answered with something that isn't the %s API.", c.base.Host, c.config.Name),
			lang.L("Check the address, and whether a proxy or a sign-in page stands in between."))
	case errors.Is(err, errTooLong):
		return problem.Wrap(err, problem.BadAnswer, lang.L("%s answered with more than the %s API ever sends.", c.base.Host, c.config.Name),
			lang.L("Check the address, and whether a proxy stands in between."))
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
			lang.L("%s sends requests on to another host; the credentials were not sent there.", host),
			lang.L("Check the address: a login page or a proxy may stand in front of the API."))
	case isCertificate(err):
		return problem.Wrap(err, problem.Certificate, lang.L("The certificate of %s can't be trusted (%s).", host, certificateFault(err)),
			lang.L("Check the address and this computer's clock; behind a TLS-inspecting proxy, its certificate must be installed in the system."))
	case isOldTLS(err):
		return problem.Wrap(err, problem.Insecure, lang.L("%s speaks no TLS of version 1.2 or newer; nothing was sent.", host),
			lang.L("Have the server, or the proxy before it, brought up to date."))
	case errors.As(err, &dns):
		return problem.Wrap(err, problem.Unreachable, lang.L("There is no host named %s.", address.Hostname()),
			lang.L("Check the address and the network connection."))
	case isCutOff(err):
		return problem.Wrap(err, problem.BadAnswer, lang.L("%s broke off in the middle of an answer.", host),
			lang.L("Try again; nothing was stored."))
	}
	return problem.Wrap(err, problem.Unreachable, lang.L("%s can't be reached.", host),
		lang.L("Check the address and the network connection."))
}

func (c *Client) explainStatus(call Call, status *StatusError) error {
	detail := ""
	if status.Detail != "" {
		detail = fmt.Sprintf(" (%s)", status.Detail)
	}
	name, host := c.config.Name, c.base.Host
	switch {
	case status.Status == http.StatusUnauthorized:
		return problem.Wrap(status, problem.BadCredentials, lang.L("%s doesn't accept the key%s.", name, detail), c.config.KeyAdvice)
	case status.Status == http.StatusForbidden:
		advice := c.config.RoleAdvice
		if needed := c.config.Permissions[call.Endpoint]; needed != "" {
			advice = lang.L("Missing: %s. %s", needed, advice)
		}
		return problem.Wrap(status, problem.Forbidden, lang.L("%s doesn't permit this key to %s%s.", name, whatFor(call.Endpoint), detail), advice)
	case status.Status == http.StatusNotFound:
		return problem.Wrap(status, problem.NotFound, lang.L("%s knows nothing at the place asked to %s%s.", host, whatFor(call.Endpoint), detail),
			lang.L("Check the address and the organization's id."))
	case status.Status == http.StatusTooManyRequests:
		return problem.Wrap(status, problem.RateLimited, lang.L("%s kept asking to slow down.", name),
			lang.L("Wait a few minutes; another program may be using up the same limit."))
	case status.Status >= 500:
		return problem.Wrap(status, problem.ServerFault, lang.L("%s has a fault of its own: %d%s.", name, status.Status, detail),
			lang.L("Try again later; the vendor's status page may tell more."))
	}
	return problem.Wrap(status, problem.Rejected, lang.L("%s refused to %s: %d%s.", name, whatFor(call.Endpoint), status.Status, detail),
		lang.L("Fetch again, and look at what it says."))
}

// whatFor says what an endpoint is called for.
func whatFor(endpoint string) string {
	if what, lists := strings.CutPrefix(endpoint, "list "); lists && lang.L(endpoint) == endpoint {
		return lang.L("list %s", lang.L(what))
	}
	return lang.L(endpoint)
}

// What is listed of any other side; the rest stands where it is listed.
var _ = []string{lang.Mark("groups"), lang.Mark("people"), lang.Mark("members"), lang.Mark("users"), lang.Mark("products"), lang.Mark("workspaces"), lang.Mark("changes"), lang.Mark("directories")}

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
		return lang.L("it has expired or isn't valid yet")
	case errors.As(err, &host):
		return lang.L("it was issued for another host")
	case errors.As(err, &authority):
		return lang.L("nobody this computer trusts has issued it")
	case errors.As(err, &invalid), errors.As(err, &verification):
		return lang.L("it isn't valid")
	}
	return ""
}
