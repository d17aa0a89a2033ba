package screens

import (
	"sync"
	"time"

	"fyne.io/fyne/v2/lang"
	"github.com/go-playground/locales"
	"github.com/go-playground/locales/cs_CZ"
	"github.com/go-playground/locales/da_DK"
	"github.com/go-playground/locales/de_AT"
	"github.com/go-playground/locales/de_CH"
	"github.com/go-playground/locales/de_DE"
	"github.com/go-playground/locales/en_AU"
	"github.com/go-playground/locales/en_CA"
	"github.com/go-playground/locales/en_GB"
	"github.com/go-playground/locales/en_IE"
	"github.com/go-playground/locales/en_IN"
	"github.com/go-playground/locales/en_NZ"
	"github.com/go-playground/locales/en_US"
	"github.com/go-playground/locales/es_ES"
	"github.com/go-playground/locales/es_MX"
	"github.com/go-playground/locales/fi_FI"
	"github.com/go-playground/locales/fr_CA"
	"github.com/go-playground/locales/fr_CH"
	"github.com/go-playground/locales/fr_FR"
	"github.com/go-playground/locales/it_IT"
	"github.com/go-playground/locales/ja_JP"
	"github.com/go-playground/locales/ko_KR"
	"github.com/go-playground/locales/nb_NO"
	"github.com/go-playground/locales/nl_NL"
	"github.com/go-playground/locales/pl_PL"
	"github.com/go-playground/locales/pt_BR"
	"github.com/go-playground/locales/pt_PT"
	"github.com/go-playground/locales/sv_SE"
	"github.com/go-playground/locales/tr_TR"
	"github.com/go-playground/locales/zh_Hans_CN"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// locale is how numbers and dates are written where the person is, whatever the
// language of the texts.
type locale struct {
	numbers *message.Printer
	dates   locales.Translator
}

// here is the system's locale.
var here = sync.OnceValue(func() locale { return localeOf(lang.SystemLocale().String()) })

// known are the places whose dates can be written; the first is taken for any
// other.
var known = []func() locales.Translator{
	en_US.New, en_GB.New, en_AU.New, en_CA.New, en_IE.New, en_IN.New, en_NZ.New, de_DE.New, de_AT.New, de_CH.New, fr_FR.New, fr_CA.New, fr_CH.New,
	es_ES.New, es_MX.New, it_IT.New, nl_NL.New, pt_BR.New, pt_PT.New, pl_PL.New, cs_CZ.New, sv_SE.New, da_DK.New, nb_NO.New, fi_FI.New, tr_TR.New,
	ja_JP.New, ko_KR.New, zh_Hans_CN.New,
}

// localeOf gives the locale of a tag, such as de-AT.
func localeOf(tag string) locale {
	wanted, err := language.Parse(tag)
	if err != nil {
		wanted = language.AmericanEnglish
	}
	var tags []language.Tag
	for _, make := range known {
		tags = append(tags, language.Make(make().Locale()))
	}
	_, at, sure := language.NewMatcher(tags).Match(wanted)
	if sure == language.No {
		at = 0
	}
	return locale{message.NewPrinter(wanted), known[at]()}
}

// grouped writes a number with its thousands set apart.
func grouped(n int) string { return here().numbers.Sprintf("%d", n) }

// day writes a date, moment a date with the time of day, clock the weekday with the
// time of day, instant a date with the time to the second.
func day(t time.Time) string     { return here().day(t) }
func moment(t time.Time) string  { return here().moment(t) }
func clock(t time.Time) string   { return here().clock(t) }
func instant(t time.Time) string { return here().instant(t) }

func (l locale) day(t time.Time) string { return l.dates.FmtDateMedium(t.Local()) }

func (l locale) moment(t time.Time) string {
	return l.day(t) + " " + l.dates.FmtTimeShort(t.Local())
}

func (l locale) clock(t time.Time) string {
	return l.dates.WeekdayAbbreviated(t.Local().Weekday()) + " " + l.dates.FmtTimeShort(t.Local())
}

func (l locale) instant(t time.Time) string {
	return l.day(t) + " " + l.dates.FmtTimeMedium(t.Local())
}
