package journal

import (
	"database/sql"
	"net/url"

	"busbar/common/sqlfile"
)

// readers is how many queries of one Reader run at once.
const readers = 4

func connectWriter(path string) (*sql.DB, error) {
	return sqlfile.Open(path, 1, url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "synchronous(FULL)", "trusted_schema(OFF)", "cell_size_check(ON)",
		// A log that grew under a long read shrinks again.
		"journal_size_limit(67108864)",
	}})
}

// connectReader never creates or changes a journal. (SQLite may make the -shm
// and an empty -wal beside it, which reading a WAL file needs.)
func connectReader(path string) (*sql.DB, error) {
	return sqlfile.Open(path, readers, url.Values{"mode": {"ro"}, "_pragma": {
		"busy_timeout(10000)", "query_only(ON)", "trusted_schema(OFF)", "cell_size_check(ON)",
	}})
}
