package pump

import (
	"context"
	"errors"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/translate"
)

// A tray is a channel whose one item somebody may take away.
type tray struct {
	item  chan string
	rest  func()
	moved chan struct{} // Next goes on
}

func (c *tray) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	for {
		select {
		case <-ctx.Done():
			return translate.Item[any]{}, nil, nil, ctx.Err()
		case s := <-c.item:
			return translate.Item[any]{Origin: s, Value: s, Raw: []byte(s)}, nil, func(err error) {
				if err != nil && s != "gone" {
					c.item <- s
				}
			}, nil
		case <-c.moved:
			if len(c.item) == 0 {
				c.rest()
			}
		}
	}
}

// TestTransientErrorEndsWithTheItem: the item that failed is removed, and the source
// says that nothing is left.
func TestTransientErrorEndsWithTheItem(t *testing.T) {
	c := &tray{item: make(chan string, 1), moved: make(chan struct{})}
	sick := errors.New("the translator is away")
	p := &Pump{
		Channel: c, Source: "tray",
		Table: notes(nil),
	}
	p.Table[0].Translate = func(translate.Item[any]) ([]event.Event, error) { return nil, sick }
	c.rest = p.Idle
	p.Idle() // before it runs: nothing
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	c.item <- "gone"
	for p.Err() == nil && ctx.Err() == nil {
		time.Sleep(time.Millisecond) // until the item has failed
	}
	if !errors.Is(p.Err(), sick) {
		t.Fatalf("Err: %v", p.Err())
	}
	c.moved <- struct{}{} // taken after the pause: the pump reads again
	c.moved <- struct{}{} // and the first was dealt with
	if err := p.Err(); err != nil {
		t.Errorf("nothing waits, and still: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
