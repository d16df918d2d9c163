package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"busbar/contrib/trials/trial"
)

// A chat is what is said in channels of an IRC server, twice written down: by a tap between
// the program and the server, which sees what the server was given and what it has
// answered for; and by somebody who is in the channels.
type chat struct {
	server   string // its address
	channels []string
	listener net.Listener

	mu       sync.Mutex
	given    map[saying]int  // how often the server was given it
	first    []saying        // in the order of the first time
	answered map[saying]bool // the server said that it had read it, and the program was told
	seen     map[saying]int
	in       int // channels in which the one who watches is now
	passing  int // connections of the program that are passed on
}

// A saying is the number of an event in a channel.
type saying struct {
	to string
	n  string
}

// listen begins to watch, and to pass on connections to the server.
func listen(ctx context.Context, wg *sync.WaitGroup, server string, channels []string) (*chat, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &chat{server: server, channels: channels, listener: l, given: map[saying]int{}, answered: map[saying]bool{}, seen: map[saying]int{}}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.passes(1)
			wg.Go(func() {
				c.pass(ctx, conn)
				c.passes(-1)
			})
		}
	})
	wg.Go(func() {
		for ctx.Err() == nil {
			c.watch(ctx)
			c.mu.Lock()
			c.in = 0
			c.mu.Unlock()
			_ = trial.Pause(ctx, 5*time.Millisecond)
		}
	})
	return c, nil
}

// ready waits until the one who watches is in all channels.
func (c *chat) ready(ctx context.Context) error {
	return trial.Await(ctx, "somebody to be in the channels", trial.Patience, func() (bool, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.in >= len(c.channels), nil
	})
}

func (c *chat) passes(more int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passing += more
}

// ended waits until all that the program was told is written down, once it has ended.
func (c *chat) ended(ctx context.Context) error {
	return trial.Await(ctx, "the program's connections to the IRC server to end", trial.Patience, func() (bool, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.passing == 0, nil
	})
}

// pass passes a connection of the program on, once somebody watches.
func (c *chat) pass(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	if c.ready(ctx) != nil {
		return
	}
	far, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.server)
	if err != nil {
		return
	}
	defer far.Close()
	defer context.AfterFunc(ctx, func() { conn.Close(); far.Close() })()
	var mu sync.Mutex
	asked := map[string][]saying{} // by the token of the PING behind them
	done := make(chan struct{})
	go func() {
		defer close(done)
		var said []saying
		lines(conn, far, func(line string) {
			if rest, ok := strings.CutPrefix(line, "PRIVMSG "); ok {
				to, text, _ := strings.Cut(rest, " :")
				if about := aboutNote.FindStringSubmatch(text); about != nil {
					said = append(said, saying{to, about[1]})
				}
			} else if token, ok := strings.CutPrefix(line, "PING :"); ok {
				mu.Lock()
				asked[token] = said
				mu.Unlock()
				c.mu.Lock()
				for _, h := range said {
					if c.given[h]++; c.given[h] == 1 {
						c.first = append(c.first, h)
					}
				}
				c.mu.Unlock()
				said = nil
			}
		}, nil)
		far.Close()
	}()
	lines(far, conn, nil, func(line string) {
		if !strings.Contains(line, " PONG ") {
			return
		}
		token := line[strings.LastIndexByte(line, ':')+1:]
		mu.Lock()
		said := asked[token]
		mu.Unlock()
		c.mu.Lock()
		for _, h := range said {
			c.answered[h] = true
		}
		c.mu.Unlock()
	})
	conn.Close()
	<-done
}

// lines copies lines: each is looked at before it is passed on, or after.
func lines(from io.Reader, to io.Writer, before, after func(string)) {
	for r := bufio.NewReader(from); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		text := strings.TrimRight(line, "\r\n")
		if before != nil {
			before(text)
		}
		if _, err := io.WriteString(to, line); err != nil {
			return
		}
		if after != nil {
			after(text)
		}
	}
}

// watch is in the channels until the connection ends.
func (c *chat) watch(ctx context.Context) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.server)
	if err != nil {
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := fmt.Fprintf(conn, "NICK watcher\r\nUSER w 0 * :w\r\nJOIN %s\r\n", strings.Join(c.channels, ",")); err != nil {
		return
	}
	lines(conn, io.Discard, func(line string) {
		if token, ok := strings.CutPrefix(line, "PING "); ok {
			_, _ = fmt.Fprintf(conn, "PONG %s\r\n", token) // if it fails, reading fails, too
			return
		}
		part := strings.SplitN(line, " ", 4)
		if len(part) < 3 {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		switch part[1] {
		case "366": // the end of the names of a channel in which it now is
			c.in++
		case "PRIVMSG":
			if about := aboutNote.FindStringSubmatch(line); about != nil {
				c.seen[saying{part[2], about[1]}]++
			}
		}
	}, nil)
}
