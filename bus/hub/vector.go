package hub

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"busbar/common/archive"
)

// A sequence is one epoch of a publisher.
type sequence struct{ publisher, epoch string }

// A vector is how far somebody has come: the highest number of each sequence. The
// archive's own arrivals are the sequence of the publisher "*": they are exact at
// this hub, also for messages that have no number.
type vector map[sequence]int64

// arrivals is the publisher's name of the archive's own sequence. A publisher that
// calls itself so counts nothing here.
const arrivals = "*"

// maxVector bounds the text of a vector in bytes.
const maxVector = 4 << 10

// shortEpoch is how much of an epoch is kept where whole ones are too long.
const shortEpoch = 8

// String is the vector as an event's id: PUBLISHER:EPOCH:NUMBER, escaped as in
// URLs, one behind the other with commas between. Where that is longer than 4 KiB,
// epochs are cut to their beginnings.
func (v vector) String() string {
	text := v.text(1 << 10)
	if len(text) > maxVector {
		text = v.text(shortEpoch)
	}
	return text
}

func (v vector) text(epoch int) string {
	var b strings.Builder
	keys := slices.SortedFunc(maps.Keys(v), func(a, b sequence) int {
		return strings.Compare(a.publisher+"\x00"+a.epoch, b.publisher+"\x00"+b.epoch)
	})
	for _, s := range keys {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		name := url.QueryEscape(s.publisher)
		if s.publisher == arrivals {
			name = arrivals
		}
		b.WriteString(name + ":" + url.QueryEscape(s.epoch[:min(len(s.epoch), epoch)]) + ":" + strconv.FormatInt(v[s], 10))
	}
	return b.String()
}

// parseVector reads what String wrote.
func parseVector(text string) (vector, error) {
	const longest = 4 * maxVector // of many publishers, epochs cut
	v := vector{}
	if len(text) > longest {
		return nil, fmt.Errorf("reading a position: it has %d bytes, more than %d", len(text), longest)
	}
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		fields := strings.Split(part, ":")
		if len(fields) != 3 {
			return nil, fmt.Errorf("reading a position: %.80q is not PUBLISHER:EPOCH:NUMBER", part)
		}
		publisher, err := url.QueryUnescape(fields[0])
		if err != nil {
			return nil, fmt.Errorf("reading a position: %w", err)
		}
		epoch, err := url.QueryUnescape(fields[1])
		if err != nil {
			return nil, fmt.Errorf("reading a position: %w", err)
		}
		n, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil || n < 0 || publisher == "" || epoch == "" {
			return nil, fmt.Errorf("reading a position: %.80q is not PUBLISHER:EPOCH:NUMBER", part)
		}
		v[sequence{publisher, epoch}] = max(n, v[sequence{publisher, epoch}])
	}
	return v, nil
}

// resolve gives epochs that were cut their whole form, by the sequences of the
// archive.
func (v vector) resolve(list []archive.Sequence) vector {
	whole := vector{}
	for s, n := range v {
		if len(s.epoch) == shortEpoch {
			for _, have := range list {
				if have.Publisher == s.publisher && strings.HasPrefix(have.Epoch, s.epoch) {
					s.epoch = have.Epoch
					break
				}
			}
		}
		whole[s] = max(n, whole[s])
	}
	return whole
}

// headsOf is the position behind all that came of these sequences, and behind an
// arrival.
func headsOf(list []archive.Sequence, epoch string, arrival int64) vector {
	v := vector{sequence{arrivals, epoch}: arrival}
	for _, s := range list {
		if s.Publisher != arrivals {
			v[sequence{s.Publisher, s.Epoch}] = s.Head
		}
	}
	return v
}

// pass moves the vector past a message.
func (v vector) pass(m archive.Message) {
	if m.Seq > 0 && m.Publisher != arrivals {
		s := sequence{m.Publisher, m.Epoch}
		v[s] = max(v[s], m.Seq)
	}
}
