// Package ldap reads an LDAP directory, Active Directory included (RFC 4511;
// for Active Directory [MS-ADTS]).
package ldap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// Config says how to reach a directory and what in it are people and groups.
// What is empty is taken from the kind of server: Active Directory, or another.
type Config struct {
	// URL is ldaps://host or ldap://host, with a port or not. Over ldap the
	// connection turns to TLS before anything is said (StartTLS); only to
	// loopback it may stay as it is.
	URL string
	// StartTLS asks for TLS on loopback, too.
	StartTLS bool
	// CA is a certificate authority to trust instead of the system's, as PEM.
	CA string
	// BindDN and Password sign in.
	BindDN, Password string
	// Base is where people and groups are looked for; PeopleBase and
	// GroupsBase narrow it.
	Base, PeopleBase, GroupsBase string
	// PeopleFilter and GroupsFilter tell people and groups, DisabledFilter
	// the people who are disabled.
	PeopleFilter, GroupsFilter, DisabledFilter string
	// MailAttribute, AliasAttribute and NameAttribute are people's address,
	// further addresses that the directory vouches for, and name;
	// GroupNameAttribute is a group's name.
	MailAttribute, AliasAttribute, NameAttribute, GroupNameAttribute string
	// Placeholder is the DN of a member that stands in groups which may not be
	// empty. The empty DN, BindDN and the group itself are taken for one, too.
	Placeholder string
	// PageSize is how many entries a page holds; zero for 1,000.
	PageSize uint32
	// RangeSize is how many members Active Directory is asked for at once;
	// zero for 1,500, its own limit.
	RangeSize int
	// Log receives a debug line a request.
	Log *slog.Logger
}

// LDAP is a connection to one directory. It implements idp.Provider and
// idp.Writer.
type LDAP struct {
	config Config
	url    *url.URL
	tls    *tls.Config
	count  atomic.Int64

	mu   sync.Mutex
	conn *ldap.Conn
	kind *kind

	crowds sync.Mutex
	crowd  *crowd
}

const (
	usualPage   = 1000
	usualRange  = 1500
	dialTimeout = 15 * time.Second
	// answerTimeout bounds one answer.
	answerTimeout = 60 * time.Second
)

// New makes a connection; it sends nothing yet.
func New(config Config) (*LDAP, error) {
	address, err := checkURL(config.URL)
	if err != nil {
		return nil, err
	}
	if config.BindDN == "" || config.Password == "" {
		// Without a password a server takes a bind for an anonymous one.
		return nil, problem.New(problem.Usage, lang.L("The name or the password to sign in with is missing."), lang.L("Give the DN of an account that may read people and groups, and its password."))
	}
	if config.Base == "" && (config.PeopleBase == "" || config.GroupsBase == "") {
		return nil, problem.New(problem.Usage, lang.L("It isn't said where in the directory to look."), lang.L("Give the base DN, such as dc=example,dc=org."))
	}
	for name, filter := range map[string]string{"people": config.PeopleFilter, "groups": config.GroupsFilter, lang.Mark("disabled people"): config.DisabledFilter} {
		if _, err := ldap.CompileFilter(filter); filter != "" && err != nil {
			return nil, problem.Wrap(err, problem.Usage, lang.L("The filter for %s can't be read: %s.", lang.L(name), filter), lang.L("Write it as in RFC 4515, such as (objectClass=inetOrgPerson)."))
		}
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: address.Hostname()}
	if config.CA != "" {
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM([]byte(config.CA)) {
			return nil, problem.New(problem.Usage, lang.L("The certificate authority's file holds no certificate."), lang.L("Give it as PEM (-----BEGIN CERTIFICATE-----)."))
		}
	}
	if config.PageSize == 0 {
		config.PageSize = usualPage
	}
	if config.RangeSize == 0 {
		config.RangeSize = usualRange
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return &LDAP{config: config, url: address, tls: settings}, nil
}

func checkURL(text string) (*url.URL, error) {
	address, err := url.Parse(strings.TrimSpace(text))
	if err != nil || address.Hostname() == "" || address.User != nil || address.Scheme != "ldap" && address.Scheme != "ldaps" {
		return nil, problem.Wrap(err, problem.Usage, lang.L("“%s” is not the address of an LDAP server.", text), lang.L("Give it as ldaps://host or ldap://host."))
	}
	return address, nil
}

// Title gives "LDAP".
func (l *LDAP) Title() string { return "LDAP" }

// Count gives the number of requests so far.
func (l *LDAP) Count() remote.Count { return remote.Count{Requests: int(l.count.Load())} }

// Close ends the connection to the server.
func (l *LDAP) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return nil
	}
	return l.conn.Close()
}

// connection gives a connection that is signed in, and the kind of server.
func (l *LDAP) connection(ctx context.Context) (*ldap.Conn, *kind, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil && !l.conn.IsClosing() {
		return l.conn, l.kind, nil
	}
	conn, err := l.dial(ctx)
	if err != nil {
		return nil, nil, l.unreachable(ctx, err)
	}
	conn.SetTimeout(remote.Within(ctx, answerTimeout))
	l.count.Add(1)
	if err := conn.Bind(l.config.BindDN, l.config.Password); err != nil {
		_ = conn.Close() // the first error is the one to tell
		return nil, nil, l.explain(ctx, lang.Mark("sign in"), err)
	}
	kind, err := l.recognize(ctx, conn)
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	l.conn, l.kind = conn, kind
	return conn, kind, nil
}

// dial connects, and turns to TLS wherever that isn't loopback.
func (l *LDAP) dial(ctx context.Context) (*ldap.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, remote.Within(ctx, dialTimeout))
	defer cancel()
	secure := l.url.Scheme == "ldaps"
	port := l.url.Port()
	if port == "" {
		port = map[bool]string{true: "636", false: "389"}[secure]
	}
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(l.url.Hostname(), port))
	if err != nil {
		return nil, err
	}
	if secure {
		wrapped := tls.Client(raw, l.tls)
		if err := wrapped.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, err
		}
		raw = wrapped
	}
	conn := ldap.NewConn(raw, secure)
	conn.Start()
	if secure || !l.config.StartTLS && remote.IsLoopback(l.url.Hostname()) {
		return conn, nil
	}
	conn.SetTimeout(dialTimeout)
	if err := conn.StartTLS(l.tls); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// kind is what differs between servers.
type kind struct {
	active bool // Active Directory
	// id is the attribute that names an entry for good.
	id                       string
	people, groups, disabled string
	mail, name, groupName    string
	aliases                  []string
	// member is how a group\'s members are asked for.
	member string
}

const activeDirectory = "1.2.840.113556.1.4.800" // LDAP_CAP_ACTIVE_DIRECTORY_OID

// recognize asks the server what it is.
func (l *LDAP) recognize(ctx context.Context, conn *ldap.Conn) (*kind, error) {
	request := ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"supportedCapabilities"}, nil)
	active := false
	err := l.search(ctx, conn, lang.Mark("ask the server what it is"), request, func(entry *ldap.Entry) error {
		for _, capability := range entry.GetAttributeValues("supportedCapabilities") {
			active = active || capability == activeDirectory
		}
		return nil
	})
	return l.kindOf(active), err
}

// kindOf says how a server's entries are read.
func (l *LDAP) kindOf(active bool) *kind {
	k := &kind{
		active: active, member: "member", id: "entryUUID", mail: "mail", name: "displayName", groupName: "cn", people: "(objectClass=inetOrgPerson)",
		groups: "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))",
	}
	if active {
		k.id, k.people, k.groups = "objectGUID", "(&(objectCategory=person)(objectClass=user))", "(&(objectClass=group)(!(isCriticalSystemObject=TRUE)))"
		k.aliases = []string{"userPrincipalName", "proxyAddresses"}
		k.member = fmt.Sprintf("member;range=0-%d", l.config.RangeSize-1)
	}
	l.config.settle(k)
	return k
}

// settle puts what was configured in place of what is usual.
func (c *Config) settle(k *kind) {
	for _, one := range []struct {
		given string
		into  *string
	}{
		{c.PeopleFilter, &k.people}, {c.GroupsFilter, &k.groups}, {c.DisabledFilter, &k.disabled},
		{c.MailAttribute, &k.mail}, {c.NameAttribute, &k.name}, {c.GroupNameAttribute, &k.groupName},
	} {
		if one.given != "" {
			*one.into = one.given
		}
	}
	if c.AliasAttribute != "" {
		k.aliases = strings.Fields(c.AliasAttribute)
	}
}

// base gives where to look.
func (c *Config) base(narrow string) string {
	if narrow != "" {
		return narrow
	}
	return c.Base
}

// search sends one search and reads its entries; a cancelled context ends it.
func (l *LDAP) search(ctx context.Context, conn *ldap.Conn, what string, request *ldap.SearchRequest, each func(*ldap.Entry) error) error {
	began := time.Now()
	l.count.Add(1)
	ctx, cancel := context.WithCancel(ctx) // whoever stops half-way lets go of the rest
	defer cancel()
	response := conn.SearchAsync(ctx, request, 64)
	referred := ""
	for response.Next() {
		if response.Referral() != "" {
			referred = response.Referral()
		}
		if entry := response.Entry(); entry != nil {
			if err := each(entry); err != nil {
				return err
			}
		}
	}
	err := response.Err()
	l.config.Log.Debug("request", "side", "LDAP", "endpoint", what, "base", request.BaseDN, "took", time.Since(began), "error", err)
	if err != nil || ctx.Err() != nil {
		return l.explain(ctx, what, errors.Join(err, ctx.Err()))
	}
	if referred != "" && !l.kindIsActive() {
		return problem.New(problem.Incomplete, lang.L("The LDAP server knows only a part: it sends on to %s.", referred),
			lang.L("Give a narrower base DN, or a server that holds all of it."))
	}
	for _, control := range response.Controls() {
		for i := range request.Controls {
			if paging, ok := control.(*ldap.ControlPaging); ok && control.GetControlType() == request.Controls[i].GetControlType() {
				request.Controls[i].(*ldap.ControlPaging).SetCookie(paging.Cookie)
			}
		}
	}
	return nil
}

// kindIsActive says whether the server is known to be Active Directory, which
// refers to its own DNS zones and configuration from every domain's root: no
// people or groups are there.
func (l *LDAP) kindIsActive() bool { return l.kind != nil && l.kind.active }

// pages reads all entries below a base, page by page (control
// 1.2.840.113556.1.4.319).
func (l *LDAP) pages(ctx context.Context, conn *ldap.Conn, what, base, filter string, attributes []string, each func(*ldap.Entry) error) error {
	paging := ldap.NewControlPaging(l.config.PageSize)
	seen := map[string]bool{}
	once := func(entry *ldap.Entry) error {
		if seen[entry.DN] {
			return remote.Incomplete(lang.L("LDAP, asked to %s", lang.L(what)), lang.L("the same entry was offered twice"))
		}
		seen[entry.DN] = true
		return each(entry)
	}
	for {
		request := ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter, attributes, []ldap.Control{paging})
		if err := l.search(ctx, conn, what, request, once); err != nil {
			return err
		}
		if len(paging.Cookie) == 0 {
			return nil
		}
	}
}

// one reads one entry by its DN; a nil entry says that there is none.
func (l *LDAP) one(ctx context.Context, conn *ldap.Conn, what, dn string, attributes []string) (entry *ldap.Entry, err error) {
	request := ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", attributes, nil)
	err = l.search(ctx, conn, what, request, func(found *ldap.Entry) error {
		entry = found
		return nil
	})
	if ldap.IsErrorAnyOf(err, ldap.LDAPResultNoSuchObject, ldap.LDAPResultInvalidDNSyntax) {
		return nil, nil
	}
	return entry, err
}

// Check signs in and reads one person and one group.
func (l *LDAP) Check(ctx context.Context) error {
	conn, kind, err := l.connection(ctx)
	if err != nil {
		return err
	}
	for _, look := range []struct{ what, base, filter string }{
		{"people", l.config.base(l.config.PeopleBase), kind.people}, {"groups", l.config.base(l.config.GroupsBase), kind.groups},
	} {
		found := 0
		request := ldap.NewSearchRequest(look.base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 1, 0, false, look.filter, []string{kind.id}, nil)
		err := l.search(ctx, conn, "look for "+look.what, request, func(entry *ldap.Entry) error {
			found++
			if len(entry.GetRawAttributeValue(kind.id)) == 0 {
				return problem.New(problem.Forbidden, lang.L("The LDAP server doesn't show the attribute %s.", kind.id), lang.L("Permit the account that signs in to read it."))
			}
			return nil
		})
		if err != nil && !ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
			return err
		}
		if found == 0 {
			return problem.New(problem.NotFound, lang.L("There are no %s below %s that fit %s.", lang.L(look.what), look.base, look.filter),
				lang.L("Check the base DN and the filter, and whether the account that signs in may read there."))
		}
	}
	return nil
}

// person takes the address and the aliases that the directory vouches for.
func (k *kind) person(entry *ldap.Entry) directory.Person {
	person := directory.Person{ID: k.idOf(entry), Name: entry.GetAttributeValue(k.name), Status: "enabled"}
	if person.Name == "" {
		person.Name = entry.GetAttributeValue("cn")
	}
	addresses := entry.GetAttributeValues(k.mail)
	for _, attribute := range k.aliases {
		for _, address := range entry.GetAttributeValues(attribute) {
			if prefix, rest, ok := strings.Cut(address, ":"); ok {
				if !strings.EqualFold(prefix, "smtp") {
					continue // X500:, SIP:, …
				}
				address = rest
			}
			addresses = append(addresses, address)
		}
	}
	idp.SetAddresses(&person, addresses...)
	if k.active && accountDisabled(entry.GetAttributeValue("userAccountControl")) {
		person.Status, person.Disabled = "disabled", true
	}
	return person
}

// idOf gives an entry's id as text: the UUID, or the bytes of objectGUID in hex.
func (k *kind) idOf(entry *ldap.Entry) string {
	if k.active {
		return fmt.Sprintf("%x", entry.GetRawAttributeValue(k.id))
	}
	return entry.GetAttributeValue(k.id)
}

// explain turns a refusal into a sentence for a person.
func (l *LDAP) explain(ctx context.Context, what string, err error) error {
	var known *problem.Problem
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(ctx.Err(), context.Canceled) && errors.Is(err, context.Canceled):
		return problem.Of(context.Canceled)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials):
		return problem.Wrap(err, problem.BadCredentials, lang.L("The LDAP server doesn't accept the name or the password."), lang.L("Check the DN to sign in with and its password; the account may also be locked or expired."))
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultInappropriateAuthentication):
		return problem.Wrap(err, problem.Forbidden, lang.L("The LDAP server doesn't permit this account to %s.", lang.L(what)), lang.L("Give the account the right to read people and groups, and their members."))
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return problem.Wrap(err, problem.NotFound, lang.L("The LDAP server knows nothing at the place asked to %s.", lang.L(what)), lang.L("Check the base DN."))
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultSizeLimitExceeded, ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultAdminLimitExceeded):
		return problem.Wrap(err, problem.Incomplete, lang.L("The LDAP server cut off the answer when asked to %s: a limit of its own was reached.", lang.L(what)),
			lang.L("Raise the server's size and time limits for the account, or give a narrower base DN."))
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultBusy, ldap.LDAPResultUnavailable):
		return problem.Wrap(err, problem.ServerFault, lang.L("The LDAP server is busy or unavailable."), lang.L("Try again later."))
	case ldap.IsErrorWithCode(err, ldap.LDAPResultReferral):
		return problem.Wrap(err, problem.Incomplete, lang.L("The LDAP server sends on to another server."), lang.L("Connect to the server that holds the base DN."))
	case ldap.IsErrorAnyOf(err, ldap.ErrorNetwork, ldap.ErrorUnexpectedMessage, ldap.ErrorUnexpectedResponse):
		return problem.Wrap(err, problem.Unreachable, lang.L("The connection to %s broke off.", l.url.Host), lang.L("Try again; nothing was stored."))
	}
	return problem.Wrap(err, problem.Rejected, lang.L("The LDAP server refused to %s: %s.", lang.L(what), refusal(err)), lang.L("Look at what it says, and at the server's log."))
}

func refusal(err error) string {
	var result *ldap.Error
	if errors.As(err, &result) {
		return strings.TrimSuffix(strings.TrimSpace(ldap.LDAPResultCodeMap[result.ResultCode]+" "+fmt.Sprint(result.Err)), ".")
	}
	return err.Error()
}

func (l *LDAP) unreachable(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return problem.Of(context.Canceled)
	}
	var result *ldap.Error
	if errors.As(err, &result) && result.ResultCode < ldap.ErrorNetwork {
		return problem.Wrap(err, problem.Insecure, lang.L("%s doesn't turn the connection to TLS (%s); nothing was said over it.", l.url.Host, refusal(err)),
			lang.L("Use an ldaps address, or set up TLS on the server."))
	}
	return remote.Unreachable(l.url, err)
}
