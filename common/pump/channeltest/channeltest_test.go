package channeltest

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/translate"
)

// A tape is a source that forgets what is done, and what reads it, with a fault.
type tape struct {
	mu     sync.Mutex
	fault  string
	items  []int
	sick   bool
	flying map[int]bool
}

// A reader is the channel of a tape.
type reader struct {
	*tape
	once bool
}

func (c reader) Next(ctx context.Context) (it translate.Item[any], position []byte, done func(error), err error) {
	for {
		if n, err := c.next(); n != 0 || err != nil {
			return translate.Item[any]{Origin: "tape", Value: n}, nil, func(err error) { c.done(n, err) }, err
		}
		if c.once {
			return it, nil, nil, io.EOF
		}
		if c.fault == "deaf" {
			ctx = context.Background()
		}
		select {
		case <-ctx.Done():
			return it, nil, nil, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

func (c reader) next() (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sick {
		if c.fault == "drops what a failure meets" && len(c.items) > 0 {
			c.items = c.items[1:]
		}
		return 0, errors.New("the tape is torn")
	}
	for i := range c.items {
		if c.fault == "disordered" {
			i = len(c.items) - 1 - i
		}
		if n := c.items[i]; !c.flying[n] {
			c.flying[n] = true
			if c.fault == "forgets before done" {
				c.items = append(c.items[:i:i], c.items[i+1:]...)
			}
			return n, nil
		}
	}
	return 0, nil
}

func (c *tape) done(n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && c.fault == "never forgets" || err != nil && c.fault != "keeps what was refused to itself" {
		delete(c.flying, n)
	}
	if err != nil || c.fault == "never forgets" || c.fault == "forgets nothing on disk" {
		return
	}
	for i, m := range c.items {
		if m == n {
			c.items = append(c.items[:i:i], c.items[i+1:]...)
			return
		}
	}
}

func tapeSource(fault string) Source {
	c := &tape{fault: fault}
	open := func(once bool) func(*journal.Journal) (pump.Channel, func()) {
		return func(*journal.Journal) (pump.Channel, func()) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.flying = map[int]bool{}
			return reader{c, once}, nil
		}
	}
	sick := func(is bool) { c.mu.Lock(); c.sick = is; c.mu.Unlock() }
	var patience time.Duration
	if fault != "" { // it is what has to fail, and soon
		patience = 5 * time.Second
	}
	return Source{
		Open: open(false), Once: open(true), Late: true,
		Add:      func(n int) { c.mu.Lock(); c.items = append(c.items, n); c.mu.Unlock() },
		Number:   func(it translate.Item[any]) int { return it.Value.(int) },
		Break:    func() func() { sick(true); return func() { sick(false) } },
		patience: patience,
	}
}

const faultVariable = "CHANNELTEST_FAULT"

// TestFaults: a channel that keeps the contract passes, and each that breaks it
// fails, by the check that is there for it. The suite runs in a process of its own,
// for it must fail.
func TestFaults(t *testing.T) {
	if fault, set := os.LookupEnv(faultVariable); set {
		Run(t, func(*testing.T) Source { return tapeSource(fault) })
		return
	}
	for fault, check := range map[string]string{
		"": "", "disordered": "each", "never forgets": "each", "forgets nothing on disk": "each", "keeps what was refused to itself": "refused",
		"forgets before done": "restarts", "deaf": "cancelled", "drops what a failure meets": "broken_source",
	} {
		t.Run(strconv.Quote(fault), func(t *testing.T) {
			t.Parallel()
			run := "^TestFaults$"
			if check != "" {
				run += "/^" + check + "$"
			}
			cmd := exec.Command(os.Args[0], "-test.run", run)
			cmd.Env = append(os.Environ(), faultVariable+"="+fault)
			out, err := cmd.CombinedOutput()
			if check == "" && err != nil {
				t.Errorf("it keeps the contract, and fails: %s", out)
			}
			if check != "" && (err == nil || !strings.Contains(string(out), "FAIL: TestFaults/"+check)) {
				t.Errorf("it passes the check %s: %v\n%s", check, err, out)
			}
		})
	}
}
