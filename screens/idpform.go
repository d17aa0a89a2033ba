package screens

import (
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/widgets"
)

// idpForm asks for what connecting to an identity provider takes: other fields
// for each provider, and for each way to sign in.
type idpForm struct {
	w        *Window
	reach    *widgets.Reach
	object   *fyne.Container
	provider *widgets.Select
	way      *widgets.Select
	more     *widgets.Check
	secret   *widgets.Entry
	fields   map[string]*widgets.Entry
	// settings hold what was entered, also in fields that aren't shown.
	settings app.IdPSettings
	kept     bool // the keyring holds a secret for them
	changed  func()
}

func newIdPForm(w *Window, reach *widgets.Reach, changed func()) *idpForm {
	f := &idpForm{w: w, reach: reach, object: container.New(layout.NewFormLayout()), secret: reach.Secret(), changed: changed}
	var titles []string
	for _, provider := range app.Providers() {
		titles = append(titles, provider.Title)
	}
	f.provider = f.reach.Select(titles, func(title string) {
		for _, provider := range app.Providers() {
			if provider.Title == title && provider.Name != f.settings.Provider {
				f.settings.Provider, f.settings.SignIn = provider.Name, provider.SignIns[0].Name
				f.build()
			}
		}
	})
	f.way = f.reach.Select(nil, func(title string) {
		for _, way := range f.kind().SignIns {
			if way.Title == title && way.Name != f.settings.SignIn {
				f.settings.SignIn = way.Name
				f.build()
			}
		}
	})
	f.more = f.reach.Check(lang.L("Show more settings"), func(bool) { f.build() })
	f.set(app.IdPSettings{Provider: app.Providers()[0].Name})
	return f
}

// set fills the form.
func (f *idpForm) set(settings app.IdPSettings) {
	f.settings = settings
	if settings.SignIn == "" {
		f.settings.SignIn = f.kind().SignIns[0].Name
	}
	f.build()
}

// kind is the provider that is chosen.
func (f *idpForm) kind() app.Provider {
	kind, err := app.FindProvider(f.settings.Provider)
	if err != nil { // settings of a newer version
		kind = app.Providers()[0]
	}
	return kind
}

// signIn is the way to sign in that is chosen.
func (f *idpForm) signIn() app.SignIn {
	way, err := f.kind().Way(f.settings.SignIn)
	if err != nil {
		way = f.kind().SignIns[0]
	}
	return way
}

// build lays out the fields of the chosen provider.
func (f *idpForm) build() {
	kind, way := f.kind(), f.signIn()
	f.provider.SetSelected(kind.Title)
	var titles []string
	for _, one := range kind.SignIns {
		titles = append(titles, one.Title)
	}
	f.way.SetOptions(titles)
	f.way.SetSelected(way.Title)
	f.fields = map[string]*widgets.Entry{}
	f.object.RemoveAll()
	f.row(lang.L("Provider"), f.provider)
	if len(kind.SignIns) > 1 {
		f.row(lang.L("Sign-in"), f.way)
	}
	few := false
	for _, field := range kind.FieldsOf(way) {
		few = few || field.More
		if field.More && !f.more.Checked && *field.Of(&f.settings) == "" {
			continue
		}
		f.field(field)
	}
	if way.Secret != "" {
		f.showKept(f.kept)
		f.row(way.Secret, f.secretRow(way))
	}
	if few {
		f.row("", f.more)
	}
	f.object.Refresh()
	if f.changed != nil {
		f.changed()
	}
}

func (f *idpForm) row(label string, object fyne.CanvasObject) {
	f.object.Add(widget.NewLabel(label))
	f.object.Add(object)
}

func (f *idpForm) field(field app.Field) {
	e := f.reach.Entry(field.Hint)
	e.SetText(*field.Of(&f.settings))
	e.OnChanged = func(text string) { *field.Of(&f.settings) = text }
	f.fields[field.Name] = e
	if !field.File {
		f.row(field.Label, e)
		return
	}
	choose := f.reach.Button(lang.L("Choose …"), func() { f.w.chooseFile(func(path string, _ []byte) { e.SetText(path) }) })
	f.row(field.Label, container.NewBorder(nil, nil, nil, choose, e))
}

func (f *idpForm) secretRow(way app.SignIn) fyne.CanvasObject {
	if !way.SecretFile {
		return f.secret
	}
	choose := f.reach.Button(lang.L("Choose …"), func() { f.w.chooseFile(func(_ string, content []byte) { f.secret.SetText(string(content)) }) })
	return container.NewBorder(nil, nil, nil, choose, f.secret)
}

// showKept says in the empty entry whether the keyring holds a secret.
func (f *idpForm) showKept(kept bool) {
	f.kept = kept
	f.secret.SetPlaceHolder(secretHint(kept, f.signIn().SecretHint))
}

// largestSecret is more than any key file.
const largestSecret = 64 << 10

// chooseFile lets a person choose a file, and gives its path and the beginning of
// its content.
func (w *Window) chooseFile(chosen func(path string, content []byte)) {
	ask := dialog.NewFileOpen(func(reader fyne.URIReadCloser, err error) {
		if err != nil || reader == nil {
			return // cancelled
		}
		var content []byte
		path := reader.URI().Path()
		w.background(func() {
			defer func() { _ = reader.Close() }() // it was only read
			content, err = io.ReadAll(io.LimitReader(reader, largestSecret))
		}, func() {
			if err != nil {
				w.fail(problem.Wrap(err, problem.Usage, lang.L("The file can't be read."), lang.L("Check that you may read it.")))
				return
			}
			chosen(path, content)
		})
	}, w.win)
	ask.SetFilter(storage.NewExtensionFileFilter(nil))
	ask.Show()
}
