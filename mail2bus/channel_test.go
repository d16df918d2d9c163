package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/pump/channeltest"
	"busbar/common/translate"
	"busbar/mail2bus/maildir"
)

// TestChannel holds a Maildir to what a channel promises.
func TestChannel(t *testing.T) {
	for _, spool := range []bool{false, true} {
		t.Run(fmt.Sprintf("spool %v", spool), func(t *testing.T) {
			channeltest.Run(t, func(t *testing.T) channeltest.Source { return maildirSource(t, spool) })
		})
	}
}

func maildirSource(t *testing.T, spool bool) channeltest.Source {
	dir := t.TempDir()
	var box *maildir.Channel
	path := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, sub := range []string{"tmp", "new", "cur"} {
		must(os.Mkdir(path(sub), 0o700))
	}
	return channeltest.Source{
		Open: func(*journal.Journal) (pump.Channel, func()) {
			var err error
			box, err = maildir.Open(maildir.Options{Dir: dir, Spool: spool, Limit: 1 << 20, Poll: 10 * time.Millisecond, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			return mails{Channel: box, name: "maildir", limit: 1 << 20}, func() { must(box.Close()) }
		},
		Late: true,
		Add: func(n int) {
			name := fmt.Sprintf("%09d.M1P1.host", n)
			must(os.WriteFile(path("tmp", name), fmt.Appendf(nil, "Subject: %d\n\nText.\n", n), 0o600))
			must(os.Rename(path("tmp", name), path("new", name)))
		},
		Number: func(it translate.Item[any]) int {
			line, _, _ := strings.Cut(string(it.Raw), "\n")
			n, _ := strconv.Atoi(strings.TrimPrefix(line, "Subject: "))
			return n
		},
		Break: func() func() {
			must(os.Rename(path("new"), path("away")))
			return func() { must(os.Rename(path("away"), path("new"))) }
		},
		Failing: func() bool { return len(box.Conditions()) > 0 },
	}
}
