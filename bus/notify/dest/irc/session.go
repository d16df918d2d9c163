package irc

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"busbar/common/answer"
)

const (
	dialTimeout  = 15 * time.Second
	loginTimeout = time.Minute // servers look up names and identities first
	writeTimeout = 10 * time.Second
	// quietFor is after which silence the server is asked whether it is there, and
	// answerIn how long it may take.
	quietFor = time.Minute
	answerIn = 30 * time.Second
	// mostRead is the longest line that is read: tags may have 8191 bytes (IRCv3).
	mostRead = 16 << 10
)

// A session is one connection to a server, logged in. One goroutine reads; whoever
// writes holds the network.
type session struct {
	network *Network
	conn    net.Conn
	read    chan struct{} // closed when the reader has ended

	mu       sync.Mutex
	nick     string
	prefix   int                 // bytes of our own prefix, as others get it; 0: not known
	joined   map[string]struct{} // small letters
	asked    *question
	err      error // why it has ended
	writing  sync.Mutex
	lastPing int
}

// A question is what was said to the server since the last PING: it answers in order, so
// what it has against it comes before the PONG.
type question struct {
	token   string
	target  string // a channel or nick, small letters
	refused *refusal
	done    chan struct{} // closed with the PONG, or the session's end
}

// A refusal is what the server has against a target.
type refusal struct {
	code int
	text string
}

// dial connects to a server, and logs in.
func dial(ctx context.Context, n *Network) (*session, error) {
	config, err := n.tls()
	if err != nil {
		return nil, err
	}
	s := &session{network: n, read: make(chan struct{}), joined: map[string]struct{}{}}
	known, err := n.secrets()
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if config == nil {
		s.conn, err = (&net.Dialer{}).DialContext(limited, "tcp", n.Server)
	} else {
		s.conn, err = (&tls.Dialer{Config: config}).DialContext(limited, "tcp", n.Server)
	}
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", n.Server, err)
	}
	lines := bufio.NewReaderSize(s.conn, mostRead)
	end := time.Now().Add(loginTimeout)
	if limit, ok := ctx.Deadline(); ok && limit.Before(end) {
		end = limit
	}
	stop := context.AfterFunc(ctx, func() { s.conn.Close() })
	err = (&login{session: s, lines: lines, end: end, secrets: known}).run()
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		s.conn.Close()
		return nil, fmt.Errorf("logging in to %s: %w", n.Server, err)
	}
	go s.listen(lines)
	return s, nil
}

// readLine gives the next line that has anything in it.
func readLine(lines *bufio.Reader) (message, error) {
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return message{}, fmt.Errorf("the server says a line of more than %d bytes", mostRead)
		}
		if err != nil {
			return message{}, err
		}
		if m := parse(strings.TrimRight(string(line), "\r\n")); m.command != "" {
			return m, nil
		}
	}
}

// write writes lines, which have no ends yet.
func (s *session) write(lines ...string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	var b strings.Builder
	for _, line := range lines {
		if strings.ContainsAny(line, "\r\n\x00") || len(line) > mostLine-2 {
			return fmt.Errorf("saying a line: it has %d bytes, or breaks", len(line))
		}
		b.WriteString(line + "\r\n")
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err := s.conn.Write([]byte(b.String()))
	return err
}

// listen reads until the connection ends.
func (s *session) listen(lines *bufio.Reader) {
	defer close(s.read)
	quiet := false
	for {
		wait := quietFor
		if quiet {
			wait = answerIn
		}
		err := s.conn.SetReadDeadline(time.Now().Add(wait))
		var m message
		if err == nil {
			m, err = readLine(lines)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) && !quiet {
			if err = s.write("PING :quiet"); err == nil {
				quiet = true
				continue
			}
		}
		if err != nil {
			s.end(fmt.Errorf("the connection to %s has ended: %w", s.network.Server, err))
			return
		}
		quiet = false
		s.handle(m)
	}
}

// end ends the session, for the first reason that there is.
func (s *session) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	if s.asked != nil {
		close(s.asked.done)
		s.asked = nil
	}
	s.conn.Close()
}

// ended says why it has; nil: it has not.
func (s *session) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// handle does what a line from the server asks for.
func (s *session) handle(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := lower(m.nick()) == lower(s.nick)
	switch m.command {
	case "PING":
		if err := s.write("PONG :" + cutLine(m.last())); err != nil {
			s.conn.Close() // the reader sees it
		}
	case "PONG":
		if s.asked != nil && m.last() == s.asked.token {
			close(s.asked.done)
			s.asked = nil
		}
	case "ERROR":
		if s.err == nil {
			s.err = fmt.Errorf("the server ends the connection: %s", answer.Clip(m.last()))
		}
	case "NICK":
		if own {
			s.nick, s.prefix = m.param(0), 0
		}
	case "JOIN":
		if own {
			s.joined[lower(m.param(0))] = struct{}{}
			s.prefix = len(m.prefix)
		}
	case "PART":
		if own {
			delete(s.joined, lower(m.param(0)))
		}
	case "396": // our host is another one now
		s.prefix = 0
	case "KICK":
		if lower(m.param(1)) == lower(s.nick) {
			delete(s.joined, lower(m.param(0)))
		}
	default:
		code, err := strconv.Atoi(m.command)
		if s.asked != nil && err == nil && against(code) && lower(m.param(1)) == s.asked.target && s.asked.refused == nil {
			s.asked.refused = &refusal{code, answer.Clip(m.last())}
		}
	}
}

// against says whether a numeric reply refuses something: errors, the forward to another
// channel (470), and who takes messages of friends alone (716).
func against(code int) bool { return code >= 400 && code < 600 || code == 716 }

func cutLine(s string) string { return s[:min(len(s), 400)] }

// ask says lines about a target, and waits until the server has read them: for the PONG
// to the PING behind them. handed says that it may have read them, whatever comes of it.
func (s *session) ask(ctx context.Context, target string, lines ...string) (r *refusal, handed bool, err error) {
	s.mu.Lock()
	if s.err != nil {
		defer s.mu.Unlock()
		return nil, false, s.err
	}
	s.lastPing++
	q := &question{token: "busbar-" + strconv.Itoa(s.lastPing), target: lower(target), done: make(chan struct{})}
	s.asked = q
	s.mu.Unlock()
	if err := s.write(append(lines, "PING :"+q.token)...); err != nil {
		s.end(fmt.Errorf("saying something to %s: %w", s.network.Server, err))
		return nil, true, s.ended()
	}
	select {
	case <-q.done:
	case <-ctx.Done():
		// What comes later must not be taken for an answer to the next question.
		s.end(fmt.Errorf("%s gives no answer in time: %w", s.network.Server, context.Cause(ctx)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return q.refused, true, s.err
}

// in says whether we are in a channel.
func (s *session) in(channel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, in := s.joined[lower(channel)]
	return in
}

// leave forgets that we are in a channel.
func (s *session) leave(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.joined, lower(channel))
}

// room is how many bytes of text a line to a target may have, so that it is still a line
// when the server has put our prefix in front of it.
func (s *session) room(command, target string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	prefix := s.prefix
	if prefix == 0 {
		prefix = len(s.nick) + len("!~@") + 10 + 63 // the longest user name and host
	}
	return mostLine - len(":") - prefix - len(" "+command+" "+target+" :\r\n")
}

// quit ends the session, and waits for its end.
func (s *session) quit() {
	_ = s.write("QUIT :ending") // it ends anyway
	s.end(errors.New("the destination is closed"))
	<-s.read
}
