package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// A file is an SQLite database that may be replaced: a snapshot is published by
// renaming a file, or by turning a symbolic link.
type file struct {
	*plain
	path string
	is   os.FileInfo
}

// errReplaced ends a connection to a file that is no longer the one of that
// name; the next one opens what is there now.
var errReplaced = errors.New("the file was written or replaced")

func sqlitePath(o Options) string {
	return strings.TrimPrefix(strings.TrimPrefix(o.URL, "sqlite:"), "//")
}

func dialSQLite(ctx context.Context, o Options) (session, error) {
	path := sqlitePath(o)
	before, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if before.IsDir() {
		return nil, fmt.Errorf("%s is a directory", path)
	}
	uri := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"mode": {"ro"}, "_pragma": {"query_only(ON)", "busy_timeout(" + strconv.FormatInt(o.LockTimeout.Milliseconds(), 10) + ")"},
	}.Encode()}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, err
	}
	p, err := keep(ctx, db, o, SQLite, []string{"BEGIN"}, "ROLLBACK")
	if err != nil {
		return nil, err
	}
	after, err := os.Stat(path)
	if err == nil && !os.SameFile(before, after) {
		err = errReplaced
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return &file{p, path, before}, nil
}

// begin looks first whether the file of that name is still the one that is
// open. One that was written without a write-ahead log is opened again as well:
// SQLite itself goes by a counter in the file, which a copy over it may repeat.
func (f *file) begin(ctx context.Context) error {
	now, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	if !os.SameFile(now, f.is) || now.Size() != f.is.Size() || !now.ModTime().Equal(f.is.ModTime()) {
		return errReplaced
	}
	return f.plain.begin(ctx)
}
