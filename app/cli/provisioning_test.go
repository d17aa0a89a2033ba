package cli_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func TestPeopleAreProvisionedFromATerminal(t *testing.T) {
	company := simulator.Sample(1, 20, 600)
	company.PendingDomains = nil // whom to wait for
	x, simulation := connected(t, simulator.Options{Company: company})
	t.Setenv(app.ProvisioningSecretVariable, simulator.DirectoryKey)
	require.Contains(t, x.run("", "connect", "provisioning", "--json").problem(t).Error.Message, "--url is missing")
	r := x.run("", "connect", "provisioning", "--url", simulation.ProvisioningURL())
	require.Equal(t, 0, r.code, r.err)
	require.Equal(t, 0, x.run("", "fetch").code)

	var document app.ReviewDocument
	x.run("", "review", "--json").document(t, &document)
	count := map[review.PersonChangeKind]int{}
	leaver := ""
	for _, person := range document.People {
		count[person.Change]++
		if person.Change == review.DeactivatePerson {
			leaver = *person.Email
		}
	}
	require.Positive(t, count[review.CreatePerson])
	require.Positive(t, count[review.UpdatePerson])
	require.Positive(t, count[review.DeactivatePerson])

	results := func(sync app.SyncDocument) map[run.Result]int {
		by := map[run.Result]int{}
		for _, person := range sync.People {
			if person.Change == review.DeactivatePerson {
				by[person.Result]++
			}
		}
		return by
	}
	var sync app.SyncDocument
	x.run("", "sync", "--all", "--dry-run", "--json").document(t, &sync)
	require.Equal(t, map[run.Result]int{run.Blocked: count[review.DeactivatePerson]}, results(sync))
	dry := x.run("", "sync", "--all", "--dry-run")
	require.Contains(t, dry.out, "In the provisioning directory: ")
	require.Contains(t, dry.out, "override deactivations for "+leaver)

	x.run("", "sync", "--all", "--yes", "--override", "deactivations="+leaver, "--json").document(t, &sync)
	require.Equal(t, map[run.Result]int{run.Blocked: count[review.DeactivatePerson] - 1, run.Synced: 1}, results(sync))
	require.Equal(t, "deactivated", simulation.AccountStatus(simulation.Provisioned()[leaver].Account))

	require.Equal(t, 0, x.run("", "connect", "provisioning", "--remove").code)
	require.Equal(t, 0, x.run("", "fetch").code)
	var without app.ReviewDocument
	x.run("", "review", "--json").document(t, &without)
	require.Empty(t, without.People)
}
