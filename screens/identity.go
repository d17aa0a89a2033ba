package screens

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/idp/file"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/widgets"
)

// identityTab connects both sides and tells what was last read.
type identityTab struct {
	item *container.TabItem
	w    *Window
	// reach scrolls to where the keyboard is.
	reach *widgets.Reach

	form                *idpForm
	idpState            *widget.Label
	idpAnswer           *widget.Label
	idpConnect, idpTest *widgets.Button
	idpLeave            *widgets.Button
	idpButtons          *fyne.Container

	org, key, owner     *widgets.Entry
	orgState            *widget.Label
	orgAnswer           *widget.Label
	orgConnect, orgTest *widgets.Button
	orgLeave            *widgets.Button
	experience          *widgets.Select
	sites               *sitesForm
	provisioning        *provisioningForm

	taken                          *widget.Label
	synced, unsynced, fresh        *widgets.Figure
	people, invite, unmatched, off *widgets.Figure
	directory                      *directoryFigures
	fetch                          *widgets.Button

	// welcome stands above as long as nothing is connected.
	welcome *widgets.Panel

	// filled says that the fields were filled from the settings once.
	filled bool
}

func newIdentityTab(w *Window) *identityTab {
	t := &identityTab{w: w, reach: &widgets.Reach{}}
	t.provisioning = newProvisioningForm(t)
	left := container.NewVBox(t.idpCard(), gap(1, 2), t.provisioning.object)
	right := container.NewVBox(t.orgCard(), gap(1, 2), t.snapshotCard(), gap(1, 2), t.peopleCard())
	explore := t.reach.Button(lang.L("Explore a sample company"), w.explore)
	t.welcome = widgets.NewBanner(widgets.FillInfo, widgets.InkInfo, container.NewBorder(nil, nil, nil, container.NewCenter(explore),
		wrapped(lang.L("Welcome. Connect your identity provider and Atlassian below: reading changes nothing. Or look around in a sample company first, without an account anywhere."))))
	side := &columns{space: 14, least: 520}
	scroll := container.NewVScroll(spaced(container.NewVBox(t.welcome, container.New(side, left, right))))
	side.turned = func() { w.onUI(scroll.Refresh) }
	t.reach.Scroll = scroll
	t.item = container.NewTabItem(lang.L("Identity provider"), scroll)
	return t
}

func entry(placeholder string) *widget.Entry {
	e := widget.NewEntry()
	e.SetPlaceHolder(placeholder)
	return e
}

func (t *identityTab) idpCard() fyne.CanvasObject {
	t.form = newIdPForm(t.w, t.reach, func() { t.showConnect() })
	t.idpState, t.idpAnswer = widget.NewLabel(""), wrapped("")
	t.idpConnect = t.reach.Button(lang.L("Connect"), t.connectIdP)
	t.idpConnect.Importance = widget.HighImportance
	t.idpTest = t.reach.Button(lang.L("Test connection"), t.testIdP)
	t.idpLeave = t.reach.Button(lang.L("Disconnect"), func() { t.leave(t.w.app.DisconnectIdP) })
	t.idpButtons = container.NewHBox(t.idpConnect, t.idpTest, t.idpLeave)
	return titled(lang.L("Identity provider"), t.idpState, container.NewVBox(t.form.object, t.idpButtons, t.idpAnswer))
}

func (t *identityTab) orgCard() fyne.CanvasObject {
	t.org, t.key, t.owner = t.reach.Entry(lang.L("the part after /o/ in the address of admin.atlassian.com")), t.reach.Secret(), t.reach.Entry(lang.L("you@example.com, an organization admin"))
	t.orgState, t.orgAnswer = widget.NewLabel(""), wrapped("")
	t.experience = t.reach.Select([]string{experienceTitles()[directory.Centralized], experienceTitles()[directory.Original]}, t.chooseExperience)
	t.orgConnect = t.reach.Button(lang.L("Connect"), t.connectOrg)
	t.orgConnect.Importance = widget.HighImportance
	t.orgTest = t.reach.Button(lang.L("Test connection"), t.testOrg)
	t.orgLeave = t.reach.Button(lang.L("Disconnect"), func() { t.leave(t.w.app.DisconnectAtlassian) })
	form := container.New(layout.NewFormLayout(),
		widget.NewLabel(lang.L("Organization id")), t.org,
		widget.NewLabel(lang.L("API key")), t.key,
		widget.NewLabel(lang.L("Owner of the key")), t.owner,
		widget.NewLabel(lang.L("User management")), t.experience)
	t.sites = newSitesForm(t)
	return titled(lang.L("Atlassian organization"), t.orgState, container.NewVBox(form, container.NewHBox(t.orgConnect, t.orgTest, t.orgLeave), t.orgAnswer, t.sites.object))
}

// titled is a card with a state beside its title.
func titled(title string, state *widget.Label, content fyne.CanvasObject) fyne.CanvasObject {
	heading := widget.NewLabelWithStyle(title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	heading.SizeName = theme.SizeNameSubHeadingText
	return widgets.NewPanel(widgets.FillCard, widgets.Outline,
		container.NewBorder(container.NewBorder(nil, nil, heading, state), nil, nil, nil, content))
}

func (t *identityTab) peopleCard() fyne.CanvasObject {
	t.people, t.invite = widgets.NewFigure(lang.L("people"), theme.ColorNameForeground), widgets.NewFigure(lang.L("to invite"), widgets.InkGain)
	t.unmatched, t.off = widgets.NewFigure(lang.L("unmatched"), widgets.InkWarn), widgets.NewFigure(lang.L("disabled"), widgets.InkMuted)
	t.directory = newDirectoryFigures()
	return widgets.NewCard(lang.L("People"), container.NewVBox(container.NewGridWithColumns(4, t.people, t.invite, t.unmatched, t.off), t.directory.object))
}

func (t *identityTab) snapshotCard() fyne.CanvasObject {
	t.taken = wrapped("")
	t.synced, t.unsynced = widgets.NewFigure(lang.L("groups synced"), theme.ColorNameForeground), widgets.NewFigure(lang.L("could not be synced"), widgets.InkWarn)
	t.fresh = widgets.NewFigure(lang.L("new groups"), theme.ColorNameForeground)
	t.fetch = t.reach.Button(lang.L("Fetch now"), t.w.fetch)
	t.fetch.Importance = widget.HighImportance
	return widgets.NewCard(lang.L("Snapshot"), container.NewVBox(t.taken,
		container.NewGridWithColumns(3, t.synced, t.unsynced, t.fresh), gap(1, 2), container.NewHBox(t.fetch)))
}

// show brings the tab up to date.
func (t *identityTab) show() {
	settings := t.w.settings
	idpOn, orgOn := settings.IdP.Provider != "", settings.Atlassian.Org != ""
	ready := idpOn && settings.Connected()
	t.welcome.Hidden = idpOn || settings.Connected() || t.w.app.Profiles == nil || t.w.app.Profile == app.SampleProfile
	t.welcome.Refresh()
	if !t.filled && (idpOn || orgOn || settings.Provisioning.URL != "") {
		t.filled = true
		if idpOn {
			t.form.set(settings.IdP)
		}
		t.org.SetText(settings.Atlassian.Org)
		t.owner.SetText(settings.Atlassian.Owner)
		t.provisioning.url.SetText(settings.Provisioning.URL)
	}
	connected(t.idpState, idpOn)
	connected(t.orgState, settings.Connected())
	t.form.showKept(idpOn && settings.IdP.Provider == t.form.settings.Provider)
	t.key.SetPlaceHolder(secretHint(orgOn, lang.L("Settings › API keys at admin.atlassian.com, without scopes")))
	t.showConnect()
	connectButton(t.orgConnect, orgOn)
	busy := t.w.job != nil
	able(t.idpConnect, !busy)
	able(t.orgConnect, !busy)
	able(t.idpTest, !busy)
	able(t.orgTest, !busy)
	able(t.idpLeave, idpOn && !busy)
	able(t.orgLeave, orgOn && !busy)
	able(t.fetch, ready && !busy)
	t.experience.SetSelected(experienceTitles()[experienceOf(settings)])
	t.sites.show(settings, busy)
	t.provisioning.show(settings, busy)
	t.showSnapshot(ready)
}

// experienceTitles say what an experience means for the person who chooses.
func experienceTitles() map[string]string {
	return map[string]string{
		directory.Centralized: lang.L("Centralized: in the organization's directory"),
		directory.Original:    lang.L("Original: on each site"),
	}
}

func experienceOf(settings app.Settings) string {
	if settings.Experience == directory.Original {
		return directory.Original
	}
	return directory.Centralized
}

// chooseExperience keeps what the person says: no public call tells.
func (t *identityTab) chooseExperience(title string) {
	for experience, known := range experienceTitles() {
		if known != title || experience == experienceOf(t.w.settings) {
			continue
		}
		var err error
		t.w.background(func() { err = t.w.app.SetExperience(experience) }, func() {
			if err != nil {
				t.w.fail(err)
				return
			}
			t.w.load(nil)
		})
	}
}

func secretHint(kept bool, where string) string {
	if kept {
		return lang.L("kept in the keyring; enter another to replace it")
	}
	return where
}

func connected(label *widget.Label, on bool) {
	label.Importance = widget.LowImportance
	label.SetText(lang.L("○ Not connected"))
	if on {
		label.Importance = widget.SuccessImportance
		label.SetText(lang.L("● Connected"))
	}
}

// connectButton stands out only where there is nothing connected yet.
func connectButton(button *widgets.Button, on bool) {
	button.Importance = widget.HighImportance
	text := lang.L("Connect")
	if on {
		button.Importance = widget.MediumImportance
		text = lang.L("Save changes")
	}
	button.SetText(text)
}

// showConnect says on the button what connecting does: a person signs in, or
// what was entered is saved.
func (t *identityTab) showConnect() {
	if t.idpConnect == nil {
		return // not built yet
	}
	connectButton(t.idpConnect, t.w.settings.IdP.Provider != "")
	if t.form.signIn().Interactive {
		t.idpConnect.SetText(lang.L("Sign in …"))
	}
	t.idpButtons.Refresh() // what it says has another width
}

func able(button fyne.Disableable, on bool) {
	if on {
		button.Enable()
	} else {
		button.Disable()
	}
}

func (t *identityTab) showSnapshot(ready bool) {
	r := t.w.review
	t.directory.show(r != nil && r.Provisions(), t.w.people())
	if r == nil {
		t.taken.SetText(lang.L("Nothing has been fetched yet. Connect both sides, then fetch."))
		if ready {
			t.taken.SetText(lang.L("Both sides are connected: fetch to see the conflicts. Fetching only reads."))
		}
		return
	}
	how := r.Snapshot.How
	t.taken.SetText(display.Text(lang.L("Taken %s.\n%s: %s. %s\nAtlassian: %s. %s",
		moment(r.Snapshot.TakenAt),
		app.ProviderTitle(r.Snapshot.IdP.Provider), lang.Requests(how.IdP.Requests), how.IdP.Way, lang.Requests(how.Atlassian.Requests), how.Atlassian.Way)))
	counts := t.w.groups.model.facts.counts
	t.synced.Set(fmt.Sprintf("%s / %s", grouped(counts.State[review.Synced]), grouped(counts.IdPGroups)))
	t.unsynced.Set(grouped(counts.CouldNotSync()))
	t.fresh.Set(grouped(counts.State[review.New]))
	t.showPeople(r)
}

func (t *identityTab) showPeople(r *review.Review) {
	t.people.Set(grouped(len(r.Snapshot.IdP.People)))
	summary := t.w.people()
	t.invite.Set(grouped(summary.invite))
	t.unmatched.Set(grouped(summary.unmatched))
	t.off.Set(grouped(summary.disabled))
}

func (t *identityTab) orgSettings() app.AtlassianSettings {
	// The address stands for Atlassian's own; only the command line sets it.
	return app.AtlassianSettings{URL: t.w.settings.Atlassian.URL, Org: t.org.Text, Owner: t.owner.Text}
}

// attempt runs a check or a connection in the background and says how it went.
func (t *identityTab) attempt(answer *widget.Label, work func(context.Context) (string, error), then func()) {
	answer.Importance = widget.MediumImportance
	answer.SetText(lang.L("Asking …"))
	var text string
	var err error
	t.w.background(func() { text, err = work(t.w.ctx) }, func() {
		if err != nil {
			p := problem.Of(err)
			answer.Importance = widget.DangerImportance
			answer.SetText(display.Text("✗ " + p.Message + "\n" + p.Action))
			return
		}
		answer.Importance = widget.SuccessImportance
		answer.SetText(display.Text(fmt.Sprintf("✓ %s", text)))
		if then != nil {
			then()
		}
	})
}

func (t *identityTab) testIdP() {
	settings, secret := t.form.settings, t.form.secret.Text
	if t.form.signIn().Interactive {
		secret = "" // what the sign-in left is in the keyring
	}
	t.attempt(t.idpAnswer, func(ctx context.Context) (string, error) {
		return lang.L("Reached %s. May read groups and people.", settings.Place()), t.w.app.CheckIdP(ctx, settings, secret)
	}, nil)
}

// connectIdP connects; where a file is the provider, its content is shown first.
func (t *identityTab) connectIdP() {
	settings := t.form.settings
	if settings.Provider != "file" {
		t.saveIdP()
		return
	}
	var content file.Content
	t.attempt(t.idpAnswer, func(context.Context) (_ string, err error) {
		content, err = app.PreviewFile(settings.Path)
		return lang.L("Read."), err
	}, func() {
		t.idpAnswer.SetText("")
		t.w.confirmImport(content, t.saveIdP)
	})
}

func (t *identityTab) saveIdP() {
	settings, secret, interactive := t.form.settings, t.form.secret.Text, t.form.signIn().Interactive
	t.attempt(t.idpAnswer, func(ctx context.Context) (_ string, err error) {
		if interactive {
			if secret, err = t.w.signIn(ctx, settings, secret); err != nil {
				return "", err
			}
		}
		kept, err := t.w.app.ConnectIdP(ctx, settings, secret)
		return lang.L("Connected.%s", keptText(kept)), err
	}, func() {
		t.form.secret.SetText("")
		t.w.load(nil)
	})
}

func (t *identityTab) testOrg() {
	settings, secret := t.orgSettings(), t.key.Text
	t.attempt(t.orgAnswer, func(ctx context.Context) (string, error) {
		org, err := t.w.app.CheckAtlassian(ctx, settings, secret)
		return lang.L("Reached the organization %s. May read it; whether it may write is unknown until the first write.", org.Name), err
	}, nil)
}

func (t *identityTab) connectOrg() {
	settings, secret := t.orgSettings(), t.key.Text
	t.attempt(t.orgAnswer, func(ctx context.Context) (string, error) {
		kept, err := t.w.app.ConnectAtlassian(ctx, settings, secret)
		text := lang.L("Connected.%s", keptText(kept))
		if settings.Owner == "" {
			text += lang.L(" Without the owner's address nothing will be written.")
		}
		return text, err
	}, func() {
		t.key.SetText("")
		t.w.load(nil)
	})
}

func keptText(kept bool) string {
	if kept {
		return ""
	}
	return lang.L(" There is no keyring: the key stays in the environment variable.")
}

func (t *identityTab) leave(disconnect func(context.Context) error) {
	var err error
	t.w.background(func() { err = disconnect(t.w.ctx) }, func() {
		if err != nil {
			t.w.fail(err)
			return
		}
		t.idpAnswer.SetText("")
		t.orgAnswer.SetText("")
		t.provisioning.answer.SetText("")
		t.w.load(nil)
	})
}
