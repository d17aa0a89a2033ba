package screens

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/widgets"
)

// sitesForm connects the sites of an organization with original user management,
// one by one.
type sitesForm struct {
	t      *identityTab
	object *fyne.Container
	list   *fyne.Container
	// removes are the buttons of the connected sites, by their addresses.
	removes map[string]*widgets.Button

	url, email, token *widgets.Entry
	add, test         *widgets.Button
	answer            *widget.Label
}

func newSitesForm(t *identityTab) *sitesForm {
	f := &sitesForm{t: t, list: container.NewVBox(), url: t.reach.Entry("https://acme.atlassian.net"), email: t.reach.Entry(lang.L("of the site admin whose API token it is")), token: t.reach.Secret(), answer: wrapped("")}
	f.token.SetPlaceHolder(lang.L("Security › API tokens at id.atlassian.com"))
	f.add = t.reach.Button(lang.L("Add site"), f.connect)
	f.add.Importance = widget.HighImportance
	f.test = t.reach.Button(lang.L("Test connection"), f.check)
	form := container.New(layout.NewFormLayout(),
		widget.NewLabel(lang.L("Site")), f.url, widget.NewLabel(lang.L("E-mail address")), f.email, widget.NewLabel(lang.L("API token")), f.token)
	f.object = container.NewVBox(f.list, form, container.NewHBox(f.add, f.test), f.answer)
	return f
}

// show lists the connected sites.
func (f *sitesForm) show(settings app.Settings, busy bool) {
	if settings.Experience != directory.Original {
		f.object.Hide()
		return
	}
	f.object.Show()
	f.list.RemoveAll()
	f.removes = map[string]*widgets.Button{}
	for _, site := range settings.Sites {
		remove := f.t.reach.Button(lang.L("Remove"), func() { f.t.leave(func(ctx context.Context) error { return f.t.w.app.DisconnectSite(ctx, site.URL) }) })
		able(remove, !busy)
		f.removes[site.URL] = remove
		f.list.Add(container.NewBorder(nil, nil, nil, remove, widget.NewLabel(fmt.Sprintf("● %s", display.Line(site.Place())))))
	}
	able(f.add, !busy)
	able(f.test, !busy)
}

func (f *sitesForm) settings() app.SiteSettings {
	settings := app.SiteSettings{URL: f.url.Text, Email: f.email.Text}
	for _, site := range f.t.w.settings.Sites {
		if site.URL == settings.URL {
			settings.Host = site.Host // only the command line sets it
		}
	}
	return settings
}

func (f *sitesForm) check() {
	settings, secret := f.settings(), f.token.Text
	f.t.attempt(f.answer, func(ctx context.Context) (string, error) {
		return lang.L("Reached %s. May read groups and people, and administer Jira.", settings.Place()), f.t.w.app.CheckSite(ctx, settings, secret)
	}, nil)
}

func (f *sitesForm) connect() {
	settings, secret := f.settings(), f.token.Text
	f.t.attempt(f.answer, func(ctx context.Context) (string, error) {
		kept, err := f.t.w.app.ConnectSite(ctx, settings, secret)
		return lang.L("Connected %s.%s", settings.Place(), keptText(kept)), err
	}, func() {
		f.url.SetText("")
		f.token.SetText("")
		f.t.w.load(nil)
	})
}
