package replay

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// fedmsg's queries (fedmsg/replay/sqlstore.py of fedmsg 1.1.7): a JSON object whose
// members are OR-ed; {} is everything. The texts of errors are fedmsg's where it has
// one, with its misspellings.
const (
	textNoMatch   = "There was no match for the given query"
	textField     = `Unsupported field: "key"`
	textTime      = `Ill-format "time" field`
	textRange     = `Ill-format "sed_id_range" field`
	textWrong     = `Something went wrong when processing the field "%s"`
	textObject    = "The request is not a JSON object"
	textFrames    = "The request has more than one frame"
	textMany      = `Too many values in the field "%s": at most %d`
	textGone      = "There is no match: messages before number %d are gone"
	textWhose     = "The messages of several publishers are here: name one in \"publisher\", and if need be its \"epoch\""
	textUnable    = "The messages cannot be read now"
	maxListed     = 1000 // ids in one query
	maxAnswered   = 1000 // messages of one answer
	answeredBytes = 8 << 20
)

// A refusal is a text for who asked.
type refusal string

func (r refusal) Error() string { return string(r) }

func wrong(field string) error { return refusal(fmt.Sprintf(textWrong, field)) }

// A query is a request in fedmsg's form.
type query struct {
	all   bool
	seqs  []uint64
	spans []span
	ids   []string
	times []period

	// publisher and epoch name the sequence, at a server that has several.
	publisher, epoch string

	dropped bool // it means messages that retention has dropped; set by spansOf
}

// A span is numbers, both ends included.
type span struct{ from, to uint64 }

// A period is seconds since 1970, both ends included.
type period struct{ from, to float64 }

// parseQuery reads a request. Its error is a refusal.
func parseQuery(raw []byte) (query, error) {
	var q query
	var members map[string]json.RawMessage
	if !utf8.Valid(raw) || json.Unmarshal(raw, &members) != nil || members == nil {
		return q, refusal(textObject)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := q.member(name, members[name]); err != nil {
			return query{}, err
		}
	}
	delete(members, "publisher")
	delete(members, "epoch")
	q.all = len(members) == 0
	return q, nil
}

func (q *query) member(name string, raw json.RawMessage) (err error) {
	v, err := plain(raw)
	if err != nil {
		return wrong(name)
	}
	list, isList := v.([]any)
	if len(list) > maxListed {
		return refusal(fmt.Sprintf(textMany, name, maxListed))
	}
	switch name {
	case "seq_id":
		return q.seq(name, v)
	case "seq_ids":
		if !isList {
			return wrong(name)
		}
		for _, v := range list {
			if err := q.seq(name, v); err != nil {
				return err
			}
		}
	case "seq_id_range":
		if len(list) != 2 {
			return refusal(textRange)
		}
		return q.span(name, list)
	case "msg_id":
		return q.id(name, v)
	case "msg_ids":
		if !isList {
			return wrong(name)
		}
		for _, v := range list {
			if err := q.id(name, v); err != nil {
				return err
			}
		}
	case "publisher":
		return named(name, v, &q.publisher)
	case "epoch":
		return named(name, v, &q.epoch)
	case "time":
		if len(list) != 2 {
			return refusal(textTime)
		}
		return q.time(name, list)
	default:
		return refusal(textField)
	}
	return nil
}

func named(field string, v any, into *string) error {
	text, is := v.(string)
	if !is || len(text) > maxName {
		return wrong(field)
	}
	*into = text
	return nil
}

func plain(raw json.RawMessage) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return v, d.Decode(&v)
}

// seq takes a number; as in fedmsg, a text of digits counts as one, and null is
// nothing.
func (q *query) seq(field string, v any) error {
	n, ok := number(v)
	if !ok {
		return wrong(field)
	}
	if n >= 1 && n <= maxSeq && n == math.Trunc(n) {
		q.seqs = append(q.seqs, uint64(n))
	}
	return nil
}

// span takes the ends of a gap: what fedmsg's client has, and what it received
// then. What it has is left out: its loop yields the first message of an answer, and
// with that number it would yield an old one again and lose one more.
func (q *query) span(field string, list []any) error {
	from, ok := number(list[0])
	to, ok2 := number(list[1])
	if !ok || !ok2 {
		return wrong(field)
	}
	from, to = max(0, math.Floor(from))+1, min(maxSeq, math.Floor(to))
	if from <= to {
		q.spans = append(q.spans, span{uint64(from), uint64(to)})
	}
	return nil
}

func (q *query) id(field string, v any) error {
	switch v := v.(type) {
	case string:
		q.ids = append(q.ids, v)
	case nil:
	default:
		return wrong(field)
	}
	return nil
}

func (q *query) time(field string, list []any) error {
	from, ok := list[0].(json.Number)
	to, ok2 := list[1].(json.Number)
	if !ok || !ok2 {
		return wrong(field)
	}
	p := period{}
	var err, err2 error
	p.from, err = from.Float64()
	p.to, err2 = to.Float64()
	if errors.Join(err, err2) != nil || math.Abs(p.from) > maxSeq || math.Abs(p.to) > maxSeq {
		return wrong(field)
	}
	q.times = append(q.times, p)
	return nil
}

// number is a JSON number within 64 bits, or a text of one; NaN for null, which
// equals nothing.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case nil:
		return math.NaN(), true
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return math.NaN(), true // a text that is no number equals none
		}
		return float64(n), true
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return float64(n), true
		}
		f, err := v.Float64()
		return f, err == nil && math.Abs(f) < 1<<63
	}
	return 0, false
}

// spansOf is which numbers a query means, ascending and apart, as far as they are
// kept.
func (q *query) spansOf(ctx context.Context, source Source, h Have) ([]span, error) {
	var list []span
	add := func(s span) {
		q.dropped = q.dropped || s.to > 0 && s.from < h.Oldest && !q.all
		s.from, s.to = max(s.from, h.Oldest), min(s.to, h.Newest)
		if s.from <= s.to {
			list = append(list, s)
		}
	}
	if q.all {
		add(span{1, maxSeq})
	}
	for _, seq := range q.seqs {
		add(span{seq, seq})
	}
	for _, s := range q.spans {
		add(s)
	}
	for _, id := range q.ids {
		seq, err := source.ByID(ctx, h, id)
		if err != nil {
			return nil, err
		}
		add(span{seq, seq})
	}
	for _, p := range q.times {
		from, err := source.Since(ctx, h, time.Unix(int64(math.Ceil(p.from)), 0))
		if err != nil {
			return nil, err
		}
		behind, err := source.Since(ctx, h, time.Unix(int64(math.Floor(p.to))+1, 0))
		if err != nil {
			return nil, err
		}
		if from < behind {
			add(span{from, behind - 1})
		}
	}
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return merged(list), nil
}

// sought is what the query means where numbers mean nothing.
func (q *query) sought() Sought {
	s := Sought{All: q.all, IDs: q.ids}
	for _, p := range q.times {
		s.Times = append(s.Times, [2]time.Time{time.Unix(int64(math.Ceil(p.from)), 0), time.Unix(int64(math.Floor(p.to)), 0)})
	}
	return s
}

// runs are numbers as spans, in the same order.
func runs(numbers []uint64) []span {
	var out []span
	for _, n := range numbers {
		if last := len(out) - 1; last >= 0 && out[last].to+1 == n {
			out[last].to = n
			continue
		}
		out = append(out, span{n, n})
	}
	return out
}

// merged joins spans that touch or overlap, of a list in order.
func merged(list []span) []span {
	var out []span
	for _, s := range list {
		if n := len(out); n > 0 && s.from <= out[n-1].to+1 {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}
