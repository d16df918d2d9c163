package replay

import (
	"errors"
	"fmt"

	"busbar/bus/filter"
	"busbar/bus/printer"
	"busbar/common/event"
	"busbar/common/sign"
	"busbar/common/wire"
)

// A collector verifies what comes, chooses, and prints it; and names what is not there.
type collector struct {
	out       *printer.Printer
	flush     func() error // of what is printed, before a notice
	verifier  *sign.Verifier
	takes     filter.Filter
	prefix    string
	publisher string // the only one that is wanted; empty: any

	missing int // what was named
	printed int
}

// take takes a message as its publisher sent it. What is wrong with it is named; the
// error is that of printing.
func (c *collector) take(topic string, body []byte) error {
	tree, e, err := event.ParseMessage(body)
	if err == nil && topic != e.Topic {
		err = fmt.Errorf("its frame says topic %.100q, its body %.100q", topic, e.Topic)
	}
	if err != nil {
		return c.refuse(e, err)
	}
	return c.takeTree(tree, e)
}

func (c *collector) takeTree(tree map[string]any, e event.Envelope) error {
	if err := c.verify(tree, e); err != nil {
		return c.refuse(e, err)
	}
	if c.publisher != "" && e.Publisher != c.publisher || !c.takes.Takes(c.prefix, e) {
		return nil
	}
	if err := c.out.Print(wire.Delivery{Topic: e.Topic, Tree: tree, Envelope: e}); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	c.printed++
	return nil
}

// verify holds a message to what it was when it was published: its certificate may
// have ended since.
func (c *collector) verify(tree map[string]any, e event.Envelope) error {
	if c.verifier == nil {
		return nil
	}
	if v := c.verifier.VerifySaid(tree, e.Timestamp); !v.OK {
		return errors.New(v.Reason)
	}
	return nil
}

func (c *collector) refuse(e event.Envelope, err error) error {
	return c.lack("refused message %d of %s, with id %s: %v", e.Seq, e.Publisher, e.MsgID, err)
}

// lack names what was asked for and is not there.
func (c *collector) lack(format string, args ...any) error {
	c.missing++
	if err := c.flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	c.out.Notice(format, args...)
	return nil
}

// lackNumbers names a run of messages; last 0 is all that follow.
func (c *collector) lackNumbers(publisher string, first, last uint64, why string) error {
	switch last {
	case 0:
		return c.lack("messages from %d on of %s are not there: %s", first, publisher, why)
	case first:
		return c.lack("message %d of %s is not there: %s", first, publisher, why)
	}
	return c.lack("messages %d to %d of %s are not there: %s", first, last, publisher, why)
}
