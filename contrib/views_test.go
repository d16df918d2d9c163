package contrib

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"busbar/common/programtest"
)

// A watched is a running daemon with its five views: /healthz, /metrics, the line
// of systemctl status, `status` and `check`.
type watched struct {
	may string // a condition that may be there, or not

	*place
	*running
	metrics string

	mu   sync.Mutex
	line string // as systemd was told last
}

// watch starts the daemon, and hears what it tells systemd.
func (p *place) watch() *watched {
	p.t.Helper()
	address, err := programtest.FreeAddress()
	if err != nil {
		p.t.Fatal(err)
	}
	w := &watched{place: p, metrics: address}
	p.set("bus", fmt.Sprintf("metrics = %q", w.metrics))
	socket := p.path("notify")
	os.Remove(socket)
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.Chmod(socket, 0o666); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { l.Close() })
	go w.hear(l)
	// The line is told again in half the watchdog's time.
	p.env = []string{"NOTIFY_SOCKET=" + socket, "WATCHDOG_USEC=400000"}
	w.running = p.start()
	p.env = nil
	return w
}

func (w *watched) hear(l *net.UnixConn) {
	b := make([]byte, 64<<10)
	for {
		n, err := l.Read(b)
		if err != nil {
			return
		}
		if line, ok := strings.CutPrefix(string(b[:n]), "STATUS="); ok {
			w.mu.Lock()
			w.line = line
			w.mu.Unlock()
		}
	}
}

// stop ends the daemon as systemd does.
func (w *watched) stop() {
	w.t.Helper()
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Fatal(err)
	}
	err := <-w.ended
	w.ended <- err
	if err != nil {
		w.t.Fatalf("%s ended with %v:\n%s", w.program, err, w.logged())
	}
	os.Remove(w.path("journal/journal.db.sock"))
}

func (w *watched) get(path string) (int, string) {
	r, err := http.Get("http://" + w.metrics + path)
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, err.Error()
	}
	return r.StatusCode, string(b)
}

var conditionLine = regexp.MustCompile(`(?m)^busbar_condition\{condition="([^"]*)",level="(fail|warn)",.* 1$`)

// views is what each of the five names, as "level name". How full the machine's
// own disks are is left out.
func (w *watched) views() map[string][]string {
	seen := map[string][]string{"healthz": {}, "metrics": {}, "status": {}, "check": {}, "line": {}}
	add := func(view, level, name string) {
		if !strings.HasPrefix(name, "disk ") {
			seen[view] = append(seen[view], level+" "+name)
		}
	}
	_, body := w.get("/healthz")
	for line := range strings.Lines(body) {
		if text, ok := strings.CutPrefix(line, "warning: "); ok {
			name, _, _ := strings.Cut(text, ": ")
			add("healthz", "warn", name)
		} else if name, _, ok := strings.Cut(line, ": "); ok {
			add("healthz", "fail", name)
		}
	}
	_, body = w.get("/metrics")
	for _, m := range conditionLine.FindAllStringSubmatch(body, -1) {
		add("metrics", m[2], m[1])
	}
	_, out := w.exit("status", "--json")
	var status struct {
		Conditions []struct{ Name, Level, Text string }
	}
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&status); err != nil { // scmhook's goes on
		add("status", "fail", err.Error()+": "+out)
	}
	_, out = w.exit("check", "--json")
	found := map[string]bool{}
	for scan := bufio.NewScanner(strings.NewReader(out)); scan.Scan(); {
		var f struct{ What, Level string }
		if json.Unmarshal(scan.Bytes(), &f) == nil {
			found[f.Level+" "+f.What] = true
		}
	}
	w.mu.Lock()
	line := w.line
	w.mu.Unlock()
	for _, c := range status.Conditions {
		add("status", c.Level, c.Name)
		if found[c.Level+" "+c.Name] { // check has findings of its own, too
			add("check", c.Level, c.Name)
		}
		text := map[string]string{"fail": "ERROR: ", "warn": "warning: "}[c.Level] + c.Name + ": "
		if c.Name == "publisher" || c.Name == "metrics" {
			text = c.Text
		}
		if strings.Contains(line, text) {
			add("line", c.Level, c.Name)
		}
	}
	if n := strings.Count(line, "ERROR: ") + strings.Count(line, "warning: "); n == 0 && len(status.Conditions) == 0 && line == "" {
		add("line", "fail", "nothing is told")
	}
	for _, list := range seen {
		slices.Sort(list)
	}
	return seen
}

// want waits until all five name these conditions, in order, and no other, and
// the answers and exit codes go with them.
func (w *watched) want(what string, names ...string) {
	w.t.Helper()
	slices.Sort(names)
	failed := slices.ContainsFunc(names, func(s string) bool { return strings.HasPrefix(s, "fail ") })
	var seen map[string][]string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		seen = w.views()
		agree := true
		for _, list := range seen {
			rest := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == w.may })
			agree = agree && slices.Equal(rest, names)
		}
		code, _ := w.get("/healthz")
		_, body := w.get("/metrics")
		checked, _ := w.exit("check")
		healthy := regexp.MustCompile(`(?m)^busbar_healthy\{.*\} 1$`).MatchString(body)
		if agree && (code == 503) == failed && healthy == !failed && (checked != 0) == failed {
			return
		}
	}
	w.t.Fatalf("%s: %s: want %q, and the views say %q\nline %q\n%s", w.program, what, names, seen, w.line, w.logged())
}

// must is for what a person does to the files.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestFiveViews: whatever is wrong with a running daemon, all five say it, and when
// it is put right none does.
func TestFiveViews(t *testing.T) {
	p := newPlace(t, "mail2bus")
	p.nobody = os.Geteuid() == 0 // whom the files' modes mean
	p.set("mail", "limit = \"200B\"")
	w := p.watch()
	w.want("at first")

	unread := p.path("mail/new/1.mail")
	must(t, os.WriteFile(p.path("1"), []byte(mail), 0o600))
	must(t, os.Chmod(p.path("1"), 0))
	must(t, os.Rename(p.path("1"), unread))
	w.want("a mail that may not be read", "fail unreadable mail in "+p.path("mail"))
	must(t, os.Remove(unread))
	w.want("it is taken away")

	must(t, os.Rename(p.path("mail/new"), p.path("mail/old")))
	w.want("no Maildir", "fail maildir "+p.path("mail"))
	must(t, os.Rename(p.path("mail/old"), p.path("mail/new")))
	w.want("it is there again")

	must(t, os.Chmod(p.path("mail/new"), 0))
	w.want("a Maildir that may not be listed", "fail maildir "+p.path("mail"))
	must(t, os.Chmod(p.path("mail/new"), 0o755))
	w.want("it may again")

	must(t, os.Rename(p.path("keys/ours.crt"), p.path("keys/away")))
	// check reads it as a start would, and says more.
	seen := func() bool { return slices.Contains(w.views()["check"], "warn certificate file") }
	p.until(seen, "a certificate that is gone is not said")
	must(t, os.Rename(p.path("keys/away"), p.path("keys/ours.crt")))
	w.want("it is put back")

	// Poison, new and old, and both ways out.
	put := func(name, text string) {
		t.Helper()
		must(t, os.WriteFile(p.path(name), []byte(text), 0o644))
		if p.nobody {
			must(t, os.Chown(p.path(name), 65534, 65534))
		}
		must(t, os.Rename(p.path(name), p.path("mail/new/"+name)))
	}
	put("2.mail", "")
	w.want("an empty mail", "fail poison")
	w.stop()
	w = p.watch()
	w.want("old poison", "fail poison")
	if code, out := p.exit("poison", "drop", "1"); code != 0 {
		t.Fatalf("poison drop: %s", out)
	}
	w.want("it is dropped")
	put("3.mail", mail+strings.Repeat("long ", 100))
	w.want("a mail that is longer than allowed", "fail poison")
	w.stop()
	p.set("mail", "limit = \"2000B\"")
	w = p.watch()
	w.want("old poison that can be read now", "fail poison")
	if code, out := p.exit("poison", "retry"); code != 0 {
		t.Fatalf("poison retry: %s", out)
	}
	w.want("it is told")
	w.stop()

	l, err := net.Listen("tcp", freeAddress(t))
	must(t, err)
	p.set("bus", fmt.Sprintf("publish = [\"tcp://%s\"]", l.Addr()))
	w = p.watch()
	w.want("the port is taken", "fail publisher")
	must(t, l.Close())
	w.want("it is free")
}

// TestFiveViewsOfHooks is the same with scmhook.
func TestFiveViewsOfHooks(t *testing.T) {
	p := newPlace(t, "scmhook")
	p.nobody = os.Geteuid() == 0
	must(t, os.RemoveAll(p.path("git/a.git")))
	must(t, os.MkdirAll(p.path("git/a.git/hooks"), 0o755))
	for _, dir := range []string{"refs", "objects"} {
		must(t, os.MkdirAll(p.path("git/a.git/"+dir), 0o755))
	}
	p.write("git/a.git/HEAD", "ref: refs/heads/main\n")
	p.write("git/a.git/config", "[core]\nbare = true\n")
	p.set("scm", fmt.Sprintf("repositories = [%q, %q]", p.path("git/*.git"), p.path("none/*.git")))
	p.set("scm", `poll = "1s"`)
	for _, path := range []string{"git", "git/a.git", "git/a.git/hooks", "git/a.git/refs", "git/a.git/objects", "git/a.git/HEAD", "git/a.git/config"} {
		if p.nobody {
			must(t, os.Chown(p.path(path), 65534, 65534))
		}
	}
	w := p.watch()
	known := []string{"warn globs", "warn hooks"}
	w.want("no hooks, and a pattern that nothing matches", known...)

	must(t, os.Chmod(p.path("spool"), 0))
	w.want("a spool that may not be listed", append(known, "fail spool")...)
	must(t, os.Chmod(p.path("spool"), 0o755))
	w.want("it may again", known...)

	must(t, os.Chmod(p.path("git/a.git"), 0))
	w.may = "fail troubled repositories" // where it was being compared just then
	w.want("the one repository may not be read", "fail repositories")
	w.may = ""
	must(t, os.Chmod(p.path("git/a.git"), 0o755))
	w.want("it may again", known...)
	must(t, os.RemoveAll(p.path("git/a.git")))
	w.want("no repository is left", "fail repositories")
}

// TestFiveViewsOfServers: what is asked is away.
func TestFiveViewsOfServers(t *testing.T) {
	for program, name := range map[string]string{"dbpoll": "wanna-build", "soapbus": "soap"} {
		w := newPlace(t, program).watch()
		w.want("nobody answers there", "fail "+name)
	}
}
