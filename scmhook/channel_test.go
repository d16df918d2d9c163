package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"busbar/adapters/scm"
	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/pump/channeltest"
	"busbar/common/translate"
)

// TestChannel holds the channel of webhooks to what a channel promises: the source
// is a forge for each push, which sends it until it is told that it is stored.
func TestChannel(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.Source {
		type server struct {
			*handed
			context.Context
		}
		var senders sync.WaitGroup
		ended, end := context.WithCancel(context.Background())
		t.Cleanup(func() { end(); senders.Wait() })
		servers := make(chan server, 1)
		return channeltest.Source{
			Open: func(j *journal.Journal) (pump.Channel, func()) {
				ctx, stop := context.WithCancel(ended)
				c := newHanded((&delivered{j.Reader()}).plan)
				servers <- server{c, ctx}
				return c, func() { stop(); <-servers }
			},
			Add: func(n int) {
				push := pushed("repository-"+strconv.Itoa(n), ">a")
				push.Names = []string{fmt.Sprint("forge ", n)}
				senders.Go(func() {
					for err := error(context.Canceled); err != nil; {
						select {
						case now := <-servers:
							servers <- now
							err = now.Submit(now.Context, push)
						case <-ended.Done():
							return
						}
					}
				})
			},
			Number: func(it translate.Item[any]) int {
				push, _ := it.Value.(scm.Push)
				n, _ := strconv.Atoi(strings.TrimPrefix(push.Repository, "repository-"))
				return n
			},
			Unordered: true, Single: true,
		}
	})
}
