package imap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/condition"
)

// lies is how many mails of a user's INBOX, or of the mailbox Read, are as they came, and
// are marked as seen.
func (d *dovecot) lies(user, folder string) (fresh, seen int) {
	for _, sub := range []string{"new", "cur"} {
		found, err := os.ReadDir(filepath.Join(d.Maildir(user), folder, sub))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			d.t.Fatal(err)
		}
		for _, f := range found {
			if _, flags, _ := strings.Cut(f.Name(), ":2,"); strings.Contains(flags, "S") {
				seen++
			} else {
				fresh++
			}
		}
	}
	return fresh, seen
}

// TestAfter: mails are marked, or moved, when they are on disk and not before; also those
// whose turn came when the program was gone, or the server.
func TestAfter(t *testing.T) {
	d := startDovecot(t)
	for _, after := range []After{{}, {Mark: true}, {Move: "Read"}} {
		t.Run(after.String(), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			user := strings.ToLower(strings.ReplaceAll(after.String(), ":", "-")) // Dovecot knows no other letters
			position := []byte(nil)
			open := func() *Channel {
				c, err := Open(Options{Mailbox: d.mailbox(t, "imaps", user), Password: secret, CA: d.CA, Limit: 1 << 20, Position: position, After: after, Log: slog.New(slog.DiscardHandler)})
				if err != nil {
					t.Fatal(err)
				}
				return c
			}
			await := func(c *Channel, left, read int) {
				t.Helper()
				for {
					fresh, seen := d.lies(user, "")
					if moved, more := d.lies(user, ".Read"); after.Move != "" {
						seen += moved + more
					}
					if fresh == left && seen == read {
						return
					}
					if ctx.Err() != nil {
						t.Fatalf("%d are as they came, %d are done; want %d, %d (%v)\n%s", fresh, seen, left, read, c.Conditions(), d.Log())
					}
					time.Sleep(20 * time.Millisecond) // between two looks at the condition
				}
			}
			all := func(stored int) (left, read int) {
				if after == (After{}) {
					return stored, 0
				}
				return 0, stored
			}
			for n := 1; n <= 5; n++ {
				d.deliver(user, n)
			}
			c := open()
			var dones []func(error)
			for n := 1; n <= 5; n++ {
				it, at, done, err := c.Next(ctx)
				if err != nil || number(it) != n {
					t.Fatalf("mail %d came, %v (%v); want %d\n%s", number(it), err, c.Conditions(), n, d.Log())
				}
				if dones = append(dones, done); n == 3 {
					position = at
				}
			}
			await(c, 5, 0) // nothing is on disk
			dones[0](nil)
			dones[1](nil)
			left, read := all(2)
			if after != (After{}) {
				left = 3
			} else {
				left = 5
			}
			await(c, left, read)
			// The program ends when mail 3 is on disk, and before it could do anything.
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			c = open()
			for n := 4; n <= 5; n++ {
				it, _, done, err := c.Next(ctx)
				if err != nil || number(it) != n {
					t.Fatalf("mail %d came, %v (%v); want %d\n%s", number(it), err, c.Conditions(), n, d.Log())
				}
				done(nil)
			}
			left, read = all(5)
			await(c, left, read)
			// The server is killed again and again.
			for n := 6; n <= 9; n++ {
				d.deliver(user, n)
				it, _, done, err := c.Next(ctx)
				if err != nil || number(it) != n {
					t.Fatalf("mail %d came, %v (%v); want %d\n%s", number(it), err, c.Conditions(), n, d.Log())
				}
				d.must(d.Kill())
				done(nil)
				d.must(d.Start(ctx))
			}
			left, read = all(9)
			await(c, left, read)
			// One that came while the connection was lost may have been marked by a server that
			// could not say so any more.
			if s := c.Stats(); s.Mails != 6 || s.Failures == 0 || s.Connections == 0 || s.Settled > 7 || s.Left || (after != After{}) != (s.Settled > 0) {
				t.Errorf("%+v", s)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestMayNotMove: a mailbox whose mails cannot be moved is read all the same.
func TestMayNotMove(t *testing.T) {
	d := startDovecot(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	d.deliver("jane", 1)
	c, err := Open(Options{Mailbox: d.mailbox(t, "imaps", "jane"), Password: secret, CA: d.CA, Limit: 1 << 20, After: After{Move: strings.Repeat("long", 300)}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for n := 1; n <= 2; n++ {
		it, _, done, err := c.Next(ctx)
		if err != nil || number(it) != n {
			t.Fatalf("mail %d came, %v (%v); want %d\n%s", number(it), err, c.Conditions(), n, d.Log())
		}
		done(nil)
		if n == 1 {
			d.deliver("jane", 2)
		}
	}
	for len(c.Conditions()) == 0 {
		if ctx.Err() != nil {
			t.Fatal("nothing is said")
		}
		time.Sleep(20 * time.Millisecond) // between two looks at the condition
	}
	if got := c.Conditions()[0]; got.Level != condition.Warn || !strings.Contains(got.Text, "lie there as before") {
		t.Error(fmt.Sprint(got))
	}
	if fresh, _ := d.lies("jane", ""); fresh != 2 {
		t.Errorf("%d mails lie there", fresh)
	}
}
