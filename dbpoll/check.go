package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/common/exit"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/secret"
	"busbar/dbpoll/database"
	"busbar/dbpoll/queue"
)

// checkPatience bounds all that is asked of a source's database.
const checkPatience = time.Minute

// withPasswords are the files that the password of a database is in.
func (c *Config) withPasswords(u secret.URL) []string {
	path, ok := strings.CutPrefix(u.Reveal(), "file:")
	if !ok {
		return node.FilesWith(u, c.Files)
	}
	if real, err := database.Address(u.Reveal()); err == nil && secret.NewURL(real).HasPassword() {
		return []string{path}
	}
	return nil
}

// secretsOf are those of what is polled.
func (c *Config) secretsOf(what polled) []string {
	files := c.withPasswords(what.url)
	if what.canary {
		files = append(files, c.withPasswords(c.Canary.URL)...)
	}
	return files
}

// check asks the database of a source. asked are the servers that were asked for another,
// and whether they answered.
func (c *Config) check(ctx context.Context, what polled, asked map[string]bool) (findings []program.Finding) {
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	o, err := c.options(what)
	if err != nil {
		return []program.Finding{program.Found("sources", err, "")}
	}
	db, err := database.Open(ctx, o)
	if err != nil { // nothing was asked yet: the url is wrong
		return []program.Finding{program.Found(what.name, &exit.Error{Code: exit.Config, Err: err}, "")}
	}
	defer func() {
		if err := db.Close(); err != nil {
			findings = append(findings, program.Found(what.name, err, ""))
		}
	}()
	if _, known := asked[o.URL]; !known {
		findings = append(findings, program.Finding{What: "database", Level: "ok", Detail: db.Dialect() + " at " + secret.Redact(o.URL)})
		findings = append(findings, checkServer(ctx, db, c)...)
		asked[o.URL] = findings[len(findings)-1].Level != "fail"
	}
	switch {
	case !asked[o.URL]: // else it would be reported twice
		return findings
	case what.table == nil:
		return append(findings, checkQueue(ctx, db, c)...)
	}
	return append(findings, checkTable(ctx, db, *what.table)...)
}

// away is a finding about a database that cannot be read: it may be down, or say
// no for good.
func away(what string, err error) program.Finding {
	if database.Refused(err) {
		return program.Found(what, &exit.Error{Code: exit.Config, Err: err}, "")
	}
	return program.Away(what, err)
}

// checkQueue says what the account may read of the build queue, and what that
// means for completeness.
func checkQueue(ctx context.Context, db *database.DB, cfg *Config) []program.Finding {
	a, err := queue.Look(ctx, db, cfg.DB.Architectures)
	if err != nil {
		return []program.Finding{away("access", err)}
	}
	level := "ok"
	if a.Level == queue.Views {
		level = "warn"
	}
	of := fmt.Sprintf("of %d architectures: %s", len(a.Architectures), strings.Join(a.Architectures, " "))
	if len(a.Architectures) == 0 {
		of = "and no package is in the queue yet"
	}
	findings := []program.Finding{{What: "access", Level: level, Detail: fmt.Sprintf("%s, %s", a.Level, of)}}
	return append(findings, program.Finding{What: "completeness", Level: level, Detail: strings.Join(a.Meaning(), " ")})
}

// checkTable compares a [[table]] with the table.
func checkTable(ctx context.Context, db *database.DB, t TableConfig) []program.Finding {
	wanted := database.Table{Name: t.Name, Key: t.Key, Watch: t.Watch}
	if t.Time != "" && len(t.Watch) > 0 {
		wanted.Watch = append(slices.Clone(t.Watch), t.Time)
	}
	swept := false
	err := within(ctx, db, func(s *database.Snapshot) (err error) {
		if wanted, err = s.Complete(ctx, wanted); err != nil {
			return err
		}
		swept, err = s.Try(ctx, wanted)
		return err
	})
	detail := fmt.Sprintf("%d columns; changes are found by comparing, so changes reverted between two polls are not detected", len(wanted.Key)+len(wanted.Watch))
	if swept {
		detail += "; rows are not found by their key in the server, so the table is read twice where some changed"
	}
	findings := []program.Finding{program.Found(tableName(t), err, detail)}
	if err != nil {
		return findings
	}
	err = within(ctx, db, func(s *database.Snapshot) error { return s.Keyed(ctx, wanted) })
	switch {
	case errors.Is(err, database.ErrNoKey), errors.Is(err, database.ErrTwice):
		findings = append(findings, program.Found(tableName(t), err, ""))
	case err != nil:
		findings = append(findings, program.Finding{What: tableName(t), Level: "warn", Detail: "whether each row has a key of its own is not known: " + err.Error()})
	}
	return findings
}
