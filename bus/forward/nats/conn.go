package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"busbar/common/drain"
	"busbar/common/journal"
)

// A conn is an open way into the stream.
type conn struct {
	client
	sink *Sink
	link *drain.Link
	line *line
	ctx  context.Context // of the connection

	inbox    string // answers come to inbox.NUMBER
	maxSize  int    // of header and payload, to the server
	config   jetstream.StreamConfig
	wake     chan struct{} // something is answered
	done     chan struct{} // run has ended
	stopping chan struct{}

	mu      sync.Mutex
	last    uint64 // the number in the stream of the newest that is published or under way
	lastID  string // its Nats-Msg-Id; empty: it is not ours, or was not published by this connection
	pending []*sent
	first   uint64 // the number of the first of pending; answers to older ones are too late
	fresh   int    // how often the stream had something else since one was acknowledged
	// moved is when something was acknowledged last, or was published while nothing was
	// under way, and silence how long none may be before the stream is looked at.
	moved   time.Time
	silence time.Duration
}

// Silence: a server of a cluster that leads the stream may be gone, and what was under
// way with it, while the connection to another one goes on. To look at the stream and
// publish again what it has not is never wrong, but costs.
const (
	firstSilence = 5 * time.Second
	mostSilence  = 40 * time.Second
)

// A sent message waits for its acknowledgement.
type sent struct {
	m        journal.Message
	at       uint64 // its number in the stream
	answered bool
	answer   ack
}

// An ack is JetStream's answer to a publish.
type ack struct {
	Error     *jetstream.APIError `json:"error"`
	Stream    string              `json:"stream"`
	Seq       uint64              `json:"seq"`
	Duplicate bool                `json:"duplicate"`

	status string // of the server, in place of an answer
}

// begin looks at the stream, and begins to take answers.
func (c *conn) begin(ctx context.Context) error {
	info, err := c.sink.look(ctx, c.client, c.link.Bookmark())
	if err != nil {
		return err
	}
	c.config, c.last, c.maxSize = info.Config, info.State.LastSeq, int(c.nc.MaxPayload())
	c.inbox, c.stopping = c.nc.NewInbox(), make(chan struct{})
	sub, err := c.nc.Subscribe(c.inbox+".*", c.answer)
	if err != nil {
		return err
	}
	if err := sub.SetPendingLimits(-1, -1); err != nil { // the window bounds them
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.sink.lostOnes() {
		if err := c.put(e); err != nil {
			return err
		}
	}
	go c.run()
	return nil
}

// Send publishes messages, and does not wait for their acknowledgements.
func (c *conn) Send(ctx context.Context, batch []journal.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range batch {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if why := c.refuses(m); why != nil {
			if err := c.link.Refuse(m.Seq, why); err != nil {
				return err
			}
			continue
		}
		if err := c.put(&sent{m: m}); err != nil {
			return fmt.Errorf("publishing: %w", err)
		}
	}
	c.signal()
	return nil
}

// refuses says why the stream can never take a message.
func (c *conn) refuses(m journal.Message) error {
	if err := valid(m.Topic); err != nil {
		return err
	}
	if !covers(c.config.Subjects, m.Topic) {
		return fmt.Errorf("its topic %s is none of the stream's subjects (%s)", m.Topic, strings.Join(c.config.Subjects, ", "))
	}
	most := c.maxSize
	if limit := int(c.config.MaxMsgSize); limit > 0 {
		most = min(most, limit)
	}
	if size := len(m.Wire) + headerSize(m, c.stream); size > most {
		return fmt.Errorf("with its header it has %d bytes, and the server takes %d (max_payload, and max_msg_size of the stream)", size, most)
	}
	return nil
}

// headerSize is how long the header of a message may be.
func headerSize(m journal.Message, stream string) int {
	return 600 + 2*len(m.ID) + len(m.Topic) + len(stream)
}

// put publishes a message behind the others, unless the stream has it.
func (c *conn) put(e *sent) error {
	f := factOf(idOf(e.m.ID), e.m.Topic)
	if len(c.pending) == 0 {
		c.moved = time.Now()
	}
	c.pending = append(c.pending, e)
	if at, known := c.sink.known.numbers.Get(f); known {
		e.at, e.answered, e.answer = at, true, ack{Stream: c.stream, Seq: at}
		return nil
	}
	c.last++
	e.at, e.answered = c.last, false
	id := e.m.ID
	if c.sink.other[f] {
		id += " " + e.m.Topic
	}
	header := nats.Header{idHeader: {id}, expectHeader: {strconv.FormatUint(e.at-1, 10)}, expectedStream: {c.stream}}
	if c.lastID != "" {
		// While other programs' messages fill the numbers of ours that are refused, the
		// number alone could fit one that is still under way.
		header[expectIDHeader] = []string{c.lastID}
	}
	c.lastID = id
	n := c.first + uint64(len(c.pending)) - 1
	return c.nc.PublishMsg(&nats.Msg{Subject: e.m.Topic, Reply: c.inbox + "." + strconv.FormatUint(n, 10), Data: e.m.Wire, Header: header})
}

// answer takes what the server says to a publish.
func (c *conn) answer(m *nats.Msg) {
	n, err := strconv.ParseUint(m.Subject[len(c.inbox)+1:], 10, 64)
	var a ack
	if len(m.Data) == 0 {
		a.status = m.Header.Get("Status")
	} else if jerr := json.Unmarshal(m.Data, &a); jerr != nil {
		a.status = "unreadable"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || n < c.first || n-c.first >= uint64(len(c.pending)) {
		return
	}
	e := c.pending[n-c.first]
	e.answered, e.answer = true, a
	if n == c.first {
		c.signal()
	}
}

func (c *conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run acknowledges what is answered, in order, until the connection ends.
func (c *conn) run() {
	defer close(c.done)
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case <-c.wake:
		case <-look.C:
		case <-c.stopping:
			return
		}
		if err := c.settle(); err != nil {
			c.link.Fail(err)
			return
		}
	}
}

// settle takes what is answered from the front.
func (c *conn) settle() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.pending) > 0 && c.pending[0].answered {
		n := 0
		for n < len(c.pending) && c.pending[n].answered && c.pending[n].stands(c.stream) {
			e := c.pending[n]
			k := &c.sink.known
			k.take(e.at)
			k.upTo = max(k.upTo, e.at)
			n++
		}
		if n > 0 {
			e := c.pending[n-1]
			c.sink.keep(c.pending[:n])
			clear(c.pending[:n])
			c.pending, c.first, c.fresh = c.pending[n:], c.first+uint64(n), 0
			c.moved, c.silence = time.Now(), 0
			c.acknowledge(e)
			continue
		}
		if err := c.mend(c.pending[0]); err != nil {
			return err
		}
	}
	if len(c.pending) > 0 && time.Since(c.moved) > max(c.silence, firstSilence) {
		c.sink.log().Warn("the stream acknowledges nothing; looking what it has", "stream", c.stream, "under way", len(c.pending))
		c.silence = min(2*max(c.silence, firstSilence), mostSilence)
		return c.again()
	}
	return nil
}

// acknowledge tells the loop that the stream has all up to e.
func (c *conn) acknowledge(e *sent) {
	c.sink.note(func(st *State) { st.Last = max(st.Last, e.at) })
	c.link.AckAt(e.m.Seq, c.sink.known.bookmark().String())
}

// stands says that a message is where it belongs.
func (e *sent) stands(stream string) bool {
	a := e.answer
	return a.Error == nil && a.status == "" && !a.Duplicate && a.Stream == stream && a.Seq == e.at
}

// maxFresh is how often in a row the stream may have something else than we knew.
const maxFresh = 20

// mend does what the answer to the oldest message asks for: it looks at the stream
// again, and goes on behind what is there.
func (c *conn) mend(e *sent) error {
	switch a := e.answer; {
	case a.status == "503":
		return explain(fmt.Errorf("publishing message %d: %w", e.m.Seq, nats.ErrNoResponders))
	case a.status != "":
		return fmt.Errorf("publishing message %d: the server answers %q", e.m.Seq, a.status)
	case a.Error != nil && slices.Contains(conflicts, a.Error.ErrorCode):
	case a.Error != nil:
		return explain(fmt.Errorf("publishing message %d: %w", e.m.Seq, a.Error))
	case a.Stream != c.stream:
		return fmt.Errorf("publishing message %d: the stream %q took it, and not %s", e.m.Seq, a.Stream, c.stream)
	case a.Duplicate:
		if err := c.duplicate(e); err != nil {
			return err
		}
	}
	if c.fresh++; c.fresh > maxFresh {
		return fmt.Errorf("the stream %s got other messages %d times in a row before ours: another program publishes into it all the time (give each a stream of its own, and join them by sources)", c.stream, maxFresh)
	}
	return c.again()
}

// again looks at the stream, and publishes what is under way and not there.
func (c *conn) again() error {
	info, err := c.sink.look(c.ctx, c.client, c.link.Bookmark())
	if err != nil {
		return err
	}
	again := append(c.sink.lostOnes(), c.pending...)
	c.moved = time.Now()
	c.first += uint64(len(c.pending))
	c.config, c.last, c.lastID, c.pending = info.Config, info.State.LastSeq, "", nil
	for _, one := range again {
		if err := c.put(one); err != nil {
			return err
		}
	}
	return nil
}

// duplicate: the server says that it had the id of e already, and when it is not known
// here as ours, it is under another subject or was taken from the stream since.
func (c *conn) duplicate(e *sent) error {
	f := factOf(idOf(e.m.ID), e.m.Topic)
	m, err := c.get(c.ctx, e.answer.Seq)
	switch {
	case errors.Is(err, errNoMessage), err == nil && idOf(m.id) == idOf(e.m.ID) && m.subject == e.m.Topic:
		c.sink.known.numbers.Put(f, e.answer.Seq)
	case err != nil:
		return explain(err)
	default:
		if len(c.sink.other) > lookBack {
			clear(c.sink.other)
		}
		if c.sink.other == nil {
			c.sink.other = map[fact]bool{}
		}
		c.sink.other[f] = true
	}
	return nil
}

// Close waits for a moment for what is under way, and closes the connection.
func (c *conn) Close() error {
	for end := time.Now().Add(endPatience); time.Now().Before(end) && c.waits(); {
		if !pause(context.Background(), 10*time.Millisecond) {
			break
		}
	}
	c.line.end()
	close(c.stopping)
	c.nc.Close()
	<-c.done
	c.sink.note(func(st *State) { st.Server = "" })
	return nil
}

// waits says that something is under way, and may still come.
func (c *conn) waits() bool {
	select {
	case <-c.done:
		return false
	default:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending) > 0 && c.nc.IsConnected()
}
