package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"busbar/common/webhook"
	"busbar/contrib/trials/trial"
)

// A forger posts what must not be taken, in the name of a sender whose secret some of
// its posts have.
type forger struct {
	victim *sender
	secret webhook.Secrets // of nobody
	posts  atomic.Int64
	taken  atomic.Int64 // answered with 200
}

// run posts until the context ends. Each post has messages that nobody else posts: if
// one is in the archive, it is found by its number.
func (f *forger) run(ctx context.Context, url string) error {
	client := &http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for n := 0; ctx.Err() == nil; n++ {
		if err := f.victim.say(ctx, 1); err != nil {
			return ended(ctx, err)
		}
		list, err := f.victim.journal.Reader().After(ctx, f.victim.said-1, 1)
		if err != nil || len(list) == 0 {
			return ended(ctx, fmt.Errorf("reading what is to be forged: %w", err))
		}
		genuine := append(bytes.Clone(list[0].Wire), '\n')
		forged := bytes.Replace(genuine, []byte(`"msg":`), []byte(`"msg":1`), 1)
		signed := func(by webhook.Secrets, age time.Duration, body []byte) func(http.Header) {
			return func(h http.Header) { by.Sign(h, fmt.Sprint("forged-", n), time.Now().Add(-age), body) }
		}
		body, headers := genuine, func(http.Header) {}
		switch n % 6 {
		case 0: // nobody's secret
			headers = signed(f.secret, 0, body)
		case 1: // too old, and too new
			headers = signed(f.victim.secrets, 10*time.Minute, body)
		case 2:
			headers = signed(f.victim.secrets, -10*time.Minute, body)
		case 3: // the signature is another body's
			headers = signed(f.victim.secrets, 0, forged)
		case 4: // who may push pushes what its publisher never said
			body = forged
			headers = signed(f.victim.secrets, 0, body)
		}
		f.posts.Add(1)
		if post(ctx, client, url, body, headers) == http.StatusOK {
			f.taken.Add(1)
		}
		if err := trial.Pause(ctx, 15*time.Millisecond); err != nil {
			return nil
		}
	}
	return nil
}

// A network carries connections to the hub, and cuts each after some bytes, either way.
type network struct {
	listener net.Listener
	to       string
	mended   atomic.Bool
	cuts     atomic.Int64
}

func newNetwork(ctx context.Context, to string) (*network, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &network{listener: l, to: to}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go n.carry(c)
		}
	}()
	return n, nil
}

func (n *network) carry(from net.Conn) {
	defer from.Close()
	to, err := net.DialTimeout("tcp", n.to, 5*time.Second)
	if err != nil {
		return
	}
	defer to.Close()
	done := make(chan bool, 2)
	part := func(dst, src net.Conn, most int64) {
		if n.mended.Load() {
			most = 1 << 40
		}
		if copied, _ := io.CopyN(dst, src, most); copied == most { // whichever end goes, the other does
			n.cuts.Add(1)
		}
		done <- true
	}
	go part(to, from, 1+rand.Int64N(60_000))
	go part(from, to, 1+rand.Int64N(3_000))
	<-done
}
