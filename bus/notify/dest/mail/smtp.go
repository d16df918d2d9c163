package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"busbar/bus/notify/dest"
)

const (
	commandPatience = 30 * time.Second
	idlePatience    = time.Minute // then a connection is not used again
)

// A client is a connection to the server.
type client struct {
	*smtp.Client
	conn net.Conn
	used time.Time
}

// deliver sends a mail over a connection that is there, or a new one.
func (d *Destination) deliver(ctx context.Context, from, to string, text []byte) error {
	for range 2 {
		c, fresh, err := d.connection(ctx)
		if err != nil {
			return err
		}
		begun, err := d.mail(ctx, c, from, to, text)
		if err == nil {
			d.giveBack(c)
			return nil
		}
		if _, answered := errors.AsType[*smtp.SMTPError](err); answered && c.Reset() == nil {
			d.giveBack(c)
		} else {
			d.drop(c)
		}
		if begun || fresh || ctx.Err() != nil {
			return err
		}
		d.forgetIdle() // it had ended while nobody used it, and so have the others
	}
	return errors.New("speaking to the mail server: each connection ends at once")
}

// mail sends a mail; begun says that the server has answered to it.
func (d *Destination) mail(ctx context.Context, c *client, from, to string, text []byte) (begun bool, err error) {
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	if err := c.Mail(from, &smtp.MailOptions{Body: smtp.Body7Bit, Size: int64(len(text))}); err != nil {
		_, begun := errors.AsType[*smtp.SMTPError](err)
		return begun, fmt.Errorf("sending from %s: %w", from, err) // whatever it is, it is of no single mail
	}
	if err := c.Rcpt(to, nil); err != nil {
		return true, fate(err, "naming the recipient")
	}
	w, err := c.Data()
	if err != nil {
		return true, fate(err, "sending a mail")
	}
	if _, err := w.Write(text); err != nil {
		return true, fate(err, "sending a mail")
	}
	if err := w.Close(); err != nil {
		err = fate(err, "sending a mail")
		if _, answered := errors.AsType[*smtp.SMTPError](err); !answered {
			err = dest.Unsure(err)
		}
		return true, err
	}
	return true, nil
}

// fate reads an answer (RFC 5321 §4.2.1): 5yz is for good, 4yz of this mail, and 421 of
// the server.
func fate(err error, doing string) error {
	answer, ok := errors.AsType[*smtp.SMTPError](err)
	err = fmt.Errorf("%s: %w", doing, err)
	switch {
	case !ok || answer.Code == 421:
		return err
	case answer.Code >= 500:
		return dest.Refused(err)
	}
	return dest.One(err)
}

// connection is one that is idle, or a new one.
func (d *Destination) connection(ctx context.Context) (c *client, fresh bool, err error) {
	d.mu.Lock()
	for len(d.idle) > 0 && !d.closed {
		c := d.idle[len(d.idle)-1]
		d.idle = d.idle[:len(d.idle)-1]
		if time.Since(c.used) < idlePatience {
			d.mu.Unlock()
			return c, false, nil
		}
		delete(d.open, c)
		c.conn.Close()
	}
	closed := d.closed
	d.mu.Unlock()
	if closed {
		return nil, false, errClosed
	}
	c, err = d.dial(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("connecting to the mail server: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		c.conn.Close()
		return nil, false, errClosed
	}
	d.open[c] = true
	return c, true, nil
}

func (d *Destination) dial(ctx context.Context) (*client, error) {
	config, err := d.tlsConfig()
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{Timeout: commandPatience}).DialContext(ctx, "tcp", d.config.Server)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	plain := conn
	if d.config.TLS == "tls" {
		conn = tls.Client(conn, config)
	}
	c := smtp.NewClient(conn)
	c.CommandTimeout, c.SubmissionTimeout = commandPatience, 2*commandPatience
	name, err := os.Hostname()
	if err != nil || !strings.Contains(name, ".") {
		name = "localhost"
	}
	err = c.Hello(name)
	offered := false
	if err == nil {
		offered, _ = c.Extension("STARTTLS")
	}
	if err == nil && (d.config.TLS == "starttls" || d.config.TLS == "offered" && offered) {
		if err := plain.Close(); err != nil {
			return nil, err
		}
		return d.dialStartTLS(ctx, config, name)
	}
	if err == nil {
		err = d.login(c)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &client{Client: c, conn: plain}, nil
}

// dialStartTLS is a second connection, since the library speaks STARTTLS before all else.
func (d *Destination) dialStartTLS(ctx context.Context, config *tls.Config, name string) (*client, error) {
	conn, err := (&net.Dialer{Timeout: commandPatience}).DialContext(ctx, "tcp", d.config.Server)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(commandPatience)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	c, err := smtp.NewClientStartTLS(conn, config)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := conn.SetDeadline(time.Time{}); err != nil { // the library sets its own
		return nil, errors.Join(err, conn.Close())
	}
	c.CommandTimeout, c.SubmissionTimeout = commandPatience, 2*commandPatience
	if err = c.Hello(name); err == nil {
		err = d.login(c)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &client{Client: c, conn: conn}, nil
}

// login shows the user and password, if there are any.
func (d *Destination) login(c *smtp.Client) error {
	if d.config.User == "" {
		return nil
	}
	raw, err := os.ReadFile(d.config.PasswordFile)
	if err != nil {
		return fmt.Errorf("reading [notify.mail] password_file: %w", err)
	}
	password, _, _ := strings.Cut(string(raw), "\n")
	return c.Auth(plain{d.config.User, strings.TrimRight(password, "\r")})
}

// plain is SASL's PLAIN (RFC 4616).
type plain struct{ user, password string }

// Start shows both at once.
func (p plain) Start() (string, []byte, error) {
	return "PLAIN", []byte("\x00" + p.user + "\x00" + p.password), nil
}

// Next is not called by servers that follow the standard.
func (p plain) Next([]byte) ([]byte, error) {
	return nil, errors.New("the mail server asks more than PLAIN has")
}

func (d *Destination) giveBack(c *client) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	c.used = time.Now()
	d.idle = append(d.idle, c)
}

func (d *Destination) forgetIdle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.idle {
		c.conn.Close()
		delete(d.open, c)
	}
	d.idle = nil
}

func (d *Destination) drop(c *client) {
	c.conn.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, c)
}
