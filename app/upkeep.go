package app

import (
	"io"
	"time"
)

// Upkeep looks after the data on disk, also where it can't be opened.
type Upkeep interface {
	// Check says in what state the data in a folder is.
	Check(folder string) (DataState, error)
	// Export writes out what can be read as JSON lines; unread counts the places
	// that couldn't be.
	Export(folder string, out io.Writer) (records, unread int, err error)
	// Restore puts the last good copy, or an empty database, in place of damaged
	// data, and says where that was moved.
	Restore(folder string, anew bool) (aside string, err error)
}

// DataState is the state of the data in a folder.
type DataState struct {
	Path string `json:"path"`
	// Layout is the version of the database's layout.
	Layout string `json:"layout"`
	// Records are those of the history, each as it was written.
	Records int `json:"records"`
	// Snapshot says that one is kept.
	Snapshot bool `json:"snapshot"`
	// Copied is when the last good copy was made; zero where there is none.
	Copied time.Time `json:"copied"`
}

// Restoration is what the history keeps of data that was restored.
type Restoration struct {
	By string
	// Anew says that it began empty; Aside is the name of the damaged file.
	Anew  bool
	Aside string
}
