package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver

	"busbar/common/sign"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/bugtracker"
	"busbar/fixtures/ports"
)

// A story is what happens to the four programs: the same words, times and ids
// whenever it is told, so that a later program knows all of it from a journal.
type story struct {
	dir, bin string
	tracker  *bugtracker.Tracker
	server   *httptest.Server
	mails    [][]byte // what the tracker sent, and others
	letters  int
	shop     *sql.DB
	log      *os.File
	endpoint string // of mail2bus
	metrics  string // likewise
}

// years is how long the samples' certificates last.
const years = 50

func newStory(dir, bin string) (*story, error) {
	s := &story{dir: dir, bin: bin}
	s.tracker = bugtracker.New(bugtracker.Options{
		First: 700001, Clock: func() time.Time { return time.Date(2026, 9, 1, 12, s.letters, 0, 0, time.UTC) },
		Mailed: func(mail []byte) {
			s.mails = append(s.mails, append([]byte("List-Id: <debian-bugs-dist.lists.debian.org>\n"), mail...))
		},
	})
	s.server = httptest.NewServer(s.tracker.Handler())
	for _, sub := range []string{"maildir/new", "maildir/cur", "maildir/tmp", "spool", "git"} {
		if err := os.MkdirAll(s.path(sub), 0o700); err != nil {
			return nil, err
		}
	}
	var err error
	if s.endpoint, err = ports.Address(); err != nil {
		return nil, err
	}
	s.endpoint = "tcp://" + s.endpoint
	if s.metrics, err = ports.Address(); err != nil {
		return nil, err
	}
	if s.shop, err = sql.Open("sqlite", s.path("shop.sqlite")); err != nil {
		return nil, err
	}
	s.log, err = os.Create(s.path("log"))
	return s, err
}

func (s *story) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

func (s *story) close() error {
	s.server.Close()
	return errors.Join(s.shop.Close(), s.log.Close())
}

// live makes keys and configuration, and lets all happen with the programs
// running.
func (s *story) live(ctx context.Context) error {
	ca, err := sign.CreateCA(s.path("keys"), "Busbar samples", years)
	if err != nil {
		return err
	}
	for _, name := range programs {
		if _, _, err := ca.Issue(name+".sample", years*365-1); err != nil {
			return err
		}
		signing := fmt.Sprintf("certificate = %q\nkey = %q", s.path("keys", name+".sample.crt"), s.path("keys", name+".sample.key"))
		if name == "dbpoll" { // its messages are unsigned
			signing = `backend = "none"`
		}
		if err := s.configure(name, signing); err != nil {
			return err
		}
	}
	for _, part := range []func(context.Context) error{s.rows, s.pushes, s.bugs} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return s.close()
}

// configure writes a program's configuration.
func (s *story) configure(name, signing string) error {
	own := map[string]string{
		"mail2bus": fmt.Sprintf("[mail]\nmaildir = [%q]\n", s.path("maildir")),
		"soapbus": fmt.Sprintf("[soap]\nurl = %q\nfirst = 700001\nrate = 6000\ninterval = \"1s\"\nfull = \"1s\"\ngrace = \"0s\"\nusers = [\"qa@example.org\"]\n",
			s.server.URL),
		"dbpoll": fmt.Sprintf("[db]\nurl = %q\n[[table]]\nname = \"stock\"\nkey = [\"id\"]\nwatch = [\"tea\", \"grams\"]\ntopic = \"shop.stock\"\nsentence = \"{{.tea}}: {{.grams}} g\"\n",
			"sqlite:"+s.path("shop.sqlite")),
		"scmhook": fmt.Sprintf("[scm]\nspool = %q\nrepositories = [%q]\n", s.path("spool"), s.path("git", "*.git")),
	}[name]
	publish := map[string]string{"mail2bus": fmt.Sprintf("publish = [%q]\n", s.endpoint)}[name]
	text := fmt.Sprintf("[bus]\nname = %q\njournal = %q\nheartbeat = \"1s\"\n%s[sign]\n%s\n%s", name+".sample", s.path(name+".db"), publish, signing, own)
	return os.WriteFile(s.path(name+".toml"), []byte(text), 0o600)
}

// run runs a command that ends.
func (s *story) run(ctx context.Context, name, verb string, flags ...string) error {
	return command(ctx, s.dir, filepath.Join(s.bin, name), append([]string{verb, "--config", s.path(name + ".toml")}, flags...)...)
}

// daemon starts a program that stays.
func (s *story) daemon(name string, flags ...string) (*trial.Victim, error) {
	v := &trial.Victim{Program: filepath.Join(s.bin, name), Args: append([]string{"run", "--config", s.path(name + ".toml")}, flags...), Log: s.log}
	return v, v.Start()
}

// count asks a journal, of any version, something that has a number.
func (s *story) count(name, query string) (n int, err error) {
	db, err := sql.Open("sqlite", "file:"+s.path(name+".db")+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return n, db.QueryRow(query).Scan(&n)
}

// wait waits until it is so.
func (s *story) wait(ctx context.Context, what string, so func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, trial.Patience)
	defer cancel()
	for !so() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: never; the programs said: %s", what, trial.LastWords(s.log.Name()))
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// rows are a table that dbpoll sees at first and when it has changed.
func (s *story) rows(ctx context.Context) error {
	for _, statements := range shopBooks {
		if _, err := s.shop.ExecContext(ctx, statements); err != nil {
			return err
		}
		if err := s.run(ctx, "dbpoll", "poll"); err != nil {
			return err
		}
	}
	return nil
}

var shopBooks = []string{
	"CREATE TABLE stock (id INTEGER PRIMARY KEY, tea TEXT, grams INTEGER); INSERT INTO stock VALUES (1, 'assam', 500), (2, 'sencha', 250), (3, 'mate', 100)",
	"UPDATE stock SET grams = 400 WHERE id = 1; DELETE FROM stock WHERE id = 2; INSERT INTO stock VALUES (4, 'Grüner Tee', NULL)",
	"UPDATE stock SET grams = 50 WHERE id = 4",
}

// pushes are those of a repository that scmhook saw empty, and a spool file that
// is none.
func (s *story) pushes(ctx context.Context) error {
	if err := command(ctx, s.dir, "git", "init", "--quiet", "--bare", "git/kettle.git"); err != nil {
		return err
	}
	if err := s.run(ctx, "scmhook", "reconcile"); err != nil {
		return err
	}
	if err := s.history(ctx); err != nil {
		return err
	}
	if err := os.WriteFile(s.path("spool", "1.push"), []byte("rubbish\n"), 0o600); err != nil {
		return err
	}
	return s.run(ctx, "scmhook", "reconcile")
}

// history fills the repository, with the same ids each time.
func (s *story) history(ctx context.Context) error {
	var b strings.Builder
	for i, text := range []string{"Begin", "Heat the water", "Pour „it“ in"} {
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter Nora Ortega <nora@example.org> %d +0000\ndata %d\n%s\n", 1788000000+60*i, len(text), text)
	}
	b.WriteString("reset refs/heads/next\nfrom refs/heads/main\n\ntag v1\nfrom refs/heads/main\ntagger Nora Ortega <nora@example.org> 1788000300 +0000\ndata 5\nfirst\n")
	file := s.path("history")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		return err
	}
	return command(ctx, s.dir, "sh", "-c", "git -C git/kettle.git fast-import --quiet < history")
}
