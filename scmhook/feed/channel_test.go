package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/common/condition"
	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/pump/channeltest"
	"busbar/common/translate"
	"busbar/scmhook/hook"
)

// batches is the feed as a channel whose items are the batches themselves.
type batches struct{ *Channel }

func (c batches) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	b, done, err := c.Channel.Next(ctx)
	return translate.Item[any]{Origin: "feed", Value: b, Raw: b.Raw, States: b.States}, nil, done, err
}

// TestChannel holds the feed to what a channel promises: each item is a push that
// makes a branch, and its hook's file in the spool.
func TestChannel(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.Source {
		p := newPlace(t, "a.git")
		p.o.Conditions = &condition.Set{}
		var mu sync.Mutex
		branches := map[string]string{}
		p.o.Refs = func(context.Context, string, string) (map[string]string, error) {
			mu.Lock()
			defer mu.Unlock()
			return maps.Clone(branches), nil
		}
		open := func(j *journal.Journal, once bool) (pump.Channel, func()) {
			o := p.o
			o.Journal, o.Once = j.Reader(), once
			c := Open(o)
			return batches{c}, func() { c.Close() }
		}
		based := false
		return channeltest.Source{
			Open: func(j *journal.Journal) (pump.Channel, func()) {
				if !based {
					first, end := open(j, true)
					defer end()
					it, _, done, err := first.Next(t.Context())
					if err == nil {
						_, err = j.Append(t.Context(), journal.Record{Skip: "baseline", States: it.States})
					}
					if err != nil {
						t.Fatal(err)
					}
					done(nil)
					if _, _, _, err := first.Next(t.Context()); !errors.Is(err, io.EOF) {
						t.Fatal(err)
					}
					based = true
				}
				return open(j, false)
			},
			Once: func(j *journal.Journal) (pump.Channel, func()) { return open(j, true) },
			Add: func(n int) {
				ref, to := "refs/heads/"+strconv.Itoa(n), fmt.Sprintf("%040x", n)
				mu.Lock()
				branches[ref] = to
				mu.Unlock()
				call := hook.Notice{System: "git", Hook: hook.PostReceive, Repository: filepath.Join(p.dir, "git", "a.git"), Time: time.Now()}
				if err := hook.Write(p.o.Spool, call, strings.NewReader(id("")+" "+to+" "+ref+"\n")); err != nil {
					t.Error(err)
				}
			},
			Number: func(it translate.Item[any]) int {
				updates := it.Value.(Batch).Updates
				if len(updates) == 0 {
					return 0
				}
				if len(updates) > 1 {
					t.Errorf("one batch holds %d pushes", len(updates))
				}
				n, _ := strconv.Atoi(strings.TrimPrefix(updates[0].Ref, "refs/heads/"))
				return n
			},
			Break: func() func() {
				move := func(from, to string) {
					if err := os.Rename(from, to); err != nil {
						t.Error(err)
					}
				}
				move(p.o.Spool, p.o.Spool+".away")
				return func() { move(p.o.Spool+".away", p.o.Spool) }
			},
			Failing: func() bool {
				return slices.ContainsFunc(p.o.Conditions.All(), func(c condition.Condition) bool { return c.Name == "spool" })
			},
			Late: true, Single: true,
		}
	})
}
