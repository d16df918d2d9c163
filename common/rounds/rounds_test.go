package rounds

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"busbar/common/translate"
)

// A source tells numbers from a place that is stored, two at a time.
type source struct {
	Rounds
	stored, read int
	polls        int
}

func newSource(until int) *source {
	s := &source{}
	s.Now = time.Now
	s.Poll = func(context.Context) error {
		s.polls++
		if s.read == until {
			return io.EOF
		}
		for range 2 {
			s.read++
			s.Add(translate.Item[any]{Value: s.read}, nil)
		}
		return nil
	}
	s.Reset = func() { s.read = s.stored }
	s.Position = func() []byte { return []byte{byte(s.read)} }
	return s
}

func TestEverythingIsHandedOutOnce(t *testing.T) {
	s := newSource(6)
	var got []int
	for {
		it, position, done, err := s.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		got = append(got, it.Value.(int))
		if (position != nil) != (it.Value.(int)%2 == 0) {
			t.Errorf("item %d has the position %v", it.Value, position)
		}
		go done(nil)
	}
	if !slices.Equal(got, []int{1, 2, 3, 4, 5, 6}) || s.polls != 4 || s.Given() != 6 {
		t.Errorf("it gave %v in %d polls", got, s.polls)
	}
}

func TestTroubleThrowsTheRestAway(t *testing.T) {
	s := newSource(4)
	var stored, got []int
	told := 0
	fail := errors.New("the disk is full")
	for n := 0; ; n++ {
		it, position, done, err := s.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		got = append(got, it.Value.(int))
		if n == 2 { // the first of the second poll
			done(fail)
			continue
		}
		stored = append(stored, it.Value.(int))
		if position != nil {
			s.stored = int(position[0])
		}
		done(nil)
		done(nil) // twice is once
		told++
	}
	if !slices.Equal(stored, []int{1, 2, 3, 4}) || !slices.Equal(got, []int{1, 2, 3, 3, 4}) {
		t.Errorf("it gave %v, of which %v were stored", got, stored)
	}
}

func TestPauses(t *testing.T) {
	for _, c := range []struct{ interval, took, want time.Duration }{
		{time.Second, time.Millisecond, time.Second}, {time.Second, time.Second, 10 * time.Second}, {time.Second, time.Hour, longest},
		{time.Hour, time.Hour, time.Hour},
	} {
		if got := Pause(c.interval, c.took); got != c.want {
			t.Errorf("after %s at %s it pauses %s, want %s", c.took, c.interval, got, c.want)
		}
	}
	wake := make(chan struct{}, 1)
	wake <- struct{}{}
	if err := Wait(context.Background(), time.Hour, wake); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Wait(ctx, time.Hour, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait gives %v", err)
	}
}
