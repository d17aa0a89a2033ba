package screens

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// enter types what connects to the simulated provider into the form, and leaves
// the secret to the caller.
func (p *person) enter() {
	f := p.w.idp.form
	kind, err := app.FindProvider(p.simulation.Connection["provider"])
	require.NoError(p.t, err)
	f.provider.SetSelected(kind.Title)
	if name := p.simulation.Connection["sign-in"]; name != "" {
		way, err := kind.Way(name)
		require.NoError(p.t, err)
		f.way.SetSelected(way.Title)
	}
	f.more.SetChecked(true)
	for name, e := range f.fields {
		if name != "app" {
			e.SetText(p.simulation.Connection[name])
		}
	}
}

func TestEveryProviderIsConnectedThroughItsForm(t *testing.T) {
	for _, name := range simulator.Providers() {
		t.Run(name, func(t *testing.T) {
			if name == "ldap" && !simulator.SlapdInstalled() {
				t.Skip("OpenLDAP isn't installed: install the package slapd")
			}
			p := sitDownWith(t, simulator.Options{Company: simulator.Sample(1, 10, 60), IdP: name})
			p.enter()
			p.w.idp.form.secret.SetText(p.simulation.Connection["secret"])
			test.Tap(p.w.idp.idpTest)
			require.Contains(t, p.w.idp.idpAnswer.Text, "✓ Reached")
			test.Tap(p.w.idp.idpConnect)
			require.Contains(t, p.w.idp.idpAnswer.Text, "✓ Connected")
			require.Empty(t, p.w.idp.form.secret.Text)
			require.Equal(t, name, p.w.settings.IdP.Provider)

			// Another window finds the form as it was left.
			before := p.w.idp.form.settings
			p.open()
			require.Equal(t, before, p.w.idp.form.settings)
			require.Contains(t, p.w.idp.form.secret.PlaceHolder, "kept in the keyring")
		})
	}
}

func TestAPersonSignsInWithACode(t *testing.T) {
	p := sitDownWith(t, simulator.Options{Company: simulator.Sample(1, 10, 60), IdP: "entra"})
	p.enter()
	p.w.idp.form.way.SetSelected("Sign in with a code")
	require.Equal(t, "Sign in …", p.w.idp.idpConnect.Text)
	test.Tap(p.w.idp.idpConnect) // the simulated Entra takes the code for entered a second later
	require.Contains(t, p.w.idp.idpAnswer.Text, "✓ Connected")
	require.Nil(t, p.w.win.Canvas().Overlays().Top(), "the dialog with the code is gone")
	test.Tap(p.w.idp.idpTest)
	require.Contains(t, p.w.idp.idpAnswer.Text, "✓ Reached", "by what the sign-in left in the keyring")
}

// browser is an application whose browser follows the address that it is given,
// to the provider and back to loopback, as somebody who signs in has it do.
type browser struct {
	fyne.App
	opened chan string
}

func (b browser) OpenURL(page *url.URL) error {
	go func() {
		resp, err := http.Get(page.String())
		if err == nil {
			_ = resp.Body.Close()
		}
		b.opened <- page.String()
	}()
	return nil
}

func TestAPersonSignsInThroughTheBrowser(t *testing.T) {
	for _, provider := range []string{"entra", "google"} {
		t.Run(provider, func(t *testing.T) {
			p := sitDownWith(t, simulator.Options{Company: simulator.Sample(1, 10, 60), IdP: provider})
			b := browser{p.w.fyneApp, make(chan string, 1)}
			p.w.fyneApp = b
			p.enter()
			p.w.idp.form.way.SetSelected("Sign in with the browser")
			p.enterClient(provider)
			// The window waits for the sign-in: what the person does meanwhile is
			// done as soon as the dialog is there.
			onUI := p.w.onUI
			p.w.onUI = func(f func()) {
				onUI(f)
				if top := p.w.win.Canvas().Overlays().Top(); top != nil {
					if _, buttons, _ := p.dialog(); buttons["Open the browser"] != nil {
						test.Tap(buttons["Open the browser"])
					}
				}
			}
			test.Tap(p.w.idp.idpConnect)
			require.Contains(t, p.w.idp.idpAnswer.Text, "✓ Connected")
			require.Contains(t, <-b.opened, "code_challenge=")
			test.Tap(p.w.idp.idpTest)
			require.Contains(t, p.w.idp.idpAnswer.Text, "✓ Reached", "by what the sign-in left in the keyring")
		})
	}
}

// enterClient types the client that signs in through the browser.
func (p *person) enterClient(provider string) {
	if e := p.w.idp.form.fields["client"]; e != nil {
		e.SetText(simulator.ClientID)
	}
	if provider == "google" {
		p.w.idp.form.secret.SetText(simulator.ClientSecret)
	}
}

func TestAFileIsShownBeforeItIsUsed(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 10, 60))
	path := filepath.Join(t.TempDir(), "export.csv")
	require.NoError(t, os.WriteFile(path, []byte("group,email,name\nlegal,ana@x.io,Ana\nlegal,nobody,Bo\n"), 0o600))
	p.w.idp.form.provider.SetSelected("A file (CSV or JSON)")
	p.w.idp.form.fields["path"].SetText(path)
	test.Tap(p.w.idp.idpConnect)
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "line 3")
	require.Contains(t, texts, "legal · ana@x.io Ana")
	require.True(t, buttons["Use this file"].Disabled(), "not with a bad line")
	test.Tap(buttons["Cancel"])

	require.NoError(t, os.WriteFile(path, []byte("group,email,name\nlegal,ana@x.io,Ana\n"), 0o600))
	test.Tap(p.w.idp.idpConnect)
	_, buttons, _ = p.dialog()
	test.Tap(buttons["Use this file"])
	require.Contains(t, p.w.idp.idpAnswer.Text, "✓ Connected")
	require.Equal(t, path, p.w.settings.IdP.Path)
}

func TestSitesAreConnectedOneByOneUnderOriginal(t *testing.T) {
	p := sitDownWith(t, simulator.Options{Company: simulator.Sample(1, 20, 120), Original: true})
	require.False(t, p.w.idp.sites.object.Visible())
	p.enter()
	p.w.idp.form.secret.SetText(p.simulation.Connection["secret"])
	test.Tap(p.w.idp.idpConnect)
	p.w.idp.experience.SetSelected("Original: on each site")
	require.True(t, p.w.idp.sites.object.Visible())
	require.True(t, p.w.idp.fetch.Disabled())

	form := p.w.idp.sites
	for _, address := range p.simulation.SiteURLs {
		form.url.SetText(address)
		form.email.SetText(p.simulation.Company.Owner)
		form.token.SetText("wrong")
		test.Tap(form.test)
		require.Contains(t, form.answer.Text, "doesn't accept the key")
		form.token.SetText(simulator.SiteToken)
		test.Tap(form.test)
		require.Contains(t, form.answer.Text, "✓ Reached")
		test.Tap(form.add)
		require.Contains(t, form.answer.Text, "✓ Connected")
	}
	require.Len(t, form.removes, 3)
	test.Tap(p.w.idp.fetch)
	require.NotNil(t, p.w.review)
	require.Contains(t, p.w.status.age.Text, "original")

	// A group is opened, planned and synced as any other.
	p.tapLine(p.line(func(row *review.Row) bool { return row.State == review.New }), nameColumn)
	p.key(fyne.KeyReturn)
	_, buttons, _ := p.dialog()
	test.Tap(buttons["Sync 1 group"])
	require.NotEmpty(t, p.w.runs)

	for address := range form.removes {
		test.Tap(form.removes[address])
		break
	}
	require.Len(t, form.removes, 2)
}
