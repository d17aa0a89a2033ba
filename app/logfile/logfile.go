// Package logfile is the log on disk: what happened, for whoever looks for the
// reason of a problem. It never holds a credential; see the README for what else.
package logfile

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"gopkg.in/natefinch/lumberjack.v2"
)

// Name is the name of the file in the data folder. Older ones beside it have the
// time at which they were put aside in their names.
const Name = "rollcall.log"

const (
	megabytes = 5 // that a file grows to
	older     = 3 // files that are kept beside it
)

// File is a log that is put aside when it has grown, readable by its owner alone.
// It is made at the first line. Its methods are safe for concurrent use.
type File struct{ rotated *lumberjack.Logger }

// In gives the log of a data folder, which must be there.
func In(folder string) *File {
	return &File{&lumberjack.Logger{Filename: filepath.Join(folder, Name), MaxSize: megabytes, MaxBackups: older, LocalTime: true}}
}

// Path is where it is.
func (f *File) Path() string { return f.rotated.Filename }

// Handler writes records from a level on into the file.
func (f *File) Handler(level slog.Level) slog.Handler {
	return slog.NewTextHandler(f, &slog.HandlerOptions{Level: level})
}

// Write adds a line.
func (f *File) Write(line []byte) (int, error) { return f.rotated.Write(line) }

// Close lets go of the file; a later line opens it again.
func (f *File) Close() error { return f.rotated.Close() }

// Remove removes the file, and the older ones.
func (f *File) Remove() error {
	if err := f.Close(); err != nil {
		return fmt.Errorf("close the log: %w", err)
	}
	folder := filepath.Dir(f.Path())
	aside, err := filepath.Glob(filepath.Join(folder, "rollcall-*.log"))
	if err != nil {
		return fmt.Errorf("look for older logs: %w", err)
	}
	for _, path := range append(aside, f.Path()) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the log: %w", err)
		}
	}
	return nil
}
