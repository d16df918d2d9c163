package imap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const (
	renew    = 9 * time.Minute // servers may end IDLE after 30 minutes, address translators after 10
	atOnce   = 200             // mails whose sizes are asked for in one command
	together = 4 << 20         // bytes of mails that are asked for in one command
	overhead = 16 << 20        // what may come beside mails: lists of numbers, what other clients did
)

// A visit is one connection.
type visit struct {
	c    *Channel
	conn *watched
	cl   *imapclient.Client
	hint chan struct{}
	// settled is up to which UID mails were marked, or moved, by this connection.
	settled uint32
}

// visit reads until the connection ends, with the reason.
func (c *Channel) visit(ctx context.Context) error {
	v := &visit{c: c, hint: make(chan struct{}, 1)}
	if err := v.connect(ctx); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { v.conn.Conn.Close() })
	defer stop()
	defer v.cl.Close()
	if err := v.open(); err != nil {
		return err
	}
	c.count(func(s *Stats) { s.Connections, s.Connected = s.Connections+1, true })
	defer c.count(func(s *Stats) { s.Connected = false })
	for {
		if err := v.news(ctx); err != nil {
			return err
		}
		if err := v.settle(); err != nil {
			return err
		}
		c.note(nil)
		c.count(func(s *Stats) { s.Looked = time.Now() })
		c.rested()
		if err := v.wait(ctx); err != nil {
			return err
		}
	}
}

// Check connects, logs in and opens the mailbox, once.
func Check(ctx context.Context, o Options) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	v := &visit{c: &Channel{o: o}, hint: make(chan struct{}, 1)}
	if err := v.connect(ctx); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { v.conn.Conn.Close() })
	defer stop()
	defer v.cl.Close()
	return v.open()
}

// connect dials and logs in.
func (v *visit) connect(ctx context.Context) error {
	m := v.c.o.Mailbox
	raw, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", m.Address)
	if err != nil {
		return err
	}
	config := &tls.Config{ServerName: m.Host, MinVersion: tls.VersionTLS12}
	if file := v.c.o.CA; file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			raw.Close()
			return err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			raw.Close()
			return fmt.Errorf("%s holds no certificate", file)
		}
	}
	options := &imapclient.Options{TLSConfig: config, UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				select {
				case v.hint <- struct{}{}:
				default:
				}
			}
		},
	}}
	v.conn = &watched{Conn: raw}
	v.conn.left.Store(overhead)
	if m.TLS == "tls" {
		// Whatever is read of it has a deadline: that of the connection below.
		v.conn.Conn = tls.Client(raw, config)
	}
	if m.TLS == "starttls" {
		v.cl, err = imapclient.NewStartTLS(v.conn, options)
	} else {
		v.cl = imapclient.New(v.conn, options)
		err = v.cl.WaitGreeting()
	}
	if err != nil {
		raw.Close()
		return fmt.Errorf("connecting: %w", err)
	}
	password, err := v.c.o.Password()
	if err == nil {
		err = v.cl.Login(m.User, password).Wait()
	}
	if err != nil {
		v.cl.Close()
		return fmt.Errorf("logging in as %s: %w", m.User, err)
	}
	return nil
}

// open selects the mailbox, for reading alone where nothing is to be changed. One that was made again has other UIDs: all
// is read again, and what is known is published no second time.
func (v *visit) open() error {
	v.conn.left.Store(overhead)
	data, err := v.cl.Select(v.c.o.Mailbox.Name, &imap.SelectOptions{ReadOnly: v.c.o.After == After{}}).Wait()
	if err != nil {
		return fmt.Errorf("opening the mailbox: %w", err)
	}
	if data.UIDValidity == 0 {
		return errors.New("opening the mailbox: its mails have no lasting numbers (UIDVALIDITY)")
	}
	if v.c.last.Validity != data.UIDValidity {
		if v.c.last.Validity != 0 {
			v.c.o.Log.Warn("mailbox was made again: reading all of it", "mailbox", v.c.o.Mailbox.String())
		}
		v.c.last = position{Validity: data.UIDValidity}
	}
	return v.mayChange(data)
}

// news hands out what is above the last UID.
func (v *visit) news(ctx context.Context) error {
	last := imap.UID(v.c.last.UID)
	if last == ^imap.UID(0) {
		return nil
	}
	above := imap.UIDSet{imap.UIDRange{Start: last + 1, Stop: 0}} // 0: the highest
	v.conn.left.Store(overhead + 64<<20)
	found, err := v.cl.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{above}}, nil).Wait()
	if err != nil {
		return fmt.Errorf("looking for mails: %w", err)
	}
	uids := found.AllUIDs()
	slices.Sort(uids)
	for len(uids) > 0 && uids[0] <= last { // "4:*" has the last mail even if it is 3
		uids = uids[1:]
	}
	for len(uids) > 0 {
		n := min(len(uids), atOnce)
		if err := v.fetch(ctx, slices.Compact(uids[:n:n])); err != nil {
			return err
		}
		uids = uids[n:]
	}
	return nil
}

// fetch hands out some mails, few at a time where they are long.
func (v *visit) fetch(ctx context.Context, uids []imap.UID) error {
	v.conn.left.Store(overhead)
	sizes, err := v.cl.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, RFC822Size: true}).Collect()
	if err != nil {
		return fmt.Errorf("asking for sizes: %w", err)
	}
	most := v.c.o.Limit + 1
	size := map[imap.UID]int64{}
	for _, m := range sizes {
		size[m.UID] = max(0, min(m.RFC822Size, most))
	}
	uids = slices.DeleteFunc(uids, func(u imap.UID) bool { _, there := size[u]; return !there }) // gone meanwhile
	for len(uids) > 0 {
		n, sum := 1, size[uids[0]]
		for n < len(uids) && sum+size[uids[n]] <= together {
			sum += size[uids[n]]
			n++
		}
		if err := v.bodies(ctx, uids[:n], sum, most); err != nil {
			return err
		}
		uids = uids[n:]
	}
	return nil
}

func (v *visit) bodies(ctx context.Context, uids []imap.UID, sum, most int64) error {
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Offset: 0, Size: most}}
	v.conn.left.Store(overhead + 2*sum)
	mails, err := v.cl.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil {
		return fmt.Errorf("fetching mails: %w", err)
	}
	slices.SortFunc(mails, func(a, b *imapclient.FetchMessageBuffer) int { return int(int64(a.UID) - int64(b.UID)) })
	for _, m := range mails {
		if !slices.Contains(uids, m.UID) || len(m.BodySection) != 1 {
			continue // a word of another client's doing
		}
		it := item{raw: toLF(m.BodySection[0].Bytes), at: m.InternalDate, upTo: position{v.c.last.Validity, uint32(m.UID)}}
		if err := v.c.put(ctx, it); err != nil {
			return err
		}
	}
	return nil
}

// wait waits for a hint, or for as long as a connection may be quiet.
func (v *visit) wait(ctx context.Context) error {
	idles, most := v.cl.Caps().Has(imap.CapIdle), renew
	if !idles {
		most = min(v.c.o.Poll, renew)
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	v.conn.left.Store(overhead)
	if !idles {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-v.c.changes():
		case <-timer.C:
		}
		return v.in(v.cl.Noop().Wait)
	}
	idle, err := v.cl.Idle()
	if err != nil {
		return fmt.Errorf("waiting for mails: %w", err)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-v.hint:
	case <-v.c.changes():
	case <-timer.C:
	case <-v.cl.Closed():
		return errors.New("the server has hung up")
	}
	return v.in(func() error {
		if err := idle.Close(); err != nil {
			return err
		}
		return idle.Wait()
	})
}

// in has an answer come in time, or ends the connection.
func (v *visit) in(answer func() error) error {
	late := time.AfterFunc(patience, func() { v.conn.Conn.Close() })
	defer late.Stop()
	return answer()
}
