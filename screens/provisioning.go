package screens

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/widgets"
)

// provisioningForm connects the provisioning directory.
type provisioningForm struct {
	t      *identityTab
	object fyne.CanvasObject

	url, key             *widgets.Entry
	state, answer        *widget.Label
	connect, test, leave *widgets.Button
}

func newProvisioningForm(t *identityTab) *provisioningForm {
	f := &provisioningForm{t: t, url: t.reach.Entry("https://api.atlassian.com/scim/directory/…"), key: t.reach.Secret(), state: widget.NewLabel(""), answer: wrapped("")}
	f.connect = t.reach.Button(lang.L("Connect"), f.save)
	f.test = t.reach.Button(lang.L("Test connection"), f.check)
	f.leave = t.reach.Button(lang.L("Disconnect"), func() { t.leave(t.w.app.DisconnectProvisioning) })
	form := container.New(layout.NewFormLayout(), widget.NewLabel(lang.L("SCIM base URL")), f.url, widget.NewLabel(lang.L("SCIM key")), f.key)
	what := wrapped(lang.L("Optional. With it people without an account are created instead of invited, changed names are updated, and who was deactivated in the identity provider is deactivated, once you confirm it."))
	what.Importance = widget.LowImportance
	f.object = titled(lang.L("Provisioning directory"), f.state, container.NewVBox(what, form, container.NewHBox(f.connect, f.test, f.leave), f.answer))
	return f
}

// show brings the form up to date.
func (f *provisioningForm) show(settings app.Settings, busy bool) {
	on := settings.Provisioning.URL != ""
	connected(f.state, on)
	connectButton(f.connect, on)
	if !on {
		f.connect.Importance = widget.MediumImportance // it is optional
		f.connect.Refresh()
	}
	f.key.SetPlaceHolder(secretHint(on, lang.L("Security › Identity providers › the directory")))
	able(f.connect, !busy)
	able(f.test, !busy)
	able(f.leave, on && !busy)
}

func (f *provisioningForm) check() {
	settings, secret := app.ProvisioningSettings{URL: f.url.Text}, f.key.Text
	f.t.attempt(f.answer, func(ctx context.Context) (string, error) {
		return lang.L("Reached the provisioning directory. May read its people; whether it takes a domain is known when somebody is created."),
			f.t.w.app.CheckProvisioning(ctx, settings, secret)
	}, nil)
}

func (f *provisioningForm) save() {
	settings, secret := app.ProvisioningSettings{URL: f.url.Text}, f.key.Text
	f.t.attempt(f.answer, func(ctx context.Context) (string, error) {
		kept, err := f.t.w.app.ConnectProvisioning(ctx, settings, secret)
		return lang.L("Connected. Fetch to see what it changes.%s", keptText(kept)), err
	}, func() {
		f.key.SetText("")
		f.t.w.load(nil)
	})
}

// directoryFigures are what provisioning would do.
type directoryFigures struct {
	create, update, deactivate *widgets.Figure
	object                     fyne.CanvasObject
}

func newDirectoryFigures() *directoryFigures {
	f := &directoryFigures{
		create: widgets.NewFigure(lang.L("to create"), widgets.InkGain), update: widgets.NewFigure(lang.L("to update"), widgets.InkInfo),
		deactivate: widgets.NewFigure(lang.L("to deactivate"), widgets.InkLoss),
	}
	f.object = container.NewGridWithColumns(4, f.create, f.update, f.deactivate)
	return f
}

// show shows the numbers where a directory was read.
func (f *directoryFigures) show(provisions bool, people peopleSummary) {
	f.object.Hide()
	if provisions {
		f.create.Set(grouped(people.create))
		f.update.Set(grouped(people.rename))
		f.deactivate.Set(grouped(people.deactivate))
		f.object.Show()
	}
}
