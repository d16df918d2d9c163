package imap

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// An After is what becomes of mails on the server when their events are on disk: the
// zero value leaves them as they are.
type After struct {
	Mark bool   // as seen
	Move string // into this mailbox; empty: nowhere
}

// ParseAfter reads leave, mark, or move:MAILBOX.
func ParseAfter(text string) (After, error) {
	to, moves := strings.CutPrefix(text, "move:")
	switch {
	case text == "leave":
		return After{}, nil
	case text == "mark":
		return After{Mark: true}, nil
	case moves && to != "":
		return After{Move: to}, nil
	}
	return After{}, fmt.Errorf("%q is none of leave, mark, and move:MAILBOX", text)
}

func (a After) String() string {
	switch {
	case a.Move != "":
		return "move:" + a.Move
	case a.Mark:
		return "mark"
	}
	return "leave"
}

// into reports whether mails would be moved to where they lie. INBOX alone is the same
// in any letters (RFC 9051 §5.1).
func (a After) into(mailbox string) bool {
	return a.Move == mailbox || strings.EqualFold(a.Move, "INBOX") && strings.EqualFold(mailbox, "INBOX")
}

// Fits says what of a mailbox and what becomes of its mails goes together.
func (m Mailbox) Fits(a After) error {
	if a.into(m.Name) {
		return fmt.Errorf("%s: its mails cannot be moved into it", m)
	}
	return nil
}

// atOnceSettled is how many mails one command marks, or moves.
const atOnceSettled = 500

// changes tells that there may be something to mark or to move; nil where that is not
// asked for.
func (c *Channel) changes() <-chan struct{} {
	if c.o.After == (After{}) {
		return nil
	}
	return c.fresh
}

// mayChange looks once whether the mailbox can be changed as it must be. A server that
// says nothing of flags may be asked (RFC 9051 §6.3.2).
func (v *visit) mayChange(data *imap.SelectData) error {
	a := v.c.o.After
	if a.Move != "" && !v.cl.Caps().Has(imap.CapMove) {
		// To copy and to delete are two steps, between which a copy may be left behind.
		return fmt.Errorf("opening the mailbox: the server cannot move mails (RFC 6851), which %s asks for; mark or leave them", a)
	}
	if a.Mark && len(data.PermanentFlags) > 0 && !slices.Contains(data.PermanentFlags, imap.FlagSeen) {
		return errors.New("opening the mailbox: this user may not mark mails as seen there")
	}
	return nil
}

// settle marks or moves all mails up to the position that is on disk and lie there as
// they came: also those that were stored before this connection. That the server does not
// do it is no reason not to read on.
func (v *visit) settle() error {
	c := v.c
	if c.o.After == (After{}) {
		return nil
	}
	c.mu.Lock()
	upTo := c.stored
	c.mu.Unlock()
	if upTo.Validity != c.last.Validity || upTo.UID <= v.settled {
		return nil
	}
	err := v.change(imap.UIDRange{Start: imap.UID(v.settled + 1), Stop: imap.UID(upTo.UID)})
	var no *imap.Error
	refused := errors.As(err, &no) && no.Type != imap.StatusResponseTypeBye
	if err != nil && !refused {
		return err
	}
	if !refused {
		v.settled = upTo.UID
	}
	c.mu.Lock()
	changed := (c.left == nil) != (err == nil)
	c.left = err
	c.mu.Unlock()
	if changed && err != nil {
		c.o.Log.Warn("mails that were read lie there as before; trying again", "mailbox", c.o.Mailbox.String(), "error", err)
	}
	return nil
}

// change marks or moves what lies in a range of UIDs.
func (v *visit) change(within imap.UIDRange) error {
	about := &imap.SearchCriteria{UID: []imap.UIDSet{{within}}}
	if v.c.o.After.Mark {
		about.NotFlag = []imap.Flag{imap.FlagSeen}
	}
	v.conn.left.Store(overhead + 64<<20)
	found, err := v.cl.UIDSearch(about, nil).Wait()
	if err != nil {
		return fmt.Errorf("looking for mails that were read: %w", err)
	}
	uids := slices.DeleteFunc(found.AllUIDs(), func(u imap.UID) bool { return u < within.Start || u > within.Stop })
	slices.Sort(uids)
	for some := range slices.Chunk(uids, atOnceSettled) {
		v.conn.left.Store(overhead)
		if to := v.c.o.After.Move; to != "" {
			err = v.move(imap.UIDSetNum(some...), to)
		} else {
			err = v.cl.Store(imap.UIDSetNum(some...), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}, nil).Close()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", v.c.o.After, err)
		}
		v.c.count(func(s *Stats) { s.Settled += int64(len(some)) })
	}
	return nil
}

// move makes the mailbox where the server says that it is not there.
func (v *visit) move(uids imap.UIDSet, to string) error {
	_, err := v.cl.Move(uids, to).Wait()
	var no *imap.Error
	if errors.As(err, &no) && no.Code == imap.ResponseCodeTryCreate {
		if err = v.cl.Create(to, nil).Wait(); err == nil {
			_, err = v.cl.Move(uids, to).Wait()
		}
	}
	return err
}
