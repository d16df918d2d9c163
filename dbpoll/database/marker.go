package database

import (
	"context"
	"strconv"
	"strings"

	"busbar/common/dbrow"
)

// A Marker says cheaply whether a table may have been written: two equal ones
// mean that it was not, up to what the server has not counted yet. ok is false
// where there is none.
//
// PostgreSQL counts writes for its statistics, which everybody may read; the
// counts lag by seconds, at worst a minute, and a crash resets them. SQLite
// counts the changes that other connections made to the file.
func (s *Snapshot) Marker(ctx context.Context, t Table) (marker string, ok bool, err error) {
	switch s.db.dialect {
	case SQLite:
		version, err := s.Value(ctx, "PRAGMA data_version")
		return strconv.FormatInt(s.db.dialed, 10) + " " + version, err == nil, err // it counts for one connection
	case PostgreSQL:
		return s.postgresMarker(ctx, t)
	}
	return "", false, nil
}

// underlying finds the tables that a view reads, by the rules that make it one.
const underlying = `WITH RECURSIVE r(oid) AS (
	SELECT $1::regclass::oid
	UNION
	SELECT d.refobjid FROM r
	JOIN pg_rewrite w ON w.ev_class = r.oid
	JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
		AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.oid
) SELECT c.oid, c.relkind, c.relfilenode, pg_stat_get_tuples_inserted(c.oid) AS ins,
	pg_stat_get_tuples_updated(c.oid) AS upd, pg_stat_get_tuples_deleted(c.oid) AS del
FROM r JOIN pg_class c USING (oid) WHERE c.relkind NOT IN ('v', 'i', 'S') ORDER BY c.oid`

func (s *Snapshot) postgresMarker(ctx context.Context, t Table) (string, bool, error) {
	state, err := s.Value(ctx, `SELECT CASE WHEN pg_is_in_recovery() OR current_setting('track_counts') <> 'on' THEN ''
		ELSE pg_postmaster_start_time()::text || ' ' || coalesce(pg_stat_get_db_stat_reset_time(oid)::text, '') END
		FROM pg_database WHERE datname = current_database()`)
	if err != nil || state == "" { // a standby counts nothing that it replays
		return "", false, err
	}
	var list []string
	ok := true
	err = s.Query(ctx, underlying, []any{quoteTable(PostgreSQL, t.Name)}, func(c dbrow.Columns) error {
		if c["relkind"] == nil || *c["relkind"] != "r" && *c["relkind"] != "m" {
			ok = false // foreign and partitioned tables count elsewhere
		}
		for _, name := range []string{"oid", "relfilenode", "ins", "upd", "del"} {
			list = append(list, *c[name])
		}
		return nil
	})
	return state + " " + strings.Join(list, " "), ok && err == nil && len(list) > 0, err
}

// Identity is what a database is known by, as far as it tells: a restored copy
// has another one, unless it was restored in place.
func (s *Snapshot) Identity(ctx context.Context) (string, error) {
	switch s.db.dialect {
	case PostgreSQL:
		return s.postgresIdentity(ctx)
	case MariaDB:
		return s.Value(ctx, "SELECT CONCAT(@@hostname, ':', @@port, '/', DATABASE())")
	}
	return strings.TrimPrefix(s.db.o.URL, "sqlite:"), nil
}

func (s *Snapshot) postgresIdentity(ctx context.Context) (string, error) {
	may, err := s.Value(ctx, "SELECT has_function_privilege('pg_control_system()', 'execute')")
	if err != nil {
		return "", err
	}
	system := "''"
	if may == "t" {
		system = "(SELECT system_identifier::text FROM pg_control_system())"
	}
	return s.Value(ctx, "SELECT "+system+" || ' ' || oid || ' ' || datname FROM pg_database WHERE datname = current_database()")
}

// Version is the server's version as a number, 150018 for PostgreSQL 15.18; 0
// elsewhere.
func (s *Snapshot) Version(ctx context.Context) (int, error) {
	if s.db.dialect != PostgreSQL {
		return 0, nil
	}
	text, err := s.Value(ctx, "SELECT current_setting('server_version_num')")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}
