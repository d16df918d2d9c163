package contrib

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"busbar/fixtures/buildqueue"
	"busbar/fixtures/cluster"
)

// buildService is a private PostgreSQL with a build queue for two architectures.
func buildService(t *testing.T) *cluster.Postgres {
	t.Helper()
	p, err := cluster.StartPostgres(t.Context(), filepath.Join(t.TempDir(), "pg"), cluster.PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	runSQL(t, p, "postgres", buildqueue.Schema+`
		INSERT INTO distributions (distribution) VALUES ('sid');
		SELECT add_architecture('amd64');
		SELECT add_architecture('arm64');`)
	return p
}

func runSQL(t *testing.T, p *cluster.Postgres, role, statements string) string {
	t.Helper()
	out, err := p.SQL(t.Context(), role, "postgres", statements)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// TestRoleMayReadItsLevel makes the role at each level, from the most to the
// least and back, and tries what it may do.
func TestRoleMayReadItsLevel(t *testing.T) {
	p := buildService(t)
	script := read(t, "sql/wanna-build-role.sql")
	if script != read(t, "../dbpoll/role.sql") { // a link would not outlive every way to copy this tree
		t.Error("contrib/sql/wanna-build-role.sql is not what dbpoll setup runs: cp dbpoll/role.sql contrib/sql/wanna-build-role.sql")
	}
	tables := []string{"amd64_public.packages", "arm64_public.pkg_history", "amd64_public.transactions", "public.packages", "public.transactions", "public.pkg_history"}
	for _, c := range []struct {
		level string
		may   int // so many of the tables
	}{{"base", 6}, {"log", 3}, {"views", 2}, {"log", 3}, {"", 2}} {
		set := ""
		if c.level != "" {
			set = "\\set level " + c.level + "\n"
		}
		runSQL(t, p, "postgres", set+script)
		for i, table := range tables {
			_, err := p.SQL(t.Context(), "busbar", "postgres", "SELECT count(*) FROM "+table)
			if may := i < c.may; may != (err == nil) {
				t.Errorf("level %q: reading %s: %v", c.level, table, err)
			}
		}
	}
	runSQL(t, p, "postgres", "\\set level base\n"+script)
	for _, forbidden := range []string{
		"INSERT INTO transactions VALUES ('amd64')", "DELETE FROM packages", "SET default_transaction_read_only = off; DELETE FROM packages",
		"CREATE TABLE public.mine ()", "SET default_transaction_read_only = off; CREATE TABLE public.mine ()",
	} {
		if out, err := p.SQL(t.Context(), "busbar", "postgres", forbidden); err == nil {
			t.Errorf("the role may %s: %s", forbidden, out)
		}
	}
	if out, err := p.SQL(t.Context(), "postgres", "postgres", "\\set level all\n"+script); err == nil || !strings.Contains(err.Error(), "must be views, log or base") {
		t.Errorf("a level that does not exist: %s, %v", out, err)
	}
	runSQL(t, p, "postgres", "DROP OWNED BY busbar; DROP ROLE busbar;")
}

// TestNotifyWakesAndGoes listens as the read-only role while another writes.
func TestNotifyWakesAndGoes(t *testing.T) {
	p := buildService(t)
	runSQL(t, p, "postgres", read(t, "sql/wanna-build-role.sql"))
	before := runSQL(t, p, "postgres", "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal")
	runSQL(t, p, "postgres", read(t, "sql/wanna-build-notify.sql")+read(t, "sql/wanna-build-notify.sql")) // twice is as good

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.URL("busbar", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(ctx, "LISTEN busbar"); err != nil {
		t.Fatal(err)
	}
	row := "('amd64', 'busbar-tea', 'sid', '1.0-1'"
	for _, write := range []string{
		"INSERT INTO packages (architecture, package, distribution, version) VALUES " + row + ")",
		"BEGIN; UPDATE packages SET buildpri = 1; INSERT INTO transactions VALUES " + row + ", '--take', '', 'Building', 'me', 'me', now()); COMMIT",
		"INSERT INTO pkg_history VALUES " + row + ", now(), 'successful', 1, 1, 'kettle')",
		"DELETE FROM packages",
	} {
		runSQL(t, p, "wbadm", write)
		if _, err := conn.WaitForNotification(ctx); err != nil {
			t.Fatalf("%s: nobody is woken up: %v", write, err)
		}
	}
	for range 2 {
		runSQL(t, p, "postgres", read(t, "sql/wanna-build-notify-undo.sql"))
	}
	if after := runSQL(t, p, "postgres", "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"); after != before {
		t.Errorf("%s triggers before, %s after the undo", before, after)
	}
	if left := runSQL(t, p, "postgres", "SELECT count(*) FROM pg_namespace WHERE nspname = 'busbar'"); left != "0" {
		t.Error("the schema busbar is left")
	}
}
