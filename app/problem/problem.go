// Package problem holds the one kind of error that a person gets to read: what
// happened, to what, and what to do now.
package problem

import (
	"context"
	"errors"
	"strings"

	"github.com/rollcall-app/rollcall/app/lang"
)

// Code names a kind of problem for programs, in `--json` output. Codes are
// stable: scripts compare them.
type Code string

// The codes that Rollcall answers with.
const (
	Unknown        Code = "unknown"         // nothing better is known
	Usage          Code = "usage"           // the command line is off
	BadCredentials Code = "bad_credentials" // the other side doesn't know the key
	Forbidden      Code = "forbidden"       // it knows the key, and refuses
	NotFound       Code = "not_found"       // a wrong organization, group or URL
	Unreachable    Code = "unreachable"     // no network, no such host, refused, timed out
	Certificate    Code = "certificate"     // TLS could not be trusted
	Insecure       Code = "insecure"        // would send a secret in the clear or elsewhere
	BadAnswer      Code = "bad_answer"      // not the API: a proxy's page, broken JSON
	RateLimited    Code = "rate_limited"    // told to slow down until patience ended
	Rejected       Code = "rejected"        // the other side refused this request
	ServerFault    Code = "server_fault"    // the other side failed
	Incomplete     Code = "incomplete"      // a read that doesn't add up
	NotConnected   Code = "not_connected"   // a side isn't set up
	NoSnapshot     Code = "no_snapshot"     // nothing fetched yet
	Keyring        Code = "keyring"         // credentials can't be kept or read
	Storage        Code = "storage"         // the database can't be used
	Damaged        Code = "damaged"         // the database isn't what was written
	DiskFull       Code = "disk_full"       // there is no room for what is to be kept
	Locked         Code = "locked"          // another instance has the database
	Ambiguous      Code = "ambiguous"       // a name fits more than one thing
	Refused        Code = "refused"         // Rollcall itself won't, and says why
	Cancelled      Code = "cancelled"       // the person stopped it
)

// Problem is an error for a person. Message says what happened to what, Action
// what to do now; both are whole sentences.
type Problem struct {
	Code    Code
	Message string
	Action  string
	// Cause is what a developer would want to see; it goes to the log.
	Cause error
}

// New makes a Problem without a cause.
func New(code Code, message, action string) *Problem {
	return &Problem{Code: code, Message: message, Action: action}
}

// Wrap makes a Problem that keeps its cause for errors.Is and the log.
func Wrap(cause error, code Code, message, action string) *Problem {
	return &Problem{Code: code, Message: message, Action: action, Cause: cause}
}

// Error gives both sentences.
func (p *Problem) Error() string { return strings.TrimSpace(p.Message + " " + p.Action) }

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// Of finds the Problem in err's chain. An error that holds none becomes one of
// code Unknown, so that a caller can always show a message and an action.
func Of(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	if errors.Is(err, context.Canceled) {
		return Wrap(err, Cancelled, lang.L("Stopped before it was done."), lang.L("Start it again when you like."))
	}
	return Wrap(err, Unknown, lang.L("Something went wrong: %v.", err),
		lang.L("Try again; if it stays, start with --log debug and look at what is printed."))
}

// Is says whether err holds a Problem of this code.
func Is(err error, code Code) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == code
}
