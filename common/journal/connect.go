package journal

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// readers is how many queries of one Reader run at once.
const readers = 4

func connectWriter(path string) (*sql.DB, error) {
	return connect(path, 1, url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "synchronous(FULL)", "trusted_schema(OFF)", "cell_size_check(ON)",
		// A log that grew under a long read shrinks again.
		"journal_size_limit(67108864)",
	}})
}

// connectReader never creates or changes a journal. (SQLite may make the -shm
// and an empty -wal beside it, which reading a WAL file needs.)
func connectReader(path string) (*sql.DB, error) {
	return connect(path, readers, url.Values{"mode": {"ro"}, "_pragma": {
		"busy_timeout(10000)", "query_only(ON)", "trusted_schema(OFF)", "cell_size_check(ON)",
	}})
}

func connect(path string, conns int, query url.Values) (*sql.DB, error) {
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
