package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/contrib/trials/trial"
)

// TestTorture plays every act, small.
func TestTorture(t *testing.T) {
	var out strings.Builder
	err := torture(context.Background(), options{writers: 4, changes: 90, kills: 4, restarts: 2, life: time.Second, Options: trial.Options{Seed: 7}}, &out)
	t.Logf("\n%s", out.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"machine: ", "undisturbed: ", "killed 4 times", "restarted 2 times", "replaced database was told 1 time", "views alone: ", "skipped 0, doubled 0"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the figures lack %q", want)
		}
	}
}

// TestLedger plants faults behind the program's back: the ledger finds each.
func TestLedger(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	if err := trial.Build(ctx, dir, "dbpoll"); err != nil {
		t.Fatal(err)
	}
	at, err := trial.NewSite(filepath.Join(dir, "site"), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer at.End()
	s, err := install(ctx, at, "wbadm")
	if err != nil {
		t.Fatal(err)
	}
	act := func(pkg, action, state string) string {
		return "SELECT act('amd64', 'sid', '" + pkg + "', '1-1', '" + action + "', '" + state + "', 'x');"
	}
	sql := func(text string) {
		t.Helper()
		if err := s.sql(ctx, database, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.poll(ctx); err != nil {
		t.Fatal(err)
	}
	sql(act("a", "--take", "Building") + act("a", "--give-back", "Needs-Build") + act("b", "--take", "Building") + act("b", "--merge-v3: deleted", "deleted"))
	if err := s.settle(ctx); err != nil {
		t.Fatal(err)
	}
	all := promise{complete: true, exact: true}
	check := func(what, fault string) {
		t.Helper()
		l, err := s.audit(ctx)
		if err != nil {
			t.Fatal(err)
		}
		err = l.verdict(all)
		if fault == "" && err != nil || fault != "" && (err == nil || !strings.Contains(err.Error(), fault)) {
			t.Errorf("%s: the verdict is %v, want %q; %s", what, err, fault, l)
		}
	}
	check("all is told", "")
	all.restored = true
	check("a restore that nobody told", "told 0 times")
	all.restored = false
	for _, f := range []struct{ what, plant, undo, fault string }{
		{"a row that nobody told", "INSERT INTO transactions SELECT architecture, 'c', distribution, version, action, prevstate, state, real_user, set_user, time FROM transactions WHERE state = 'Building' AND package = 'a'", "DELETE FROM transactions WHERE package = 'c'", "skipped 1"},
		{"an event that no row is", "CREATE TABLE kept AS TABLE transactions; DELETE FROM transactions WHERE package = 'a' AND state = 'Building'", "TRUNCATE transactions; INSERT INTO transactions TABLE kept; DROP TABLE kept", "doubled 1"},
		{"a deletion that nobody told", "INSERT INTO transactions SELECT architecture, 'c', distribution, version, action, prevstate, 'deleted', real_user, set_user, time FROM transactions WHERE state = 'Building' AND package = 'a'", "DELETE FROM transactions WHERE package = 'c'", "of 2 deletions 1 are told"},
		{"a give-back that was none", "UPDATE transactions SET action = '--take' WHERE action = '--give-back'", "UPDATE transactions SET action = '--give-back' WHERE package = 'a' AND state = 'Needs-Build'", "1 give-backs were told"},
		{"another state at the end", "UPDATE packages SET state = 'Built' WHERE package = 'a'", "UPDATE packages SET state = 'Needs-Build' WHERE package = 'a'", "wrong at the end 1"},
	} {
		sql(f.plant)
		check(f.what, f.fault)
		sql(f.undo)
		check(f.what+", undone", "")
	}
}
