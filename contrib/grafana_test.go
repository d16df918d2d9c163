package contrib

import (
	"database/sql"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver
)

const dashboard = "grafana/busbar.json"

var (
	metricName = regexp.MustCompile(`busbar_[a-z_]+`)
	metricType = regexp.MustCompile(`(?m)^# TYPE (busbar_[a-z_]+) `)
)

// TestDashboardShowsRealMetrics compares the dashboard with what a real dbpoll
// says that has polled, published, skipped and dropped something.
func TestDashboardShowsRealMetrics(t *testing.T) {
	var board struct {
		Title  string
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Name, Query string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, dashboard)), &board); err != nil {
		t.Fatal(err)
	}
	if board.Title == "" || len(board.Panels) < 10 || len(board.Templating.List) != 3 {
		t.Fatalf("this is no dashboard: %q with %d panels", board.Title, len(board.Panels))
	}
	page := metricsPage(t)
	known := map[string]bool{}
	for _, m := range metricType.FindAllStringSubmatch(page, -1) {
		known[m[1]] = true
	}
	shown := map[string]bool{}
	uses := func(where, expr string) {
		names := metricName.FindAllString(expr, -1)
		if len(names) == 0 && strings.HasPrefix(where, "panel") {
			t.Errorf("%s shows no metric of ours: %q", where, expr)
		}
		for _, name := range names {
			shown[name] = true
			if !known[name] {
				t.Errorf("%s uses %s, which no program tells", where, name)
			}
		}
	}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			uses("panel "+p.Title, target.Expr)
		}
	}
	for _, v := range board.Templating.List {
		uses("variable "+v.Name, v.Query)
	}
	// Whoever adds a metric says whether people should see it.
	for _, plain := range []string{"busbar_journal_messages", "busbar_journal_last_seq", "busbar_publisher_sent_total", "busbar_sink_cursor", "busbar_canary_sent_total"} {
		shown[plain] = true
	}
	for name := range known {
		if !shown[name] {
			t.Errorf("%s is told, and the dashboard does not show it", name)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
}

// metricsPage runs dbpoll on a SQLite table until it has something to tell of
// everything.
func metricsPage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	change(t, path("shop.db"), "CREATE TABLE popcon (package text PRIMARY KEY, insts integer); INSERT INTO popcon VALUES ('tea', 1);"+
		"CREATE TABLE busbar_canary (publisher text PRIMARY KEY, token text NOT NULL)")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	config := strings.NewReplacer("DIR", dir, "ADDRESS", address).Replace(dashboardConfig)
	if err := os.WriteFile(path("dbpoll.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	dbpoll := func(args ...string) *exec.Cmd {
		return exec.Command(program(t, "dbpoll"), append([]string{"--config", path("dbpoll.toml")}, args...)...)
	}
	if out, err := dbpoll("poll").CombinedOutput(); err != nil {
		t.Fatalf("polling: %v: %s", err, out)
	}
	// A change of a table that is not configured is skipped and counted.
	if err := os.Mkdir(path("journal.db.retry"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path("journal.db.retry/1.json"), []byte(`{"table": "none", "after": {"a": "b"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon := dbpoll("run")
	var log strings.Builder
	daemon.Stderr = &log
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := daemon.Wait(); err != nil {
			t.Errorf("dbpoll: %v: %s", err, log.String())
		}
	})
	change(t, path("shop.db"), "UPDATE popcon SET insts = 2")
	var page string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		r, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			continue
		}
		b, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		page = string(b)
		if strings.Contains(page, "busbar_journal_events_total{") && strings.Contains(page, "busbar_journal_skipped_total{") &&
			strings.Contains(page, "busbar_poll_access{") && strings.Contains(page, "busbar_publisher_sent_total{") {
			return page
		}
	}
	t.Fatalf("dbpoll never told everything: %s", page)
	return ""
}

const dashboardConfig = `[bus]
journal = "DIR/journal.db"
publish = ["tcp://127.0.0.1:0"]
metrics = "ADDRESS"
[sign]
backend = "none"
[db]
url = "sqlite:DIR/shop.db"
interval = "1s"
[[table]]
name = "popcon"
key = ["package"]
topic = "udd.popcon"
[canary]
interval = "2s"
table = "busbar_canary"
url = "sqlite:DIR/shop.db"
`

func change(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
}
