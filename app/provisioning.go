package app

import (
	"context"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
	"github.com/rollcall-app/rollcall/app/run"
)

// ProvisioningSecretVariable gives the key of the provisioning directory to one
// process.
const ProvisioningSecretVariable = "ROLLCALL_PROVISIONING_SECRET"

// ProvisioningSettings say how to reach the provisioning directory.
type ProvisioningSettings struct {
	// URL is its SCIM base URL:
	// https://api.atlassian.com/scim/directory/{directory}.
	URL string
}

func (s ProvisioningSettings) tidied() ProvisioningSettings {
	return ProvisioningSettings{URL: strings.TrimRight(strings.TrimSpace(s.URL), "/")}
}

func (s ProvisioningSettings) secretName() string { return "provisioning " + s.URL }

func (a *App) provisioning(ctx context.Context, settings ProvisioningSettings, secret string) (*atlassian.Provisioning, error) {
	secret, err := a.secretOr(ctx, secret, ProvisioningSecretVariable, settings.secretName())
	if err != nil {
		return nil, err
	}
	return atlassian.NewProvisioning(atlassian.ProvisioningConfig{URL: settings.URL, Key: secret, Log: a.Log})
}

// CheckProvisioning says whether reading the provisioning directory will work.
func (a *App) CheckProvisioning(ctx context.Context, settings ProvisioningSettings, secret string) error {
	connection, err := a.provisioning(ctx, settings.tidied(), secret)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }() // nobody needs it any more
	return connection.Check(ctx)
}

// ConnectProvisioning checks a provisioning directory and keeps it; the secret
// goes to the keyring. kept is false where only the environment holds it.
func (a *App) ConnectProvisioning(ctx context.Context, settings ProvisioningSettings, secret string) (kept bool, err error) {
	settings, secret = settings.tidied(), strings.TrimSpace(secret)
	if err := a.CheckProvisioning(ctx, settings, secret); err != nil {
		return false, err
	}
	if kept, err = a.keep(ctx, secret, ProvisioningSecretVariable, settings.secretName()); err != nil {
		return false, err
	}
	return kept, a.change(func(all *Settings) { all.Provisioning = settings })
}

// DisconnectProvisioning forgets the provisioning directory and its key: people
// without an account are invited from then on.
func (a *App) DisconnectProvisioning(ctx context.Context) error {
	settings, err := a.Store.Settings()
	if err != nil {
		return err
	}
	if settings.Provisioning.URL == "" {
		return problem.New(problem.NotFound, lang.L("No provisioning directory is connected."), lang.L("There is nothing to forget."))
	}
	if err := a.Secrets.DeleteSecret(ctx, settings.Provisioning.secretName()); err != nil {
		return err
	}
	return a.change(func(all *Settings) { all.Provisioning = ProvisioningSettings{} })
}

// provisioningSide makes the connector, or nil where no directory is connected.
func (a *App) provisioningSide(ctx context.Context, settings Settings) (*atlassian.Provisioning, error) {
	if settings.Provisioning.URL == "" {
		return nil, nil
	}
	return a.provisioning(ctx, settings.Provisioning, "")
}

// leftLimit bounds how many people are asked for one by one whom the list of
// people may leave out. Who isn't asked for is not deactivated.
const leftLimit = 2000

// readProvisioning reads the directory, and asks the IdP about those in it whom
// its list of people may have left out.
func readProvisioning(ctx context.Context, connection *atlassian.Provisioning, provider idp.Provider, side *directory.IdentityProvider, tell progress.Func) (*directory.Provisioning, error) {
	tell.Tell(lang.L("Reading the provisioning directory"), 0, 0)
	read, err := connection.Read(ctx)
	if err != nil {
		return nil, err
	}
	leaves, may := provider.(idp.LeavesOut)
	if !may {
		return read, nil
	}
	listed := make(map[string]bool, len(side.People))
	for i := range side.People {
		listed[side.People[i].ID] = true
	}
	var ask []string
	for i := range read.People {
		if person := &read.People[i]; person.Active && !listed[person.External] && leaves.MayLeaveOut(person.External) {
			ask = append(ask, person.External)
		}
	}
	ask = ask[:min(len(ask), leftLimit)]
	found := make([]directory.Person, len(ask))
	err = remote.Each(ctx, len(ask), func(ctx context.Context, i int) (err error) {
		if found[i], err = provider.Person(ctx, ask[i]); problem.Is(err, problem.NotFound) {
			return nil // gone: an absence, which says nothing
		}
		return err
	})
	for _, person := range found {
		if person.Disabled {
			read.Left = append(read.Left, person)
		}
	}
	return read, err
}

// accountsOf gives the accounts that matter for provisioning: those of the
// people in the groups, and of whoever was deactivated.
func accountsOf(read *directory.Provisioning, side *directory.IdentityProvider) []string {
	if read == nil {
		return nil
	}
	wanted := map[string]bool{}
	for i := range side.Groups {
		for _, no := range side.Members.Of(directory.SourceNo(i)) {
			wanted[side.People[no].ID] = true
		}
	}
	for _, people := range [][]directory.Person{side.People, read.Left} {
		for i := range people {
			if person := &people[i]; person.Disabled && !person.Paused {
				wanted[person.ID] = true
				for _, address := range append([]string{person.Email}, person.Aliases...) {
					wanted[directory.FoldAddress(address)] = true
				}
			}
		}
	}
	delete(wanted, "")
	var accounts []string
	for i := range read.People {
		record := &read.People[i]
		is := wanted[record.External] || slices.ContainsFunc(record.Addresses, func(address string) bool { return wanted[directory.FoldAddress(address)] })
		if is && record.Account != "" {
			accounts = append(accounts, record.Account)
		}
	}
	return accounts
}

// amendProvisioning puts into a snapshot what a run did to people.
func amendProvisioning(snapshot *directory.Snapshot, report *run.Report) {
	if snapshot.Provisioning == nil {
		return
	}
	amended := *snapshot.Provisioning
	amended.People = slices.Clone(amended.People)
	at := make(map[string]int, len(amended.People))
	for i := range amended.People {
		at[amended.People[i].ID] = i
	}
	accounts := map[string]bool{} // whether active
	for _, result := range report.People {
		if result.After == nil {
			continue
		}
		if i, known := at[result.After.ID]; known {
			amended.People[i] = *result.After
		} else {
			amended.People = append(amended.People, *result.After)
		}
		accounts[result.After.Account] = result.After.Active
	}
	snapshot.Provisioning = &amended
	for i := range snapshot.Atlassian.Accounts {
		account := &snapshot.Atlassian.Accounts[i]
		active, changed := accounts[account.ID]
		switch {
		case !changed || account.Outside():
		case !active:
			account.Status = directory.Deactivated
		case account.Status == directory.Deactivated:
			account.Status = directory.Active
		}
	}
}

// provisioningWay tells of the reading of the directory in a sentence.
func provisioningWay(read *directory.Provisioning, requests int) string {
	return lang.L(" The provisioning directory: %s in %s.", lang.People(len(read.People)), lang.Requests(requests))
}
