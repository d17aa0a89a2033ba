package app

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
	"github.com/rollcall-app/rollcall/app/run"
)

// SiteSecretVariable gives the API token of the sites to one process.
const SiteSecretVariable = "ROLLCALL_SITE_SECRET"

// SiteSettings say how to reach one site under original user management.
type SiteSettings struct {
	// URL is the site's address: https://acme.atlassian.net. Host stands for
	// the host of it.
	URL, Host string
	// Email is the address of the site admin whose API token signs in.
	Email string
}

func (s SiteSettings) tidied() SiteSettings {
	return SiteSettings{URL: strings.TrimRight(strings.TrimSpace(s.URL), "/"), Host: strings.TrimSpace(s.Host), Email: strings.TrimSpace(s.Email)}
}

// Place names the site.
func (s SiteSettings) Place() string {
	if s.Host != "" {
		return s.Host
	}
	return strings.TrimPrefix(s.URL, "https://")
}

func (s SiteSettings) secretName() string { return "site " + s.URL + " " + s.Email }

// organization is the Atlassian side, whichever the experience.
type organization interface {
	run.Atlassian
	io.Closer
	Read(ctx context.Context, scope atlassian.Await, tell progress.Func) (directory.Organization, directory.Reading, error)
}

// directReader is a side that gives access to accounts by themselves, too.
type directReader interface {
	DirectAccess(ctx context.Context, org *directory.Organization, account directory.AccountNo) ([]directory.DirectAccess, error)
	Count() remote.Count
}

func (a *App) site(settings SiteSettings, secret string) (*atlassian.Site, error) {
	if settings.Email == "" {
		return nil, problem.New(problem.Usage, lang.L("The e-mail address of the site admin is missing."), lang.L("Give the address of the account that the API token belongs to."))
	}
	return atlassian.NewSite(atlassian.SiteConfig{URL: settings.URL, Host: settings.Host, Email: settings.Email, Token: secret, Log: a.Log})
}

// CheckSite says whether reading a site will work.
func (a *App) CheckSite(ctx context.Context, settings SiteSettings, secret string) error {
	settings = settings.tidied()
	secret, err := a.secretOr(ctx, secret, SiteSecretVariable, settings.secretName())
	if err != nil {
		return err
	}
	site, err := a.site(settings, secret)
	if err != nil {
		return err
	}
	defer func() { _ = site.Close() }() // nobody needs it any more
	_, err = site.Check(ctx)
	return err
}

// ConnectSite checks a site and adds it to those connected, in place of what was
// there with the same address. The experience is original from then on. kept is
// false where only the environment holds the secret.
func (a *App) ConnectSite(ctx context.Context, settings SiteSettings, secret string) (kept bool, err error) {
	settings, secret = settings.tidied(), strings.TrimSpace(secret)
	if err := a.CheckSite(ctx, settings, secret); err != nil {
		return false, err
	}
	if kept, err = a.keep(ctx, secret, SiteSecretVariable, settings.secretName()); err != nil {
		return false, err
	}
	return kept, a.change(func(all *Settings) {
		all.Experience = directory.Original
		all.Sites = append(withoutSite(all.Sites, settings.URL), settings)
	})
}

// DisconnectSite forgets a site and its credentials.
func (a *App) DisconnectSite(ctx context.Context, url string) error {
	settings, err := a.Store.Settings()
	if err != nil {
		return err
	}
	url = SiteSettings{URL: url}.tidied().URL
	i := slices.IndexFunc(settings.Sites, func(s SiteSettings) bool { return s.URL == url })
	if i < 0 {
		return problem.New(problem.NotFound, lang.L("No site at %s is connected.", url), lang.L("Look at the sites that are."))
	}
	if err := a.Secrets.DeleteSecret(ctx, settings.Sites[i].secretName()); err != nil {
		return err
	}
	return a.change(func(all *Settings) { all.Sites = withoutSite(all.Sites, url) })
}

func withoutSite(sites []SiteSettings, url string) []SiteSettings {
	return slices.DeleteFunc(slices.Clone(sites), func(s SiteSettings) bool { return s.URL == url })
}

// SetExperience says which user management experience the organization has: no
// public call tells.
func (a *App) SetExperience(experience string) error {
	if experience != directory.Centralized && experience != directory.Original {
		return problem.New(problem.Usage, lang.L("There is no user management experience named “%s”.", experience), lang.L("There are centralized and original."))
	}
	return a.change(func(all *Settings) { all.Experience = experience })
}

// connectedSites makes the connectors of all sites. Where an organization is
// connected, too, it tells the addresses that people hide.
func (a *App) connectedSites(ctx context.Context, settings Settings) (*atlassian.Sites, error) {
	if len(settings.Sites) == 0 {
		return nil, problem.New(problem.NotConnected, lang.L("No site is connected."), lang.L("Connect the sites: in the window under Identity provider, or with rollcall connect site."))
	}
	sites := &atlassian.Sites{}
	for _, one := range settings.Sites {
		secret, err := a.secret(ctx, SiteSecretVariable, one.secretName())
		if err != nil {
			return nil, err
		}
		site, err := a.site(one, secret)
		if err != nil {
			return nil, err
		}
		sites.Sites = append(sites.Sites, site)
	}
	if settings.Atlassian.Org == "" {
		return sites, nil
	}
	secret, err := a.secret(ctx, AtlassianSecretVariable, settings.Atlassian.secretName())
	if err != nil {
		return nil, err
	}
	sites.Org, err = a.organization(settings.Atlassian, secret)
	return sites, err
}
