package screens

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/simulator"
)

func TestPeopleAreProvisionedFromTheWindow(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 20, 600))
	p.connect()
	form := p.w.idp.provisioning
	require.Contains(t, form.state.Text, "Not connected")
	p.write(form.url, p.simulation.AtlassianURL)
	p.write(form.key, simulator.DirectoryKey)
	test.Tap(form.test)
	require.Contains(t, form.answer.Text, "is not the SCIM base URL")
	form.url.SetText(p.simulation.ProvisioningURL())
	test.Tap(form.test)
	require.Contains(t, form.answer.Text, "✓ Reached")
	require.False(t, p.w.idp.directory.object.Visible(), "nothing was read of it yet")
	test.Tap(form.connect)
	require.Contains(t, form.answer.Text, "✓ Connected")
	require.Empty(t, form.key.Text)
	require.Contains(t, form.state.Text, "● Connected")

	test.Tap(p.w.idp.fetch)
	people := p.w.people()
	require.Positive(t, people.create)
	require.Positive(t, people.rename)
	require.Positive(t, people.deactivate)
	require.True(t, p.w.idp.directory.object.Visible())

	// Each deactivation asks for the person's address.
	test.Tap(p.w.groups.syncAll)
	texts, buttons, entries := p.dialog()
	require.Contains(t, texts, "was deactivated in the identity provider")
	require.Contains(t, texts, "below only when you confirm")
	var leaver string
	for _, entry := range entries {
		if strings.Contains(entry.PlaceHolder, "@") && leaver == "" {
			leaver = strings.Fields(entry.PlaceHolder)[1]
			test.Type(entry, leaver)
		}
	}
	require.NotEmpty(t, leaver)
	for text, button := range buttons {
		if strings.HasPrefix(text, "Sync ") {
			test.Tap(button)
		}
	}
	provisioned := p.simulation.Provisioned()
	require.Equal(t, "deactivated", p.simulation.AccountStatus(provisioned[leaver].Account))
	after := p.w.people()
	require.Equal(t, people.deactivate-1, after.deactivate, "the others were not confirmed")
	require.Zero(t, after.rename)

	// What is left can be done without a group to sync, and is in the history.
	p.w.tabs.Select(p.w.history.item)
	p.w.history.toggle(0)
	found := false
	for _, line := range p.w.history.lines {
		found = found || line.person != nil && line.person.Email == leaver
	}
	require.True(t, found)

	p.w.tabs.Select(p.w.idp.item)
	test.Tap(form.leave)
	require.Contains(t, form.state.Text, "Not connected")
}
