package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"busbar/common/wire/guard"
)

var (
	// ErrNoMatch says that no message with that id was ever published there.
	ErrNoMatch = errors.New("no message with this id was ever published there")
	// ErrDropped says that it was, and that retention has dropped it.
	ErrDropped = errors.New("retention has dropped the message with this id")
)

// ByID asks an endpoint for the message with an id, in fedmsg's form; the year in it
// does not count. It tries once. Errors that stay are ErrNoMatch, ErrDropped,
// ErrNoReplay, ErrUnreadable and ErrRefused.
func (c *Client) ByID(ctx context.Context, endpoint, id string) ([]byte, error) {
	body, err := inquire(ctx, endpoint, map[string]string{"msg_id": id})
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("asking %s for message %.100q: %w", endpoint, id, err)
	}
	return body, nil
}

func inquire(ctx context.Context, endpoint string, query map[string]string) ([]byte, error) {
	text, err := json.Marshal(query)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	x, err := guard.DialExchange(ctx, endpoint, guard.Options{})
	if errors.Is(err, guard.ErrOtherSocket) {
		err = fmt.Errorf("%w: %w", ErrNoReplay, err)
	}
	if err != nil {
		return nil, err
	}
	defer x.Close()
	stop := context.AfterFunc(ctx, func() { x.Close() })
	defer stop()
	if err := x.Until(time.Now().Add(answerIn)); err != nil {
		return nil, err
	}
	if err := x.Write(guard.AppendFrame(guard.AppendFrame(nil, true, nil), false, text)); err != nil {
		return nil, err
	}
	frames, err := x.Next()
	if err != nil {
		return nil, err
	}
	if len(frames) != 2 || len(frames[0]) > 0 {
		return nil, fmt.Errorf("the answer has %d frames, not an empty one and a message", len(frames))
	}
	return frames[1], refused(string(frames[1]))
}

// refused reads an answer that is an error.
func refused(answer string) error {
	text, is := strings.CutPrefix(answer, "error: '")
	if !is {
		return nil
	}
	text = strings.TrimSuffix(text, "'")
	gone, _, _ := strings.Cut(textGone, "%d")
	switch {
	case text == textNoMatch:
		return ErrNoMatch
	case strings.HasPrefix(text, gone):
		return ErrDropped
	case text == textUnable:
		return ErrUnreadable
	}
	return fmt.Errorf("%w: %.200q", ErrRefused, text)
}
