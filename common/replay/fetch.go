package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"busbar/common/wire/guard"
)

// connection fetches what it can over one connection. Nil is the whole range.
func (f *fetch) connection(ctx context.Context) error {
	if f.pinned && f.r.From > f.r.To {
		return nil // all but the end came
	}
	window := min(cmp.Or(f.c.Window, defaultCredit), maxCredit)
	x, err := f.dial(ctx, window)
	if err != nil {
		return err
	}
	defer x.Close()
	stop := context.AfterFunc(ctx, func() { x.Close() })
	defer stop()
	b, err := f.begun(x)
	if err != nil {
		return err
	}
	if err := f.pin(b); err != nil {
		return err
	}
	in := incoming{Exchange: x, f: f, window: window}
	for {
		word, raw, more, err := in.object()
		switch {
		case err != nil:
			return err
		case word == wordEnd && !more:
			return f.ended(raw)
		case word != wordPart || !more:
			return fmt.Errorf("the server says %.40q where messages should be", word)
		}
		var head partHead
		if err := decode(word, raw, &head); err != nil {
			return err
		}
		if head.First != f.r.From {
			return fmt.Errorf("the server sends message %d where %d is due", head.First, f.r.From)
		}
		if err := in.messages(); err != nil {
			return err
		}
	}
}

// begun reads the first answer.
func (f *fetch) begun(x *guard.Exchange) (begin, error) {
	in := incoming{Exchange: x}
	word, raw, more, err := in.object()
	var b begin
	switch {
	case err != nil:
		return b, err
	case word == wordEnd && !more:
		return b, f.ended(raw)
	case word != wordBegin || more:
		return b, fmt.Errorf("the server says %.40q first", word)
	}
	return b, decode(word, raw, &b)
}

// pin takes from the first answer what the request left open, and holds the later
// ones to it.
func (f *fetch) pin(b begin) error {
	if !f.pinned {
		f.pinned = true
		f.r.Publisher, f.r.Epoch = b.Publisher, b.Epoch
		if f.r.From == 0 {
			f.r.From = b.From
		}
		if f.r.To == 0 {
			f.r.To = max(b.To, f.r.From-1)
		}
	}
	if b.Publisher != f.r.Publisher || b.Epoch != f.r.Epoch || b.From != f.r.From {
		return fmt.Errorf("the server answers with messages %d on of %.100q, epoch %.100q", b.From, b.Publisher, b.Epoch)
	}
	return nil
}

// ended reads why the stream is over.
func (f *fetch) ended(raw []byte) error {
	var e end
	if err := decode(wordEnd, raw, &e); err != nil {
		return err
	}
	if err := e.err(); err != nil || f.r.From > f.r.To || !f.pinned {
		return err
	}
	return fmt.Errorf("the server ended before message %d", f.r.From)
}

// incoming reads one connection.
type incoming struct {
	*guard.Exchange
	f      *fetch
	window int
	taken  int       // bytes since credit was given
	until  time.Time // when the deadline was set
}

// object reads the first two frames of a message.
func (in *incoming) object() (word string, raw []byte, more bool, err error) {
	first, more, err := in.next()
	if err != nil {
		return "", nil, false, err
	}
	if len(first) > maxName || !more {
		return "", nil, false, fmt.Errorf("the server says %.40q, which is no message of a stream", first)
	}
	word = string(first)
	raw, more, err = in.next()
	return word, raw, more, err
}

// next reads a frame, within the time that the server has.
func (in *incoming) next() ([]byte, bool, error) {
	if now := time.Now(); now.Sub(in.until) > time.Second {
		in.until = now
		if err := in.Until(now.Add(answerIn)); err != nil {
			return nil, false, err
		}
	}
	body, more, err := in.Frame()
	if errors.Is(err, io.EOF) {
		err = errors.New("the connection was cut")
	}
	return body, more, err
}

// messages hands over those of one part.
func (in *incoming) messages() error {
	f := in.f
	for more := true; more; {
		first, inner, err := in.next()
		if err != nil {
			return err
		}
		if !inner {
			return errors.New("the server sends a topic without a message")
		}
		topic := string(first)
		var body []byte
		if body, more, err = in.next(); err != nil {
			return err
		}
		if f.r.From > f.r.To {
			return fmt.Errorf("the server sends more than message %d, the last one", f.r.To)
		}
		in.taken += len(topic) + len(body)
		if err := f.hand(topic, slices.Clone(body)); err != nil {
			f.final = true
			return err
		}
		f.r.From++
		f.count++
		f.moved = time.Now()
		if err := in.grant(); err != nil {
			return err
		}
	}
	return nil
}

// grant gives credit for what was handed over.
func (in *incoming) grant() error {
	if in.taken < in.window/4 {
		return nil
	}
	more := guard.AppendFrame(guard.AppendFrame(nil, true, []byte(wordMore)), false, encode(grant{int64(in.taken)}))
	in.taken = 0
	return in.Write(more)
}
