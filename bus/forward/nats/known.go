package nats

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"busbar/common/backoff"
	"busbar/common/condition"
	"busbar/common/event"
	"busbar/common/recent"
)

// A fact is what a message is known by in a stream: a digest of its id and subject.
type fact [16]byte

func factOf(id, subject string) fact {
	sum := sha256.Sum256([]byte(id + "\x00" + subject))
	return fact(sum[:16])
}

// known is what of ours a stream has, as far as it was read.
type known struct {
	created time.Time // of the stream; another time is another stream
	upTo    uint64    // it was read up to this number
	numbers *recent.Memory[fact, uint64]
	// open are the numbers of messages that the stream has and that were not handed
	// over yet, ascending, and taken those of them that were since: the bookmark may not
	// pass them, for the next start must find them.
	open  []uint64
	taken map[uint64]bool
}

func newNumbers() *recent.Memory[fact, uint64] { return recent.New[fact, uint64](2 * remembered) }

// put notes a message that was found in the stream. After the bookmark nobody knows yet
// here that it is there.
func (k *known) put(f fact, n uint64, behindBookmark bool) {
	k.numbers.Put(f, n)
	if !behindBookmark {
		return
	}
	if k.open = append(k.open, n); len(k.open) > remembered {
		k.open = k.open[1:]
	}
}

// take notes that the message of this number was handed over.
func (k *known) take(n uint64) {
	if len(k.open) == 0 || n < k.open[0] || n > k.open[len(k.open)-1] {
		return
	}
	k.taken[n] = true
	for len(k.open) > 0 && k.taken[k.open[0]] {
		delete(k.taken, k.open[0])
		k.open = k.open[1:]
	}
}

// bookmark is behind what all is acknowledged.
func (k *known) bookmark() bookmark {
	if len(k.open) > 0 {
		return bookmark{k.created, k.open[0] - 1}
	}
	return bookmark{k.created, k.upTo}
}

const (
	// remembered is how many messages of the stream are known by their ids.
	remembered = 1 << 20
	// lookBack is how much is read that came before the place that is known: what
	// another program published there may be handed over here, too.
	lookBack = 4096
	// readers is how many messages are asked for at once.
	readers = 16
)

// A bookmark is up to where in the stream all was acknowledged: the time when the stream
// was made, which tells it from another of its name, and a number in it.
type bookmark struct {
	created time.Time
	seq     uint64
}

func (m bookmark) String() string {
	return strconv.FormatInt(m.created.UnixNano(), 10) + "/" + strconv.FormatUint(m.seq, 10)
}

// parseBookmark reads what String wrote; there is none where ok is false.
func parseBookmark(text string) (m bookmark, ok bool) {
	created, seq, _ := strings.Cut(text, "/")
	at, err := strconv.ParseInt(created, 10, 64)
	if err != nil {
		return m, false
	}
	m.seq, err = strconv.ParseUint(seq, 10, 64)
	m.created = time.Unix(0, at).UTC()
	return m, err == nil
}

// look finds out what of ours the stream has: all that is behind what was read before,
// or, at first, behind the place that the bookmark names. What is published next follows
// the last number in what it returns.
func (s *Sink) look(ctx context.Context, c client, text string) (*jetstream.StreamInfo, error) {
	m, marked := parseBookmark(text)
	info, err := s.current(ctx, c, m)
	if err != nil {
		return nil, err
	}
	s.noteInfo(info)
	k := &s.known
	if k.numbers == nil || !k.created.Equal(info.Created) || info.State.LastSeq < k.upTo {
		s.lose(k.created, info)
		*k = known{created: info.Created, numbers: newNumbers(), taken: map[uint64]bool{}}
		if marked && m.created.Equal(info.Created) {
			k.upTo = max(m.seq, lookBack) - lookBack
		}
		s.judge(info, m, marked)
	}
	from := max(k.upTo+1, info.State.FirstSeq)
	if n := int64(info.State.LastSeq) - int64(from) + 1; n > 4*lookBack {
		s.log().Info("reading what the stream has; this takes a while", "stream", c.stream, "messages", n)
	}
	open := from
	if marked && m.created.Equal(info.Created) {
		open = max(open, m.seq+1)
	}
	if err := s.read(ctx, c, from, open, info); err != nil {
		return nil, fmt.Errorf("reading what the stream %s has: %w", c.stream, explain(err))
	}
	k.upTo = info.State.LastSeq
	return info, nil
}

// regained is for how long a stream that has less than it had is asked again: what a
// server says that no longer leads its cluster, or does not yet, may be old.
const regained = 3 * time.Second

// current is the stream as its leader sees it.
func (s *Sink) current(ctx context.Context, c client, m bookmark) (*jetstream.StreamInfo, error) {
	for end := time.Now().Add(regained); ; {
		info, err := s.stream(ctx, c)
		if err != nil {
			return nil, err
		}
		had := s.known.upTo
		if s.known.created.IsZero() && info.Created.Equal(m.created) {
			had = m.seq
		} else if !s.known.created.Equal(info.Created) {
			had = 0
		}
		if info.State.LastSeq >= had || time.Now().After(end) {
			return info, nil
		}
		if !pause(ctx, 200*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
}

// judge says what the stream lost of what it had acknowledged.
func (s *Sink) judge(info *jetstream.StreamInfo, m bookmark, marked bool) {
	if !marked {
		return
	}
	what := ""
	switch {
	case !m.created.Equal(info.Created):
		what = fmt.Sprintf("the stream %s is another than before: it was made on %s, and the one before on %s; what was forwarded up to its message %d is not in it, unless somebody brought it there",
			info.Config.Name, info.Created.Format(time.RFC3339), m.created.Format(time.RFC3339), m.seq)
	case len(s.back) > 0 && s.back[0].at <= info.State.LastSeq+1:
		return // all of it is published again
	case info.State.LastSeq < m.seq:
		what = fmt.Sprintf("the stream %s lost messages %d to %d, which it had acknowledged", info.Config.Name, info.State.LastSeq+1, m.seq)
	default:
		return
	}
	hint := "the publishers' journals have them: forward again with another --position and --from, which publishes what is missing alone; sync_interval: always keeps a server from losing what it acknowledged"
	s.log().Error("the stream no longer has what it had", "stream", info.Config.Name, "is", what, "hint", hint)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = condition.Condition{Name: "stream", Level: condition.Warn, Since: time.Now(), Text: what, Hint: hint}
}

// read takes up messages from the number from to the last of info. Those from open on
// are behind the bookmark.
func (s *Sink) read(ctx context.Context, c client, from, open uint64, info *jetstream.StreamInfo) error {
	last, deleted := info.State.LastSeq, map[uint64]bool{}
	if from <= last && info.State.NumDeleted > 0 {
		all, err := c.info(ctx, true)
		if err != nil {
			return err
		}
		for _, n := range all.State.Deleted {
			deleted[n] = true
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for ; from <= last; from += block {
		end := min(last, from+block-1)
		got := make([]stored, end-from+1)
		var wg sync.WaitGroup
		for w := range uint64(readers) {
			wg.Go(func() {
				for n := from + w; n <= end && ctx.Err() == nil; n += readers {
					if deleted[n] {
						continue
					}
					m, err := c.sure(ctx, n)
					if err != nil {
						cancel(err)
						return
					}
					got[n-from] = m
				}
			})
		}
		wg.Wait()
		if err := context.Cause(ctx); err != nil {
			return err
		}
		for i, m := range got {
			if n := from + uint64(i); m.id != "" {
				s.known.put(factOf(idOf(m.id), m.subject), n, n >= open && ours(m.id))
			}
		}
	}
	return nil
}

// block is how many messages are read before they are taken up.
const block = 1024

// sure reads a message that the stream is said to have. That one is not there is
// believed if the stream says so as well: who answers may be older than who was asked
// before, or retention was faster.
func (c client) sure(ctx context.Context, n uint64) (stored, error) {
	for tries := 1; ; tries++ {
		m, err := c.get(ctx, n)
		if !errors.Is(err, errNoMessage) {
			return m, err
		}
		info, ierr := c.info(ctx, true)
		if ierr != nil {
			return m, ierr
		}
		if n < info.State.FirstSeq {
			return m, nil
		}
		for _, d := range info.State.Deleted {
			if d == n {
				return m, nil
			}
		}
		if tries == 5 {
			return m, fmt.Errorf("message %d of %d is not there, and not said to be deleted: %w", n, info.State.LastSeq, err)
		}
		if !pause(ctx, backoff.Spread(100*time.Millisecond)) {
			return m, ctx.Err()
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// ours says whether an id may be one of the bus.
func ours(id string) bool {
	_, err := event.IDUUID(idOf(id))
	return err == nil
}

// idOf is our id in a Nats-Msg-Id, which has the topic behind it where the stream had
// the id under another subject.
func idOf(header string) string {
	id, _, _ := strings.Cut(header, " ")
	return id
}
