package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/pump/channeltest"
	"busbar/common/translate"
	"busbar/mail2bus/intake"
	"busbar/mail2bus/stored"
)

// TestImportBesideTheDaemon holds the whole way of an import beside a running daemon to what a
// channel promises: a growing mbox, the import that reads it, the socket, the channel.
func TestImportBesideTheDaemon(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.Source {
		box := filepath.Join(t.TempDir(), "box")
		if err := os.WriteFile(box, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		socket := filepath.Join(t.TempDir(), "import")
		return channeltest.Source{
			Open: func(j *journal.Journal) (pump.Channel, func()) {
				c := intake.Open(intake.Options{Socket: socket, Listen: listenIntake, Limit: 1 << 20, Log: slog.New(slog.DiscardHandler)})
				ctx, cancel := context.WithCancel(context.Background())
				var wg sync.WaitGroup
				wg.Go(func() {
					for ctx.Err() == nil {
						importOn(ctx, t, j, box, socket)
						pauseFor(ctx, 5*time.Millisecond)
					}
				})
				return c, func() {
					cancel()
					if err := c.Close(); err != nil {
						t.Error(err)
					}
					wg.Wait()
				}
			},
			Position: importSource(box),
			Add: func(n int) {
				f, err := os.OpenFile(box, os.O_APPEND|os.O_WRONLY, 0)
				if err == nil {
					_, err = fmt.Fprintf(f, "From jane@example.org Fri Jan  2 03:04:05 2026\nSubject: %d\n\nText.\n\n", n)
				}
				if err = errors.Join(err, f.Close()); err != nil {
					t.Error(err)
				}
			},
			Number: func(it translate.Item[any]) int {
				line, _, _ := strings.Cut(string(it.Raw), "\n")
				n, _ := strconv.Atoi(strings.TrimPrefix(line, "Subject: "))
				return n
			},
		}
	})
}

// importOn is what the command does; at the end of the file it waits for more.
func importOn(ctx context.Context, t *testing.T, j *journal.Journal, box, socket string) {
	conn, err := dialIntake(ctx, socket)
	if err != nil {
		return // it does not listen yet, or any more
	}
	defer conn.Close()
	var in *imports
	begin := func(position func(string) ([]byte, error)) {
		in = &imports{files: []string{box}, options: stored.Options{Limit: 1 << 20, Strict: true}, position: position, said: func(string) {}}
	}
	begin(positionIn(ctx, j.Reader()))
	err = intake.Send(ctx, conn, func() (intake.Mail, error) {
		for ctx.Err() == nil {
			m, err := in.next()
			if err == nil {
				last := m.Position
				begin(func(string) ([]byte, error) { return last, nil })
			}
			if err == nil || err != io.EOF {
				return m, err
			}
			begin(in.position)
			pauseFor(ctx, 5*time.Millisecond)
		}
		return intake.Mail{}, ctx.Err()
	}, nil, func(int64) {})
	if err != nil && ctx.Err() == nil && !errors.Is(err, intake.ErrGone) {
		t.Errorf("sending: %v", err)
	}
	if err := errors.Join(in.failed, in.Close()); err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}

func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// TestArrived: an imported mail has the time of then, by the best clock there is.
func TestArrived(t *testing.T) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	at := func(hour int) time.Time { return time.Date(2026, 1, 2, hour, 0, 0, 0, time.UTC) }
	trace := "Received: from a (b [192.0.2.1])\n\tby c with ESMTP id 1\n\tfor <d@example.org>; Fri, 2 Jan 2026 03:00:00 +0100 (CET)\nReceived: by a; Fri, 2 Jan 2026 01:00:00 +0000\n"
	date := "Date: Fri, 2 Jan 2026 01:00:00 +0000\n"
	for _, c := range []struct {
		name string
		mail stored.Mail
		want time.Time
	}{
		{"a mailbox of this machine", stored.Mail{Raw: []byte(trace + "\n"), Arrived: at(5), Kept: true}, at(5)},
		{"the newest trace", stored.Mail{Raw: []byte("Subject: x\n" + trace + date + "\n"), Arrived: at(5)}, at(2)},
		{"no trace", stored.Mail{Raw: []byte(date + "\n"), Arrived: at(5)}, at(5)},
		{"no trace, and no clock", stored.Mail{Raw: []byte(date + "\n"), Arrived: time.Unix(0, 0)}, at(1)},
		{"CR LF", stored.Mail{Raw: []byte(strings.ReplaceAll(trace+"\n", "\n", "\r\n")), Arrived: at(5)}, at(2)},
		{"a trace of the body", stored.Mail{Raw: []byte("Subject: x\n\n" + trace), Arrived: at(5)}, at(5)},
		{"a trace of the future", stored.Mail{Raw: []byte("Received: by a; Fri, 2 Jan 2099 01:00:00 +0000\n\n"), Arrived: at(5)}, at(5)},
		{"nothing", stored.Mail{Raw: []byte("x")}, now},
		{"an endless field", stored.Mail{Raw: []byte("Received: " + strings.Repeat("x\n ", 100000)), Arrived: at(5)}, at(5)},
	} {
		if got := arrived(c.mail, now); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
