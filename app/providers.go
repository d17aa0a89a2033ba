package app

import (
	"context"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/idp/entra"
	"github.com/rollcall-app/rollcall/app/idp/file"
	"github.com/rollcall-app/rollcall/app/idp/google"
	"github.com/rollcall-app/rollcall/app/idp/ldap"
	"github.com/rollcall-app/rollcall/app/idp/okta"
	"github.com/rollcall-app/rollcall/app/idp/scim"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote/oauth"
)

// IdPSettings say how to reach the identity provider. Which of them a provider
// takes, Providers tells.
type IdPSettings struct {
	// Provider is the connector's name: okta, entra, google, scim, ldap, file.
	Provider string
	// SignIn is the name of the way to sign in; empty for the provider's first.
	SignIn string
	// URL is the provider's address, LoginURL that of its sign-in; empty for
	// the vendor's own.
	URL, LoginURL string
	// Tenant is Entra's; Client the id of an OAuth client, KeyID that of its key.
	Tenant, Client, KeyID string
	// Admin is for whom a Google service account acts, User who signs in.
	Admin, User string
	// TokenURL and Scope are where and for what a SCIM client gets tokens.
	TokenURL, Scope string
	// App limits the scope to the groups of this application; Groups says
	// which of its groups: assigned or pushed.
	App, Groups string
	// Base and what follows say what an LDAP directory holds.
	Base, PeopleBase, GroupsBase                                     string
	PeopleFilter, GroupsFilter, DisabledFilter                       string
	MailAttribute, AliasAttribute, NameAttribute, GroupNameAttribute string
	Placeholder, StartTLS                                            string
	// CA is the file of a certificate authority, Path that of an export.
	CA, Path string
}

// Field is one thing that a connection has to be told.
type Field struct {
	// Name is that of the flag, Label stands on screen, Hint says what to
	// enter and where to find it.
	Name, Label, Hint string
	// Of gives the field's place in settings.
	Of func(*IdPSettings) *string
	// Required says that it can't be left empty, File that it is a path, More
	// that few need it.
	Required, File, More bool
}

// SignIn is one way to sign in to a provider.
type SignIn struct {
	Name, Title string
	// Secret is the label of what is kept in the keyring, SecretHint where to
	// find it; empty where a person enters none.
	Secret, SecretHint string
	// SecretFile says that the secret is the content of a file.
	SecretFile bool
	// Interactive says that a person signs in, with a Device code or in a
	// browser.
	Interactive, Device bool
	// Fields are those that only this way needs.
	Fields []Field
}

// Provider is a kind of identity provider, and what connecting to it takes.
type Provider struct {
	Name, Title string
	SignIns     []SignIn
	Fields      []Field
	// ByHand says how an answer is carried out in the provider's console. ReadOnly
	// says that it is the only way.
	ByHand   ByHand
	ReadOnly bool
	// New makes the connector. keep stores another secret in place of the one
	// given, where the provider hands one out.
	New func(a *App, s IdPSettings, secret string, keep keepSignIn) (idp.Provider, error)
}

// ByHand says how answers are carried out in a provider's console, in its words:
// {group}, {person} and {name} stand for whom it concerns.
type ByHand struct{ Keep, KeepOut, Rename string }

// keepSignIn stores what a sign-in left behind, in place of what it left before.
type keepSignIn = func(context.Context, oauth.SignedIn) error

// Fields that several providers have.
func urlField(label, hint string, required bool) Field {
	return Field{Name: "url", Label: label, Hint: hint, Required: required, More: !required, Of: func(s *IdPSettings) *string { return &s.URL }}
}

func loginField() Field {
	return Field{Name: "login-url", Label: lang.L("Sign-in address"), Hint: lang.L("only for national clouds: stands for the public cloud's"), More: true,
		Of: func(s *IdPSettings) *string { return &s.LoginURL }}
}

func clientField(hint string) Field {
	return Field{Name: "client", Label: lang.L("Client id"), Hint: hint, Required: true, Of: func(s *IdPSettings) *string { return &s.Client }}
}

func appField(hint string) Field {
	return Field{Name: "app", Label: lang.L("Groups of the app"), Hint: hint, Of: func(s *IdPSettings) *string { return &s.App }}
}

func userField(label, hint string) Field {
	return Field{Name: "user", Label: label, Hint: hint, Required: true, Of: func(s *IdPSettings) *string { return &s.User }}
}

// Providers lists the identity providers that Rollcall reads.
func Providers() []Provider {
	return []Provider{oktaProvider(), entraProvider(), googleProvider(), scimProvider(), ldapProvider(), fileProvider()}
}

func oktaProvider() Provider {
	return Provider{
		Name: "okta", Title: "Okta",
		ByHand: ByHand{
			Keep:    lang.L("Directory › Groups › {group} › People › Assign people: assign {person}."),
			KeepOut: lang.L("Directory › Groups › {group} › People: find {person} and choose × (Unassign)."),
			Rename:  lang.L("Directory › Groups › {group} › Actions › Edit group: change the name to {name}."),
		},
		SignIns: []SignIn{
			{Name: "token", Title: lang.L("API token"), Secret: lang.L("API token"), SecretHint: lang.L("Security › API › Tokens in Okta's admin console")},
			{Name: "app", Title: lang.L("Service app (OAuth 2.0)"), Secret: lang.L("Private key"), SecretHint: lang.L("the app's private key, PEM or JWK"), SecretFile: true, Fields: []Field{
				clientField(lang.L("the service app's client id: 0oa…")),
				{Name: "key-id", Label: lang.L("Key id"), Hint: lang.L("the id (kid) of the app's public key"), Of: func(s *IdPSettings) *string { return &s.KeyID }},
			}},
		},
		Fields: []Field{
			urlField(lang.L("Organization URL"), "https://acme.okta.com", true),
			appField(lang.L("all groups; or the id of the Atlassian app: 0oa…")),
			{Name: "groups", Label: lang.L("Which of them"), Hint: lang.L("assigned, or pushed for what group push pushes"), More: true, Of: func(s *IdPSettings) *string { return &s.Groups }},
		},
		New: func(a *App, s IdPSettings, secret string, _ keepSignIn) (idp.Provider, error) {
			config := okta.Config{URL: s.URL, Token: secret, App: s.App, Pushed: s.Groups == "pushed", Log: a.Log}
			if s.SignIn == "app" {
				config.Token, config.ClientID, config.Key, config.KeyID = "", s.Client, secret, s.KeyID
			}
			return okta.New(config)
		},
	}
}

func entraProvider() Provider {
	return Provider{
		Name: "entra", Title: "Microsoft Entra ID",
		ByHand: ByHand{
			Keep:    lang.L("Groups › All groups › {group} › Members › Add members: select {person}."),
			KeepOut: lang.L("Groups › All groups › {group} › Members: tick {person}, then Remove."),
			Rename:  lang.L("Groups › All groups › {group} › Properties: change the group name to {name}."),
		},
		SignIns: []SignIn{
			{Name: "client", Title: lang.L("App with a client secret"), Secret: lang.L("Client secret"), SecretHint: lang.L("its value, under Certificates & secrets of the app registration")},
			{Name: "device", Title: lang.L("Sign in with a code"), Interactive: true, Device: true},
			{Name: "browser", Title: lang.L("Sign in with the browser"), Interactive: true},
		},
		Fields: []Field{
			{Name: "tenant", Label: lang.L("Tenant"), Hint: lang.L("its id, or one of its domains: acme.onmicrosoft.com"), Required: true, Of: func(s *IdPSettings) *string { return &s.Tenant }},
			clientField(lang.L("Application (client) ID of the app registration")),
			appField(lang.L("all groups; or the Object ID of the Atlassian enterprise application")),
			urlField(lang.L("Graph address"), lang.L("only for national clouds: stands for https://graph.microsoft.com"), false),
			loginField(),
		},
		New: func(a *App, s IdPSettings, secret string, keep keepSignIn) (idp.Provider, error) {
			config := entraConfig(a, s)
			config.Secret = secret
			if s.SignIn == "device" || s.SignIn == "browser" {
				config.Secret, config.SignedIn, config.Keep = "", oauth.ParseSignedIn(secret), keep
			}
			return entra.New(config)
		},
	}
}

func entraConfig(a *App, s IdPSettings) entra.Config {
	return entra.Config{URL: s.URL, LoginURL: s.LoginURL, Tenant: s.Tenant, ClientID: s.Client, App: s.App, Log: a.Log}
}

func googleProvider() Provider {
	return Provider{
		Name: "google", Title: "Google Workspace",
		ByHand: ByHand{
			Keep:    lang.L("Directory › Groups › {group} › Members › Add members: {person}."),
			KeepOut: lang.L("Directory › Groups › {group} › Members: tick {person}, then Remove members."),
			Rename:  lang.L("Directory › Groups › {group} › Group information › Edit: change the name to {name}."),
		},
		SignIns: []SignIn{
			{Name: "service-account", Title: lang.L("Service account"), Secret: lang.L("Key file"), SecretHint: lang.L("the service account's JSON key file"), SecretFile: true, Fields: []Field{
				{Name: "admin", Label: lang.L("Acts for"), Hint: lang.L("e-mail address of an administrator: admin@acme.com"), Required: true, Of: func(s *IdPSettings) *string { return &s.Admin }},
			}},
			{Name: "browser", Title: lang.L("Sign in with the browser"), Secret: lang.L("Client secret"), SecretHint: lang.L("the desktop client's, from the Google Cloud console"), Interactive: true,
				Fields: []Field{clientField(lang.L("OAuth client id of the type Desktop app"))}},
		},
		Fields: []Field{
			urlField(lang.L("API address"), lang.L("stands for https://admin.googleapis.com"), false),
			{Name: "login-url", Label: lang.L("Sign-in address"), Hint: lang.L("stands for Google's own"), More: true, Of: func(s *IdPSettings) *string { return &s.LoginURL }},
		},
		New: func(a *App, s IdPSettings, secret string, keep keepSignIn) (idp.Provider, error) {
			config := googleConfig(a, s)
			if s.SignIn == "browser" {
				config.SignedIn, config.Keep = oauth.ParseSignedIn(secret), keep
			} else {
				config.Account = secret
			}
			return google.New(config)
		},
	}
}

func googleConfig(a *App, s IdPSettings) google.Config {
	return google.Config{URL: s.URL, LoginURL: s.LoginURL, Admin: s.Admin, ClientID: s.Client, Log: a.Log}
}

func scimProvider() Provider {
	return Provider{
		Name: "scim", Title: "SCIM 2.0",
		ByHand: ByHand{
			Keep:    lang.L("In the identity provider make {person} a member of the group {group}."),
			KeepOut: lang.L("In the identity provider end the membership of {person} in the group {group}."),
			Rename:  lang.L("In the identity provider rename the group {group} to {name}."),
		},
		SignIns: []SignIn{
			{Name: "bearer", Title: lang.L("Bearer token"), Secret: lang.L("Token"), SecretHint: lang.L("the token of the provider's SCIM endpoint")},
			{Name: "basic", Title: lang.L("User name and password"), Secret: lang.L("Password"), SecretHint: lang.L("the user's password"), Fields: []Field{userField(lang.L("User name"), lang.L("who signs in"))}},
			{Name: "client", Title: lang.L("OAuth client"), Secret: lang.L("Client secret"), SecretHint: lang.L("the client's secret"), Fields: []Field{
				{Name: "token-url", Label: lang.L("Token address"), Hint: "https://login.example/oauth2/token", Required: true, Of: func(s *IdPSettings) *string { return &s.TokenURL }},
				clientField(lang.L("the client's id")),
				{Name: "scope", Label: lang.L("Scope"), Hint: lang.L("what the provider asks for, or nothing"), Of: func(s *IdPSettings) *string { return &s.Scope }},
			}},
		},
		Fields: []Field{urlField(lang.L("SCIM address"), "https://idp.example/scim/v2", true)},
		New: func(a *App, s IdPSettings, secret string, _ keepSignIn) (idp.Provider, error) {
			config := scim.Config{URL: s.URL, Log: a.Log}
			switch s.SignIn {
			case "basic":
				config.User, config.Password = s.User, secret
			case "client":
				config.TokenURL, config.ClientID, config.ClientSecret, config.Scope = s.TokenURL, s.Client, secret, s.Scope
			default:
				config.Token = secret
			}
			return scim.New(config)
		},
	}
}

func ldapProvider() Provider {
	return Provider{
		Name: "ldap", Title: "LDAP / Active Directory",
		ByHand: ByHand{
			Keep:    lang.L("Active Directory Users and Computers › {group} › Properties › Members › Add: {person}. In another directory add their entry to the member attribute of the group."),
			KeepOut: lang.L("Active Directory Users and Computers › {group} › Properties › Members: select {person}, then Remove. In another directory delete their entry from the member attribute of the group."),
			Rename:  lang.L("Active Directory Users and Computers › {group} › Rename: {name}; in another directory change the cn of the group."),
		},
		SignIns: []SignIn{{Name: "simple", Title: lang.L("Name and password"), Secret: lang.L("Password"), SecretHint: lang.L("of the account that signs in"),
			Fields: []Field{userField(lang.L("Sign in as"), lang.L("DN of an account that may read: cn=reader,dc=acme,dc=com"))}}},
		Fields: []Field{
			urlField(lang.L("Server"), lang.L("ldaps://ldap.acme.com, or ldap:// for StartTLS"), true),
			{Name: "base", Label: lang.L("Base DN"), Hint: "dc=acme,dc=com", Required: true, Of: func(s *IdPSettings) *string { return &s.Base }},
			{Name: "ca", Label: lang.L("Certificate authority"), Hint: lang.L("a PEM file; the system's authorities where empty"), File: true, More: true, Of: func(s *IdPSettings) *string { return &s.CA }},
			more("people-base", lang.L("People below"), lang.L("where people are, if not below the base DN"), func(s *IdPSettings) *string { return &s.PeopleBase }),
			more("groups-base", lang.L("Groups below"), lang.L("where groups are, if not below the base DN"), func(s *IdPSettings) *string { return &s.GroupsBase }),
			more("people-filter", lang.L("People are"), lang.L("(objectClass=inetOrgPerson), in Active Directory users"), func(s *IdPSettings) *string { return &s.PeopleFilter }),
			more("groups-filter", lang.L("Groups are"), lang.L("groupOfNames, groupOfUniqueNames and posixGroup; or group"), func(s *IdPSettings) *string { return &s.GroupsFilter }),
			more("disabled-filter", lang.L("Disabled people are"), lang.L("in Active Directory known; else such as (nsAccountLock=true)"), func(s *IdPSettings) *string { return &s.DisabledFilter }),
			more("mail-attribute", lang.L("Address"), "mail", func(s *IdPSettings) *string { return &s.MailAttribute }),
			more("alias-attribute", lang.L("Further addresses"), lang.L("in Active Directory userPrincipalName proxyAddresses"), func(s *IdPSettings) *string { return &s.AliasAttribute }),
			more("name-attribute", lang.L("Name"), "displayName", func(s *IdPSettings) *string { return &s.NameAttribute }),
			more("group-name-attribute", lang.L("Group name"), "cn", func(s *IdPSettings) *string { return &s.GroupNameAttribute }),
			more("placeholder", lang.L("Placeholder"), lang.L("DN of the member in groups that may not be empty"), func(s *IdPSettings) *string { return &s.Placeholder }),
			more("start-tls", "StartTLS", lang.L("yes: on this machine, too"), func(s *IdPSettings) *string { return &s.StartTLS }),
		},
		New: func(a *App, s IdPSettings, secret string, _ keepSignIn) (idp.Provider, error) {
			authority, err := readAuthority(s.CA)
			if err != nil {
				return nil, err
			}
			return ldap.New(ldap.Config{
				URL: s.URL, StartTLS: s.StartTLS != "" && s.StartTLS != "no", CA: authority, BindDN: s.User, Password: secret, Base: s.Base, PeopleBase: s.PeopleBase,
				GroupsBase: s.GroupsBase, PeopleFilter: s.PeopleFilter, GroupsFilter: s.GroupsFilter, DisabledFilter: s.DisabledFilter, MailAttribute: s.MailAttribute,
				AliasAttribute: s.AliasAttribute, NameAttribute: s.NameAttribute, GroupNameAttribute: s.GroupNameAttribute, Placeholder: s.Placeholder, Log: a.Log,
			})
		},
	}
}

func more(name, label, hint string, of func(*IdPSettings) *string) Field {
	return Field{Name: name, Label: label, Hint: hint, More: true, Of: of}
}

func readAuthority(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", problem.Wrap(err, problem.Usage, lang.L("The certificate authority's file can't be read: %v.", err), lang.L("Check the path, and that you may read it."))
	}
	return string(text), nil
}

func fileProvider() Provider {
	return Provider{
		Name: "file", Title: lang.L("A file (CSV or JSON)"),
		ReadOnly: true,
		ByHand: ByHand{
			Keep:    lang.L("Where the file comes from, add {person} to the group {group}, then export it again."),
			KeepOut: lang.L("Where the file comes from, take {person} out of the group {group}, then export it again."),
			Rename:  lang.L("Where the file comes from, rename the group {group} to {name}, then export it again."),
		},
		SignIns: []SignIn{{Name: "none", Title: lang.L("None")}},
		Fields: []Field{{Name: "path", Label: lang.L("File"), Hint: lang.L("an export with the columns group, e-mail and name"), Required: true, File: true,
			Of: func(s *IdPSettings) *string { return &s.Path }}},
		New: func(_ *App, s IdPSettings, _ string, _ keepSignIn) (idp.Provider, error) {
			return file.New(s.Path)
		},
	}
}

// FindProvider gives a kind of provider by its name.
func FindProvider(name string) (Provider, error) {
	if name == "" {
		return Provider{}, problem.New(problem.NotConnected, lang.L("No identity provider is connected."), lang.L("Connect one: in the window under Identity provider, or with rollcall connect idp."))
	}
	var names []string
	for _, provider := range Providers() {
		if provider.Name == name {
			return provider, nil
		}
		names = append(names, provider.Name)
	}
	return Provider{}, problem.New(problem.Usage, lang.L("There is no identity provider named “%s”.", name), lang.L("Rollcall knows %s.", strings.Join(names, ", ")))
}

// ProviderTitle is what people call a provider.
func ProviderTitle(name string) string {
	if provider, err := FindProvider(name); err == nil {
		return provider.Title
	}
	return name
}

// FieldsOf lists what a provider has to be told for one way to sign in.
func (p Provider) FieldsOf(way SignIn) []Field { return slices.Concat(p.Fields, way.Fields) }

// Way gives a way to sign in by its name; the first where the name is empty.
func (p Provider) Way(name string) (SignIn, error) {
	var names []string
	for i, way := range p.SignIns {
		if way.Name == name || name == "" && i == 0 {
			return way, nil
		}
		names = append(names, way.Name)
	}
	return SignIn{}, problem.New(problem.Usage, lang.L("There is no way to sign in to %s named “%s”.", p.Title, name), lang.L("There are %s.", strings.Join(names, ", ")))
}

func (s IdPSettings) way() (SignIn, error) {
	provider, err := FindProvider(s.Provider)
	if err != nil {
		return SignIn{}, err
	}
	return provider.Way(s.SignIn)
}

// NewIdPSettings makes settings from fields by their names, as Field names them,
// with provider and sign-in beside them; other names are passed over.
func NewIdPSettings(fields map[string]string) IdPSettings {
	settings := IdPSettings{Provider: fields["provider"], SignIn: fields["sign-in"]}
	for _, provider := range Providers() {
		for _, way := range provider.SignIns {
			for _, field := range provider.FieldsOf(way) {
				if value, given := fields[field.Name]; given {
					*field.Of(&settings) = value
				}
			}
		}
	}
	return settings
}

// Place says in a few words what the settings lead to: an address, a tenant, a
// file.
func (s IdPSettings) Place() string {
	for _, text := range []string{s.Path, s.Tenant, s.URL, s.Admin} {
		if text != "" {
			return text
		}
	}
	return ProviderTitle(s.Provider)
}

// tidied frees what a person pasted of the spaces around it, and of what the
// provider doesn't take.
func (s IdPSettings) tidied() IdPSettings {
	tidy := IdPSettings{Provider: strings.TrimSpace(s.Provider), SignIn: strings.TrimSpace(s.SignIn)}
	provider, err := FindProvider(tidy.Provider)
	if err != nil {
		return tidy
	}
	way, err := provider.Way(tidy.SignIn)
	if err != nil {
		return tidy
	}
	for _, field := range provider.FieldsOf(way) {
		value := strings.TrimSpace(*field.Of(&s))
		if strings.HasSuffix(field.Name, "url") {
			value = strings.TrimRight(value, "/")
		}
		*field.Of(&tidy) = value
	}
	return tidy
}

// check says what is missing.
func (s IdPSettings) check() error {
	provider, err := FindProvider(s.Provider)
	if err != nil {
		return err
	}
	way, err := provider.Way(s.SignIn)
	if err != nil {
		return err
	}
	for _, field := range provider.FieldsOf(way) {
		if field.Required && *field.Of(&s) == "" {
			return problem.New(problem.Usage, lang.L("%s needs to be told: %s.", provider.Title, field.Label), lang.L("Enter %s (--%s on the command line).", field.Hint, field.Name))
		}
	}
	return nil
}

// secretName binds the credentials to the place they were entered for.
func (s IdPSettings) secretName() string {
	name := s.Provider
	for _, part := range []string{s.URL, s.LoginURL, s.TokenURL, s.Tenant, s.Client, s.Admin, s.User} {
		if part != "" {
			name += " " + part
		}
	}
	return name
}

// provider makes the connector for the identity provider.
func (a *App) provider(settings IdPSettings, secret string, keep keepSignIn) (idp.Provider, error) {
	provider, err := FindProvider(settings.Provider)
	if err != nil {
		return nil, err
	}
	if err := settings.check(); err != nil {
		return nil, err
	}
	return provider.New(a, settings, secret, keep)
}

// keepSignIn files what a sign-in left in the keyring.
func (a *App) keepSignIn(settings IdPSettings) keepSignIn {
	return func(ctx context.Context, left oauth.SignedIn) error {
		return a.Secrets.SaveSecret(ctx, settings.secretName(), left.Text())
	}
}

// closeProvider lets go of a connection that stays open between requests.
func closeProvider(provider idp.Provider) {
	if closer, ok := provider.(io.Closer); ok {
		_ = closer.Close() // nothing is lost with it
	}
}

// SignInIdP lets a person sign in, and gives what connects afterwards in place of
// a secret. show is called with what the person has to do.
func (a *App) SignInIdP(ctx context.Context, settings IdPSettings, clientSecret string, show func(oauth.Prompt)) (string, error) {
	settings = settings.tidied()
	if err := settings.check(); err != nil {
		return "", err
	}
	way, err := settings.way()
	if err != nil {
		return "", err
	}
	var in oauth.SignIn
	switch settings.Provider {
	case "entra":
		in = entra.SignIn(entraConfig(a, settings))
	case "google":
		in = google.SignIn(googleConfig(a, settings), strings.TrimSpace(clientSecret))
	default:
		return "", problem.New(problem.Usage, lang.L("Nobody signs in to %s.", ProviderTitle(settings.Provider)), lang.L("Connect with a secret."))
	}
	sign := in.Browser
	if way.Device {
		sign = in.Device
	}
	left, err := sign(ctx, show)
	if err != nil {
		return "", err
	}
	return left.Text(), nil
}

// PreviewFile tells what an export holds before it is connected.
func PreviewFile(path string) (file.Content, error) {
	f, err := file.New(strings.TrimSpace(path))
	if err != nil {
		return file.Content{}, err
	}
	return f.Preview()
}
