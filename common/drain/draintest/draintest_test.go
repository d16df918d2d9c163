package draintest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/common/drain"
	"busbar/common/journal"
)

// A shelf is a far side in this process, and the sink to it, with a fault.
type shelf struct {
	fault string

	stalled sync.Mutex // held by who stalls it

	mu    sync.Mutex
	got   [][]byte
	opens int
}

func (s *shelf) messages() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

func (s *shelf) Open(ctx context.Context, link *drain.Link) (drain.Conn, error) {
	s.mu.Lock()
	s.opens++
	if s.fault == "forgets on restart" {
		s.got = nil
	}
	fails := s.fault == "fails always" || s.fault == "opens a second time never" && s.opens > 1
	s.mu.Unlock()
	if fails {
		return nil, errors.New("the shelf is full")
	}
	switch s.fault {
	case "opens for ever":
		<-make(chan struct{})
	case "leaves goroutines behind":
		for range 3 {
			go func() { <-make(chan struct{}) }()
		}
	}
	return &shelved{s: s, link: link}, nil
}

// put puts messages onto the shelf, unless that is stalled.
func (s *shelf) put(batch []journal.Message) {
	s.stalled.Lock()
	defer s.stalled.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range batch {
		s.got = append(s.got, m.Wire)
	}
}

// A shelved is a connection.
type shelved struct {
	s     *shelf
	link  *drain.Link
	held  []journal.Message // acknowledged, and not put yet
	queue chan []journal.Message
}

// work puts what is in the queue.
func (c *shelved) work() {
	for batch := range c.queue {
		c.s.put(batch)
		c.link.Ack(batch[len(batch)-1].Seq)
	}
}

func (c *shelved) Send(ctx context.Context, batch []journal.Message) error {
	s, last := c.s, batch[len(batch)-1].Seq
	half := batch[:len(batch)/2]
	switch s.fault {
	case "loses a message":
		s.put(slices.DeleteFunc(slices.Clone(batch), func(m journal.Message) bool { return m.Seq == 77 }))
	case "loses the end of a batch":
		s.put(batch[:max(1, len(batch)-1)])
	case "fails half-way and does not say so":
		s.put(half)
	case "doubles a batch":
		s.put(batch)
		s.put(batch)
	case "turns a batch round":
		batch = slices.Clone(batch)
		slices.Reverse(batch)
		s.put(batch)
	case "is overtaken by its own workers":
		for _, part := range [][]journal.Message{batch[len(half):], half} {
			s.put(part)
		}
	case "changes bytes":
		batch = slices.Clone(batch)
		for i := range batch {
			batch[i].Wire = bytes.ReplaceAll(batch[i].Wire, []byte(`\n`), []byte(" "))
		}
		s.put(batch)
	case "acknowledges before it is put":
		s.put(c.held)
		c.held = batch
	case "acknowledges nothing":
		s.put(batch)
		return nil
	case "acknowledges half":
		s.put(batch)
		c.link.Ack(batch[len(batch)/2].Seq - 1)
		return nil
	case "acknowledges more than it got":
		s.put(batch)
		c.link.Ack(last + 1)
		return nil
	case "says no word of a failure":
		return nil
	case "sends for ever":
		<-make(chan struct{})
	case "does not hear its end":
		if ctx.Err() != nil {
			<-make(chan struct{})
		}
		s.put(batch)
	case "takes all that it is given":
		if c.queue == nil {
			c.queue = make(chan []journal.Message, 1<<20)
			go c.work()
		}
		c.queue <- batch
		return nil
	case "drops what comes after a failure":
		s.mu.Lock()
		again := s.opens > 1 && c.held == nil
		s.mu.Unlock()
		if c.held = batch; !again {
			s.put(batch)
		}
	default:
		s.put(batch)
	}
	c.link.Ack(last)
	return nil
}

func (c *shelved) Close() error {
	if c.s.fault == "closes for ever" {
		<-make(chan struct{})
	}
	if c.queue != nil {
		close(c.queue)
	}
	return nil
}

func shelfFar(fault string) Far {
	s := &shelf{fault: fault}
	window := 0
	if fault == "takes all that it is given" {
		window = -1
	}
	far := Far{
		Drain: func() *drain.Drain { return &drain.Drain{Sink: s, Window: window} }, Got: s.messages,
		Stall: func() func() { s.stalled.Lock(); return s.stalled.Unlock },
	}
	switch faults[fault].complaint { // what is waited for in vain has to fail soon
	case inVain:
		far.patience = 5 * time.Second
	case hangs: // and what comes before it may take its time
		far.endsIn = 10 * time.Second
	}
	return far
}

const (
	all     = "everything arrives in order"
	halfway = "the connection fails half-way in a batch"
	stall   = "the far side stalls"
	idle    = "the end comes while nothing waits"
	busy    = "the end comes while all waits"

	lost   = "lost, or out of order"
	inVain = "in vain"
	hangs  = "Run does not end"
)

// faults says which check finds a fault, and what it complains of.
var faults = map[string]struct{ check, complaint string }{
	"":                                   {},
	"loses a message":                    {all, lost},
	"loses the end of a batch":           {all, lost},
	"fails half-way and does not say so": {all, lost},
	"doubles a batch":                    {all, "came twice"},
	"turns a batch round":                {all, lost},
	"is overtaken by its own workers":    {all, lost},
	"changes bytes":                      {all, "not the same"},
	"acknowledges before it is put":      {all, inVain},
	"acknowledges nothing":               {all, inVain},
	"acknowledges half":                  {all, inVain},
	"acknowledges more than it got":      {all, inVain},
	"says no word of a failure":          {all, inVain},
	"forgets on restart":                 {all, lost},
	"fails always":                       {all, inVain},
	"opens a second time never":          {all, inVain},
	"leaves goroutines behind":           {all, inVain},
	"drops what comes after a failure":   {halfway, inVain},
	"takes all that it is given":         {stall, "are out while the far side takes nothing"},
	"sends for ever":                     {busy, hangs},
	"does not hear its end":              {busy, hangs},
	"opens for ever":                     {all, inVain},
	"closes for ever":                    {idle, hangs},
}

const faultVariable = "DRAINTEST_FAULT"

// TestFaults: a sink that keeps the contract passes, and each that breaks it fails,
// by the check that is there for it and with the complaint that fits. The suite runs
// in a process of its own, for it must fail.
func TestFaults(t *testing.T) {
	if fault, set := os.LookupEnv(faultVariable); set {
		Run(t, func(*testing.T) Far { return shelfFar(fault) })
		return
	}
	var wg sync.WaitGroup
	for fault, found := range faults {
		wg.Go(func() { // all at once: most of them wait
			check, run := strings.ReplaceAll(found.check, " ", "_"), "^TestFaults$"
			if check != "" {
				run += "/^" + check + "$"
			}
			cmd := exec.Command(os.Args[0], "-test.run", run)
			cmd.Env = append(os.Environ(), faultVariable+"="+fault)
			out, err := cmd.CombinedOutput()
			if check == "" && err != nil {
				t.Errorf("a sink that keeps the contract fails: %s", out)
			}
			if check != "" && (err == nil || !strings.Contains(string(out), "FAIL: TestFaults/"+check) || !strings.Contains(string(out), found.complaint)) {
				t.Errorf("a sink that %s: the check %q does not say %q: %v\n%s", fault, check, found.complaint, err, out)
			}
		})
	}
	wg.Wait()
}
