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

type checkCmd struct {
	JSON bool `help:"Print one JSON object a line."`
}

// checkPatience bounds all that is asked of the databases.
const checkPatience = time.Minute

// Run is the doctor.
func (c checkCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return errors.Join(program.PrintFindings(p, []program.Finding{program.Found("configuration", err, "")}, c.JSON), err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkPatience)
	defer cancel()
	findings := []program.Finding{{What: "configuration", Level: "ok", Detail: fmt.Sprintf("%s.%s.… as %s", cfg.Bus.Prefix, cfg.Bus.Environment, cfg.Bus.Name)}}
	findings = append(findings, program.CheckSecrets("a database's password", cfg.withPasswords()...)...)
	findings = append(findings, program.CheckBus(ctx, p.Name, cfg.Bus, cfg.Sign)...)
	if err := cfg.something(); err != nil {
		findings = append(findings, program.Found("sources", err, ""))
	} else {
		findings = append(findings, checkSources(ctx, cfg, g, p)...)
	}
	return program.PrintFindings(p, findings, c.JSON)
}

// withPasswords are the files that a database's password is in.
func (c Config) withPasswords() []string {
	urls := []secret.URL{c.DB.URL}
	for _, t := range c.Table {
		urls = append(urls, t.URL)
	}
	var list []string
	for _, u := range urls {
		if path, ok := strings.CutPrefix(u.Reveal(), "file:"); !ok {
			list = append(list, node.FilesWith(u, c.files)...)
		} else if real, err := address(u.Reveal()); err == nil && secret.NewURL(real).HasPassword() {
			list = append(list, path)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func checkSources(ctx context.Context, cfg Config, g *program.Globals, p *program.Env) []program.Finding {
	list, err := sources(cfg, g.Logger(p))
	if err != nil {
		return []program.Finding{program.Found("sources", err, "")}
	}
	var findings []program.Finding
	asked := map[string]bool{} // servers
	for _, s := range list {
		db, err := database.Open(ctx, s.db)
		if err != nil { // nothing was asked yet: the url is wrong
			findings = append(findings, program.Found(s.name, &exit.Error{Code: exit.Config, Err: err}, ""))
			continue
		}
		if !asked[s.db.URL] {
			asked[s.db.URL] = true
			findings = append(findings, program.Finding{What: "database", Level: "ok", Detail: db.Dialect() + " at " + secret.Redact(s.db.URL)})
			findings = append(findings, checkServer(ctx, db, cfg)...)
		}
		if findings[len(findings)-1].Level != "fail" { // else it would be reported twice
			findings = append(findings, s.check(ctx, db)...)
		}
		if err := db.Close(); err != nil {
			findings = append(findings, program.Found(s.name, err, ""))
		}
	}
	return findings
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
func checkQueue(ctx context.Context, db *database.DB, cfg Config) []program.Finding {
	a, err := queue.Look(ctx, db, cfg.DB.Architectures)
	if err != nil {
		return []program.Finding{away("access", err)}
	}
	level := "ok"
	if a.Level == queue.Views {
		level = "warn"
	}
	findings := []program.Finding{{What: "access", Level: level, Detail: fmt.Sprintf("%s, of %d architectures: %s", a.Level, len(a.Architectures), strings.Join(a.Architectures, " "))}}
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
