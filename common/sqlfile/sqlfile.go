// Package sqlfile opens SQLite files and makes new ones, for the packages that keep
// something in one: the journal, the archive, a subscriber's positions.
//
// Not here: tables, locks between processes, and what errors mean.
package sqlfile

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Open opens the file at path for at most conns queries at once. The query has
// SQLite's URI parameters (mode, sqlite.org/uri.html) and the driver's (_pragma,
// _txlock).
func Open(path string, conns int, query url.Values) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", path, err)
	}
	uri := url.URL{Scheme: "file", Path: abs, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Create makes a file, in the place of what a crash left there, and brings it to
// disk: fill makes what is in it.
func Create(path string, open func(string) (*sql.DB, error), fill func(*sql.DB) error) (err error) {
	if err := Discard(path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	db, err := open(path)
	if err != nil {
		return err
	}
	if err := fill(db); err != nil {
		return errors.Join(err, db.Close())
	}
	if err := db.Close(); err != nil {
		return err
	}
	return f.Sync()
}

// Discard removes a file, and what SQLite keeps beside it.
func Discard(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
