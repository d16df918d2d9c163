package contrib

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"busbar/common/sign"
)

// patience is for what must happen at some time; it is no measure of speed.
const patience = 3 * time.Minute // only a failure waits so long

// long is for many such things, one after the other, and for what is built.
const long = 15 * time.Minute

// A place is a folder with all that a daemon needs.
type place struct {
	t       *testing.T
	dir     string
	program string
	conf    map[string][]string // lines by table
	env     []string
	nobody  bool // run as a user who owns nothing but the folder
}

// made is a folder of keys, made once: that takes long.
var made = sync.OnceValues(func() (string, error) {
	folder, err := built()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(folder, "keys")
	ca, err := sign.CreateCA(dir, "Test CA", 1)
	if err == nil {
		_, _, err = ca.Issue("ours", 90)
	}
	if err == nil {
		_, _, err = ca.Issue("theirs", 90)
	}
	return dir, err
})

// newPlace makes keys and a configuration that works.
func newPlace(t *testing.T, program string) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir(), program: program}
	if err := os.Chmod(filepath.Dir(p.dir), 0o755); err != nil { // nobody must reach it, too
		t.Fatal(err)
	}
	keys, err := made()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(p.path("keys"), os.DirFS(keys)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ours", "theirs"} {
		if err := os.Chmod(p.path("keys/"+name+".key"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"journal", "mail/new", "mail/cur", "mail/tmp", "spool", "etc", "git/a.git/refs", "git/a.git/objects"} {
		if err := os.MkdirAll(p.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.write("git/a.git/HEAD", "ref: refs/heads/main\n")
	p.conf = map[string][]string{
		"bus":  {`name = "ours"`, fmt.Sprintf("journal = %q", p.path("journal/journal.db"))},
		"sign": {fmt.Sprintf("certificate = %q", p.path("keys/ours.crt")), fmt.Sprintf("key = %q", p.path("keys/ours.key"))},
	}
	switch program {
	case "mail2bus":
		p.conf["mail"] = []string{fmt.Sprintf("maildir = [%q]", p.path("mail")), `poll = "1s"`}
	case "dbpoll":
		p.conf["db"] = []string{`url = "postgres://jane@127.0.0.1:1/tea"`, `preset = "wanna-build"`, `interval = "1s"`}
	case "soapbus":
		p.conf["soap"] = []string{`url = "http://127.0.0.1:1/soap"`, `contact = "jane@example.org"`}
	case "scmhook":
		p.conf["scm"] = []string{fmt.Sprintf("spool = %q", p.path("spool")), fmt.Sprintf("repositories = [%q]", p.path("git/*.git")), `reconcile = "1s"`}
	}
	return p
}

func (p *place) path(name string) string { return filepath.Join(p.dir, name) }

func (p *place) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(p.path(name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// set adds a line to a table, or replaces the key's.
func (p *place) set(table, line string) {
	key, _, _ := strings.Cut(line, " = ")
	for i, old := range p.conf[table] {
		if strings.HasPrefix(old, key+" = ") {
			p.conf[table][i] = line
			return
		}
	}
	p.conf[table] = append(p.conf[table], line)
}

// command is the program with the configuration as it is now.
func (p *place) command(ctx context.Context, args ...string) *exec.Cmd {
	p.t.Helper()
	var text strings.Builder
	for table, lines := range p.conf {
		fmt.Fprintf(&text, "[%s]\n%s\n", table, strings.Join(lines, "\n"))
	}
	p.write("config.toml", text.String())
	cmd := exec.CommandContext(ctx, program(p.t, p.program), append([]string{"--config", p.path("config.toml")}, args...)...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "BUSBAR_ETC=" + p.path("etc"), "HOME=" + p.dir}, p.env...)
	if p.nobody {
		const nobody = 65534
		for _, path := range []string{"", "config.toml", "journal", "mail", "mail/new", "mail/cur", "mail/tmp", "spool", "keys", "keys/ours.crt", "keys/ours.key"} {
			if err := os.Chown(p.path(path), nobody, nobody); err != nil && !errors.Is(err, os.ErrNotExist) {
				p.t.Fatal(err)
			}
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}

// exit runs a command that must end by itself.
func (p *place) exit(args ...string) (int, string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := p.command(ctx, args...).CombinedOutput()
	if ctx.Err() != nil {
		p.t.Fatalf("%s %v did not end: %s", p.program, args, out)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), string(out)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return 0, string(out)
}

// A running is a daemon in the background.
type running struct {
	cmd   *exec.Cmd
	log   *os.File
	ended chan error
}

// start runs the daemon until the test ends, and waits for it to be there.
func (p *place) start(args ...string) *running {
	p.t.Helper()
	if len(args) == 0 {
		args = []string{"run"}
	}
	log, err := os.Create(p.path("log"))
	if err != nil {
		p.t.Fatal(err)
	}
	r := &running{cmd: p.command(context.Background(), args...), log: log, ended: make(chan error, 1)}
	r.cmd.Stdout, r.cmd.Stderr = log, log
	if err := r.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() { r.ended <- r.cmd.Wait() }()
	p.t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		<-r.ended
		log.Close()
	})
	p.until(func() bool { _, err := os.Stat(p.path("journal/journal.db.sock")); return err == nil }, "the daemon does not answer")
	return r
}

// until waits for a condition.
func (p *place) until(ok func() bool, what string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: %s; the log:\n%s", p.program, what, p.logged())
		}
	}
}

func (p *place) logged() string {
	b, err := os.ReadFile(p.path("log"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

var programs = []string{"mail2bus", "dbpoll", "soapbus", "scmhook"}

// TestExitCodes: what stays wrong until a person acts is 78, so that systemd
// does not start it again for ever; what passes is 75.
func TestExitCodes(t *testing.T) {
	root := os.Geteuid() == 0
	type wrong struct {
		name     string
		only     string // the program; empty: each
		asNobody bool
		spoil    func(*place)
		want     map[string]int // by command
	}
	stays := map[string]int{"run": 78, "check": 78}
	cases := []wrong{
		{name: "no certificate", spoil: func(p *place) { os.Remove(p.path("keys/ours.crt")) }, want: stays},
		{name: "no key", spoil: func(p *place) { os.Remove(p.path("keys/ours.key")) }, want: stays},
		{name: "no PEM", spoil: func(p *place) { p.write("keys/ours.crt", "no certificate") }, want: stays},
		{name: "no PEM key", spoil: func(p *place) { p.write("keys/ours.key", "no key") }, want: stays},
		{name: "an empty certificate", spoil: func(p *place) { p.write("keys/ours.crt", "") }, want: stays},
		{name: "another's key", spoil: func(p *place) { p.set("sign", fmt.Sprintf("key = %q", p.path("keys/theirs.key"))) }, want: stays},
		{name: "a folder for a key", spoil: func(p *place) { p.set("sign", fmt.Sprintf("key = %q", p.path("keys"))) }, want: stays},
		{name: "no signing keys", spoil: func(p *place) { delete(p.conf, "sign") }, want: stays},
		{name: "an unknown backend", spoil: func(p *place) { p.set("sign", `backend = "gpg"`) }, want: stays},
		{name: "no folder of the journal", spoil: func(p *place) { os.Remove(p.path("journal")) }, want: stays},
		{name: "another file for a journal", spoil: func(p *place) { p.write("journal/journal.db", strings.Repeat("no journal\n", 100)) }, want: stays},
		{name: "an empty journal", spoil: func(p *place) { p.write("journal/journal.db", "") }, want: stays},
		{name: "a file where the journal's folder is", spoil: func(p *place) { os.Remove(p.path("journal")); p.write("journal", "") }, want: stays},
		{name: "an unknown key", spoil: func(p *place) { p.set("bus", `publsh = []`) }, want: stays},
		{name: "broken TOML", spoil: func(p *place) { p.set("bus", `name = "`) }, want: stays},
		{name: "an unknown variable", spoil: func(p *place) { p.env = append(p.env, "BUSBAR_BUS_PUBLSH=x") }, want: stays},
		{name: "an unknown log level", spoil: func(p *place) { p.set("bus", `log = "loud"`) }, want: stays},
		{name: "no address for metrics", spoil: func(p *place) { p.set("bus", `metrics = "9470"`) }, want: stays},
		{name: "an endpoint that is none", spoil: func(p *place) { p.set("bus", `publish = ["9940"]`) }, want: stays},
		{name: "an unreadable key", asNobody: true, spoil: func(p *place) { os.Chmod(p.path("keys/ours.key"), 0) }, want: stays},
		{name: "a read-only folder of the journal", asNobody: true, spoil: func(p *place) { os.Chmod(p.path("journal"), 0o555) }, want: stays},

		{name: "no Maildir", only: "mail2bus", spoil: func(p *place) { p.set("mail", fmt.Sprintf("maildir = [%q]", p.path("none"))) }, want: stays},
		{name: "a file for a Maildir", only: "mail2bus", spoil: func(p *place) { p.set("mail", fmt.Sprintf("maildir = [%q]", p.path("config.toml"))) }, want: stays},
		{name: "a file for a spool", only: "mail2bus", spoil: func(p *place) { p.set("mail", fmt.Sprintf("spool = %q", p.path("config.toml"))) }, want: stays},
		{name: "a file for a spool", only: "scmhook", spoil: func(p *place) { p.set("scm", fmt.Sprintf("spool = %q", p.path("config.toml"))) }, want: stays},
		{name: "a database that is down", only: "dbpoll", spoil: func(*place) {}, want: map[string]int{"poll": 75, "check": 75}},
		{name: "a url that is none", only: "dbpoll", spoil: func(p *place) { p.set("db", `url = "oracle:tea"`) }, want: map[string]int{"check": 78}},
		{name: "a url's file that is not there", only: "dbpoll", spoil: func(p *place) { p.set("db", `url = "file:/nonexistent"`) }, want: map[string]int{"check": 78, "run": 78, "poll": 78}},
		{name: "a tracker that is down", only: "soapbus", spoil: func(*place) {}, want: map[string]int{"poll": 75, "check": 75}},
		{name: "a url that is none", only: "soapbus", spoil: func(p *place) { p.set("soap", `url = "ftp://x"`) }, want: map[string]int{"check": 78, "run": 78, "poll": 78}},
		{name: "no secrets", only: "scmhook", spoil: func(p *place) {
			p.set("webhook", `listen = "127.0.0.1:0"`)
			p.set("webhook", `secrets = "/nonexistent"`)
		}, want: map[string]int{"serve": 78}},
		{name: "a short secret", only: "scmhook", spoil: func(p *place) {
			p.write("secrets", "short\n")
			p.set("webhook", `listen = "127.0.0.1:0"`)
			p.set("webhook", fmt.Sprintf("secrets = %q", p.path("secrets")))
		}, want: map[string]int{"serve": 78}},
	}
	ran := 0
	for _, c := range cases {
		for _, name := range programs {
			if c.only != "" && c.only != name || c.asNobody && !root {
				continue
			}
			for command, want := range c.want {
				ran++
				p := newPlace(t, name)
				p.nobody = c.asNobody
				p.command(context.Background()) // writes the configuration, and gives the files away
				c.spoil(p)
				got, out := p.exit(command)
				if c.asNobody && strings.Contains(out, "config.toml: permission denied") {
					t.Fatalf("%s: nobody reaches the configuration: %s", c.name, out)
				}
				if got != want {
					t.Errorf("%s: %s %s exits with %d, want %d:\n%s", c.name, name, command, got, want, out)
				}
			}
		}
	}
	t.Logf("%d commands", ran)
}

// TestTakenForNow: a journal or a port that another process has.
func TestTakenForNow(t *testing.T) {
	for _, name := range programs {
		p := newPlace(t, name)
		p.start()
		if got, out := p.exit("run"); got != 75 || !strings.Contains(out, "another process writes this journal") {
			t.Errorf("%s run beside another exits with %d: %s", name, got, out)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := newPlace(t, "scmhook")
	p.write("secrets", "a secret of some length\n")
	p.set("webhook", fmt.Sprintf("listen = %q", l.Addr()))
	p.set("webhook", fmt.Sprintf("secrets = %q", p.path("secrets")))
	if got, out := p.exit("serve"); got != 75 {
		t.Errorf("serve on a taken port exits with %d: %s", got, out)
	}
}

// TestVariables: one that no key has is told with the nearest.
func TestVariables(t *testing.T) {
	for _, name := range programs {
		for variable, want := range map[string]string{
			"BUSBAR_BUS_PUBLSH=x":    "did you mean BUSBAR_BUS_PUBLISH?",
			"BUSBAR_SIGN_POLICY=x":   "can only be set in a file",
			"BUSBAR_NOBODYS_WORD=x":  "no key has the variable BUSBAR_NOBODYS_WORD",
			"BUSBAR_SIGN_CERTFICATE": "did you mean BUSBAR_SIGN_CERTIFICATE?",
		} {
			p := newPlace(t, name)
			if !strings.Contains(variable, "=") {
				variable += "="
			}
			p.env = []string{variable}
			if code, out := p.exit("check"); code != 78 || !strings.Contains(out, want) {
				t.Errorf("%s with %s exits with %d: %s", name, variable, code, out)
			}
		}
		p := newPlace(t, name)
		p.env = []string{"BUSBAR_SCM_SPOOL=/x", "BUSBAR_MAIL_SPOOL=/x", "BUSBAR_DB_PRESET=", "BUSBAR_SOAP_CONTACT=jane@example.org", "BUSBAR_WEBHOOK_LISTEN=", "BUSBAR=x"}
		if _, out := p.exit("check"); strings.Contains(out, "no key has") {
			t.Errorf("%s does not stand the variables of the others: %s", name, out)
		}
	}
}

// TestPriorities: journalctl -p err must find errors, where standard error is
// systemd's journal, and nowhere else may the prefixes be.
func TestPriorities(t *testing.T) {
	for _, name := range programs {
		p := newPlace(t, name)
		log, err := os.Create(p.path("log"))
		if err != nil {
			t.Fatal(err)
		}
		info, err := log.Stat()
		if err != nil {
			t.Fatal(err)
		}
		s := info.Sys().(*syscall.Stat_t)
		p.set("sign", `backend = "gpg"`)
		for _, c := range []struct {
			stream, want string
		}{{fmt.Sprintf("%d:%d", s.Dev, s.Ino), "<3>" + name + ": "}, {"1:2", name + ": "}} {
			if err := log.Truncate(0); err != nil {
				t.Fatal(err)
			}
			p.env = []string{"JOURNAL_STREAM=" + c.stream}
			cmd := p.command(context.Background(), "run")
			cmd.Stderr = log
			_ = cmd.Run()
			b, err := os.ReadFile(p.path("log"))
			if err != nil || !bytes.HasPrefix(bytes.TrimLeft(b, "\x00"), []byte(c.want)) {
				t.Errorf("%s says %q, want it to begin with %q (%v)", name, b, c.want, err)
			}
		}
		log.Close()
	}
}
