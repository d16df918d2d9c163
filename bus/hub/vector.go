package hub

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"busbar/common/archive"
)

// A sequence is one epoch of a publisher.
type sequence struct{ publisher, epoch string }

// A vector is how far somebody has come: the last message of each sequence. The
// archive's own arrivals are the sequence of the publisher "*": they are exact at
// this hub, also for messages that have no number.
type vector map[sequence]mark

// A mark is the last message of a sequence that somebody has. Where a publisher's
// journal was put back to an older copy, its numbers are used again: tag and time tell
// which message it was.
type mark struct {
	n int64
	// tag is of the message (see tagOf); empty where none is known: in a position of
	// an older program, and where the sequence began again behind n.
	tag  string
	time int64 // the newest of the messages up to there, Unix seconds; 0: not known
}

// arrivals is the publisher's name of the archive's own sequence. A publisher that
// calls itself so counts nothing here.
const arrivals = "*"

// maxVector bounds the text of a vector in bytes.
const maxVector = 4 << 10

// shortEpoch is how much of an epoch is kept where whole ones are too long.
const shortEpoch = 8

// String is the vector as an event's id: PUBLISHER:EPOCH:NUMBER:TAG:TIME, escaped as in
// URLs, one behind the other with commas between. The time is to the base of 36; tag
// and time are left out where neither is known. Where all is longer than 4 KiB, epochs
// are cut to their beginnings.
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
		b.WriteString(name + ":" + url.QueryEscape(s.epoch[:min(len(s.epoch), epoch)]) + ":" + strconv.FormatInt(v[s].n, 10))
		if m := v[s]; m.tag != "" || m.time != 0 {
			b.WriteString(":" + m.tag + ":" + strconv.FormatInt(m.time, timeBase))
		}
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
		at, m, err := parseMark(strings.Split(part, ":"))
		if err != nil {
			return nil, fmt.Errorf("reading a position: %.80q is not PUBLISHER:EPOCH:NUMBER:TAG:TIME: %w", part, err)
		}
		v.raise(at, m)
	}
	return v, nil
}

var errMark = errors.New("it has not that form")

func parseMark(fields []string) (at sequence, m mark, err error) {
	if len(fields) != 3 && len(fields) != 5 {
		return at, m, errMark
	}
	if at.publisher, err = url.QueryUnescape(fields[0]); err != nil {
		return at, m, err
	}
	if at.epoch, err = url.QueryUnescape(fields[1]); err != nil {
		return at, m, err
	}
	if m.n, err = strconv.ParseInt(fields[2], 10, 64); err != nil {
		return at, m, err
	}
	if len(fields) == 5 {
		m.tag = fields[3]
		if m.time, err = strconv.ParseInt(fields[4], timeBase, 64); err != nil {
			return at, m, err
		}
	}
	if m.n < 0 || m.time < 0 || at.publisher == "" || at.epoch == "" || m.tag != "" && !isTag.MatchString(m.tag) {
		return at, m, errMark
	}
	return at, m, nil
}

var isTag = regexp.MustCompile(`^[0-9a-f]{8}$`)

// timeBase is the base to which times are written.
const timeBase = 36

// raise moves the vector to a mark, unless it is further.
func (v vector) raise(at sequence, m mark) {
	if have, ok := v[at]; !ok || m.n > have.n {
		v[at] = m
	}
}

// resolve gives epochs that were cut their whole form, by the sequences of the
// archive.
func (v vector) resolve(list []archive.Sequence) vector {
	whole := vector{}
	for s, m := range v {
		if len(s.epoch) == shortEpoch {
			for _, have := range list {
				if have.Publisher == s.publisher && strings.HasPrefix(have.Epoch, s.epoch) {
					s.epoch = have.Epoch
					break
				}
			}
		}
		whole.raise(s, m)
	}
	return whole
}

// pass moves the vector past what happened.
func (v vector) pass(h *happening) {
	s := h.sequence()
	have, ok := v[s]
	switch {
	case s.publisher == "" || s.publisher == arrivals:
	case h.turns():
		// What is behind is no longer said, and the newest that was is older than all
		// that will be.
		if ok && have.n >= h.gap.First {
			v[s] = mark{n: h.gap.First - 1, time: have.time}
		}
	case h.gap == nil && h.mark.n > have.n:
		v[s] = mark{n: h.mark.n, tag: h.mark.tag, time: max(h.mark.time, have.time)}
	}
}
