package screens

// Language is one that Rollcall speaks.
type Language struct {
	// Tag is its BCP 47 tag, Name what it calls itself.
	Tag, Name string
}

// Languages are all of them.
var Languages = []Language{{"en", "English"}, {"de", "Deutsch"}, {"fr", "Français"}, {"es", "Español"}, {"ja", "日本語"}}
