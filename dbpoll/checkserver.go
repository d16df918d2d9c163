package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"busbar/common/dbrow"
	"busbar/common/program"
	"busbar/dbpoll/database"
)

// What is asked of each kind of server, in one row: its clock in seconds since
// 1970, whether it is a standby, the encoding of the database, and whether the
// account may write.
var serverQueries = map[string]string{
	database.PostgreSQL: `SELECT extract(epoch FROM clock_timestamp())::text AS clock, pg_is_in_recovery()::text AS standby,
		current_setting('server_encoding') AS encoding, current_user::text AS account,
		(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)::text AS superuser,
		(SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p', 'v') AND n.nspname !~ '^(pg_|information_schema)' AND has_schema_privilege(n.oid, 'USAGE')
			AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))::text AS writable`,
	database.MariaDB: `SELECT cast(unix_timestamp(now(6)) AS char) AS clock, if(@@read_only, 'true', 'false') AS standby,
		@@character_set_database AS encoding, current_user() AS account, 'false' AS superuser,
		cast((SELECT count(*) FROM information_schema.schema_privileges WHERE privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'DROP'))
			+ (SELECT count(*) FROM information_schema.user_privileges WHERE privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'DROP'))
			+ (SELECT count(*) FROM information_schema.table_privileges WHERE privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'DROP')) AS char) AS writable`,
}

// maxDrift is how far the server's clock may be from ours before it is reported:
// nothing is decided by it, but times of events look wrong.
const maxDrift = 5 * time.Second

// checkServer asks the server about itself.
func checkServer(ctx context.Context, db *database.DB, cfg *Config) []program.Finding {
	query, ok := serverQueries[db.Dialect()]
	if !ok {
		return []program.Finding{{What: "server", Level: "ok", Detail: "a file, opened read-only"}}
	}
	var row dbrow.Columns
	began := time.Now()
	err := within(ctx, db, func(s *database.Snapshot) error {
		return s.Query(ctx, query, nil, func(c dbrow.Columns) error {
			row = c
			return nil
		})
	})
	if err != nil {
		return []program.Finding{away("server", err)}
	}
	get := func(name string) string {
		if v := row[name]; v != nil {
			return *v
		}
		return ""
	}
	findings := []program.Finding{checkClock(get("clock"), began, time.Now()), checkEncoding(get("encoding"))}
	if get("standby") == "true" {
		detail := "a standby or read-only server: polling works there, and spares the primary; news come as late as it is behind"
		level := "ok"
		if cfg.DB.Listen != "" {
			level, detail = "warn", detail+"; it cannot be listened to, so [db] listen does nothing"
		}
		findings = append(findings, program.Finding{What: "server", Level: level, Detail: detail})
	}
	return append(findings, checkWriting(get("account"), get("superuser") == "true", get("writable")))
}

func within(ctx context.Context, db *database.DB, do func(*database.Snapshot) error) error {
	s, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	return do(s)
}

// checkClock compares the server's clock with ours, which was asked before and
// after.
func checkClock(text string, before, after time.Time) program.Finding {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return program.Finding{What: "clock", Level: "warn", Detail: fmt.Sprintf("the server's clock says %q, which is no time", text)}
	}
	server := time.UnixMicro(int64(seconds * 1e6))
	drift := time.Duration(0)
	switch {
	case server.Before(before):
		drift = before.Sub(server)
	case server.After(after):
		drift = server.Sub(after)
	}
	if drift > maxDrift {
		return program.Finding{What: "clock", Level: "warn", Detail: fmt.Sprintf("the server's clock is %s away from this machine's: no change is missed by that, but times of events are the server's", drift.Round(time.Second))}
	}
	return program.Finding{What: "clock", Level: "ok", Detail: "the server's agrees with this machine's"}
}

func checkEncoding(name string) program.Finding {
	switch strings.ToLower(name) {
	case "utf8", "utf8mb3", "utf8mb4":
		return program.Finding{What: "encoding", Level: "ok", Detail: name}
	case "sql_ascii":
		return program.Finding{What: "encoding", Level: "warn", Detail: "SQL_ASCII: the server checks nothing; what is not UTF-8 is read as Windows-1252"}
	}
	return program.Finding{What: "encoding", Level: "ok", Detail: name + ", which the server brings to UTF-8"}
}

// checkWriting warns of an account that may do more than it should.
func checkWriting(account string, superuser bool, writable string) program.Finding {
	switch {
	case superuser:
		return program.Finding{What: "account", Level: "warn", Detail: account + " is a superuser: reading needs none (contrib/sql makes a role that may only read)"}
	case writable != "0" && writable != "":
		return program.Finding{What: "account", Level: "warn", Detail: account + " may write (tables or grants: " + writable + "): dbpoll reads in read-only transactions, but a role that may only read is safer (contrib/sql)"}
	}
	return program.Finding{What: "account", Level: "ok", Detail: account + " may only read"}
}
