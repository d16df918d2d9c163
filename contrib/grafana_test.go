package contrib

import (
	"database/sql"
	"encoding/json"
	"io"
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

	"busbar/common/programtest"
	"busbar/fixtures/cluster"
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
	page, endpoint := metricsPage(t)
	page += mailPage(t) + forwardPage(t, endpoint) + hubPage(t, endpoint) + notifyPage(t, endpoint)
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
	for _, plain := range []string{"busbar_journal_messages", "busbar_journal_last_seq", "busbar_publisher_sent_total", "busbar_sink_cursor", "busbar_canary_sent_total", "busbar_forward_stream_last", "busbar_archive_head"} {
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

// mailPage runs mail2bus with all ways in that it measures.
func mailPage(t *testing.T) string {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	config := strings.NewReplacer("DIR", dir, "ADDRESS", address, "LMTP", freeAddress(t)).Replace(mailConfig)
	err := os.WriteFile(filepath.Join(dir, "mail2bus.toml"), []byte(config), 0o600)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "password"), []byte("secret\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	daemon := exec.Command(program(t, "mail2bus"), "run", "--config", filepath.Join(dir, "mail2bus.toml"))
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
			t.Errorf("mail2bus: %v: %s", err, log.String())
		}
	})
	page := pageWith(address, "busbar_lmtp_mails_total{", "busbar_imap_trouble{", `busbar_mail_evidence_missing_total{evidence="dkim"`)
	if page == "" {
		t.Fatalf("mail2bus never told everything: %s", log.String())
	}
	return page
}

const mailConfig = `[bus]
journal = "DIR/journal.db"
metrics = "ADDRESS"
[sign]
backend = "none"
[mail]
lmtp = "tcp://LMTP"
imap = ["imap://bus@127.0.0.1:1/INBOX"]
imap_password = "DIR/password"
[mail.require]
debbugs = ["dkim:bugs.debian.org"]
`

// forwardPage runs bus forward beside a publisher until it has something to tell of
// everything.
func forwardPage(t *testing.T, endpoint string) string {
	t.Helper()
	server, err := cluster.StartNATS(t.Context(), t.TempDir(), cluster.NATSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Kill() })
	dir, address := t.TempDir(), freeAddress(t)
	var log strings.Builder
	daemon := exec.Command(program(t, "bus"), "forward", "--no-verify", "--to", server.URL(), "--endpoint", endpoint, "--position", filepath.Join(dir, "position"), "--set", "forward.listen="+address)
	daemon.Stderr = &log
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := daemon.Wait(); err != nil {
			t.Errorf("bus forward: %v: %s", err, log.String())
		}
	})
	page := pageWith(address, "busbar_forward_forwarded_total ", "busbar_subscriber_position{")
	if page == "" {
		t.Fatalf("bus forward never told everything: %s", log.String())
	}
	// What is not as it should be has no value while all is well.
	return page + "# TYPE busbar_forward_condition gauge\n"
}

// notifyPage runs bus notify beside a publisher until it has something to tell.
func notifyPage(t *testing.T, endpoint string) string {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	daemon := exec.Command(program(t, "bus"), "notify", "run", "--no-verify", "--endpoint", endpoint, "--set", "notify.listen="+address,
		"--set", "notify.outbox="+filepath.Join(dir, "outbox.db"), "--set", "notify.rules="+dir)
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
			t.Errorf("bus notify: %v: %s", err, log.String())
		}
	})
	page := pageWith(address, "busbar_notify_events_total ", "busbar_notify_people ")
	if page == "" {
		t.Fatalf("bus notify never told how it is: %s", log.String())
	}
	// These have values once somebody is told of something, or something is wrong.
	for _, name := range []string{"notes_total", "waiting", "dead", "condition"} {
		page += "# TYPE busbar_notify_" + name + " untyped\n"
	}
	return page
}

// hubPage runs bus hub beside a publisher until it has something to tell of everything.
func hubPage(t *testing.T, endpoint string) string {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	secret := filepath.Join(dir, "sender.secret")
	if err := os.WriteFile(secret, []byte("whsec_"+strings.Repeat("c2VjcmV0", 4)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon := exec.Command(program(t, "bus"), "hub", "--no-verify", "--set", "bus.subscribe="+endpoint, "--set", "hub.listen="+address,
		"--set", "hub.archive="+filepath.Join(dir, "archive.db"), "--set", "hub.push="+secret, "--set", "hub.relay=tcp://"+freeAddress(t))
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
			t.Errorf("bus hub: %v: %s", err, log.String())
		}
	})
	page := pageWith(address, "busbar_archive_head{", "busbar_archive_log_bytes ", "busbar_hub_requests_total{", "busbar_hub_relay_peers ")
	if page == "" {
		t.Fatalf("bus hub never told everything: %s", log.String())
	}
	// These have values once somebody pushes, relays, or sends a canary.
	for _, name := range []string{"posts_total", "pushed_messages_total", "last_post_timestamp_seconds", "relayed_total", "relay_cut_total", "canary_age_seconds", "canary_seconds", "canary_overdue"} {
		page += "# TYPE busbar_hub_" + name + " untyped\n"
	}
	return page
}

// pageWith is the page of metrics once it has all of these; empty: it never does.
func pageWith(address string, wants ...string) string {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		r, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			continue
		}
		b, err := io.ReadAll(r.Body)
		r.Body.Close()
		page, all := string(b), err == nil
		for _, want := range wants {
			all = all && strings.Contains(page, want)
		}
		if all {
			return page
		}
	}
	return ""
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := programtest.FreeAddress()
	must(t, err)
	return address
}

// metricsPage runs dbpoll on a SQLite table until it has something to tell of
// everything, and says where it publishes.
func metricsPage(t *testing.T) (page, endpoint string) {
	t.Helper()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	change(t, path("shop.db"), "CREATE TABLE popcon (package text PRIMARY KEY, insts integer); INSERT INTO popcon VALUES ('tea', 1);"+
		"CREATE TABLE busbar_canary (publisher text PRIMARY KEY, token text NOT NULL)")
	address, publish := freeAddress(t), freeAddress(t)
	config := strings.NewReplacer("DIR", dir, "ADDRESS", address, "PUBLISH", publish).Replace(dashboardConfig)
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
	page = pageWith(address, "busbar_journal_events_total{", "busbar_journal_skipped_total{", "busbar_poll_access{", "busbar_publisher_sent_total{")
	if page == "" {
		t.Fatalf("dbpoll never told everything: %s", log.String())
	}
	return page, "tcp://" + publish
}

const dashboardConfig = `[bus]
journal = "DIR/journal.db"
publish = ["tcp://PUBLISH"]
heartbeat = "1s"
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
