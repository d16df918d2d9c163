package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"busbar/common/program"
	"busbar/dbpoll/database"
	"busbar/fixtures/cluster"
)

func TestCheckClock(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		clock string
		level string
		says  string
	}{
		{strconv.FormatInt(now.Unix(), 10), "ok", "agrees"},
		{strconv.FormatFloat(float64(now.Add(-time.Hour).UnixMilli())/1000, 'f', 3, 64), "warn", "1h0m0s away"},
		{strconv.FormatInt(now.Add(90*time.Second).Unix(), 10), "warn", "away"},
		{"noon", "warn", "is no time"},
	} {
		if f := checkClock(c.clock, now, now.Add(time.Second)); f.Level != c.level || !strings.Contains(f.Detail, c.says) {
			t.Errorf("%s: %+v, want %s and %q", c.clock, f, c.level, c.says)
		}
	}
}

func TestCheckEncoding(t *testing.T) {
	for name, level := range map[string]string{"UTF8": "ok", "utf8mb4": "ok", "LATIN1": "ok", "SQL_ASCII": "warn"} {
		if f := checkEncoding(name); f.Level != level || !strings.Contains(f.Detail, name) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// found runs checkServer and gives the finding of a name.
func found(t *testing.T, url, what string, change func(*Config)) program.Finding {
	t.Helper()
	db, err := database.Open(t.Context(), database.Options{URL: url, Application: "busbar test"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	cfg := DefaultConfig()
	change(cfg)
	list := checkServer(t.Context(), db, cfg)
	for _, f := range list {
		if f.What == what {
			return f
		}
	}
	t.Errorf("nothing is said of %s: %+v", what, list)
	return program.Finding{}
}

// TestCheckMariaDB asks a real one, as an account that may write and as one that
// may not.
func TestCheckMariaDB(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	m, err := cluster.StartMariaDB(ctx, filepath.Join(t.TempDir(), "maria"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Stop(); err != nil {
			t.Error(err)
		}
	})
	if _, err := m.SQL(ctx, "", "CREATE DATABASE shop CHARACTER SET utf8mb4; CREATE TABLE shop.popcon (package varchar(40) PRIMARY KEY);"+
		"CREATE USER reader@'127.0.0.1'; GRANT SELECT ON shop.* TO reader@'127.0.0.1';"+
		"CREATE USER writer@'127.0.0.1'; GRANT SELECT, INSERT ON shop.* TO writer@'127.0.0.1';"); err != nil {
		t.Fatal(err)
	}
	none := func(*Config) {}
	for account, level := range map[string]string{"reader": "ok", "writer": "warn"} {
		if f := found(t, m.URL(account, "shop"), "account", none); f.Level != level || !strings.Contains(f.Detail, account+"@") {
			t.Errorf("%s: %+v, want %s", account, f, level)
		}
	}
	if f := found(t, m.URL("reader", "shop"), "encoding", none); f.Level != "ok" || f.Detail != "utf8mb4" {
		t.Errorf("%+v", f)
	}
	if f := found(t, m.URL("reader", "shop"), "clock", none); f.Level != "ok" {
		t.Errorf("%+v", f)
	}
}

// TestCheckPostgres asks a server in another zone, whose clock agrees all the
// same, and one that is read-only for everybody.
func TestCheckPostgres(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pg")
	p, err := cluster.StartPostgres(t.Context(), dir, cluster.PostgresOptions{Settings: []string{"timezone = 'Europe/Berlin'"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	if _, err := p.SQL(t.Context(), "postgres", "postgres", "CREATE ROLE reader LOGIN; CREATE DATABASE old TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C';"); err != nil {
		t.Fatal(err)
	}
	none := func(*Config) {}
	if f := found(t, p.URL("postgres", "postgres"), "clock", none); f.Level != "ok" {
		t.Errorf("a zone is no difference between clocks: %+v", f)
	}
	if f := found(t, p.URL("reader", "old"), "encoding", none); f.Level != "warn" || !strings.Contains(f.Detail, "SQL_ASCII") {
		t.Errorf("%+v", f)
	}
	if f := found(t, p.URL("reader", "old"), "account", none); f.Level != "ok" {
		t.Errorf("%+v", f)
	}
	t.Run("standby", func(t *testing.T) { standby(t, p, dir) })
}

// standby makes p a standby that nobody feeds: it is as one whose primary is
// away.
func standby(t *testing.T, p *cluster.Postgres, dir string) {
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "standby.signal"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := found(t, p.URL("reader", "old"), "server", func(*Config) {}); f.Level != "ok" || !strings.Contains(f.Detail, "standby") {
		t.Errorf("%+v", f)
	}
	if f := found(t, p.URL("reader", "old"), "server", func(c *Config) { c.DB.Listen = "busbar" }); f.Level != "warn" || !strings.Contains(f.Detail, "listen") {
		t.Errorf("%+v", f)
	}
}
