package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"time"

	"busbar/common/secret"
)

// Lines is the [lines] table: a way out into a file.
type Lines struct {
	File string `toml:"file" doc:"File to which each message is appended as one line of JSON, durably; this program alone writes it, and logrotate may rename it. Empty: none."`
	From string `toml:"from" doc:"Where a new file's lines begin, if nothing was written to one yet: start (the oldest message that is kept) or now."`
}

func (c Lines) check() error {
	if c.File != "" && !filepath.IsAbs(c.File) {
		return fmt.Errorf("checking [lines] file: %q is no absolute path", c.File)
	}
	return checkFrom("lines", c.From)
}

// Push is the [push] table: a way out through HTTPS.
type Push struct {
	URL         secret.URL `toml:"url" doc:"Where messages are posted, by https (http to this machine alone): a hub, or any receiver of Standard Webhooks. Empty: nowhere."`
	SecretFile  string     `toml:"secret_file" doc:"File with the secret that the receiver knows, too: whsec_ and 24 to 64 bytes in base64. While it is changed, both, the new one first, one a line."`
	CA          string     `toml:"ca" doc:"PEM file of the authority that the receiver's certificate must be of. Empty: the system's authorities."`
	Certificate string     `toml:"certificate" doc:"PEM file of the certificate that is shown to the receiver. Empty: none."`
	Key         string     `toml:"key" doc:"PEM file of its key."`
	Batch       int        `toml:"batch" doc:"Most messages in one request, a line each. With 1 the request's webhook-id is the message's id."`
	Timeout     Duration   `toml:"timeout" doc:"How long a request may take, with its answer."`
	From        string     `toml:"from" doc:"Where a new receiver begins, if nothing was pushed yet: start (the oldest message that is kept) or now."`
}

func defaultPush() Push {
	return Push{Batch: 256, Timeout: Duration(30 * time.Second), From: Start}
}

func (c Push) check() error {
	if c.URL.Empty() {
		return nil
	}
	u, err := url.Parse(c.URL.Reveal())
	switch {
	case err != nil:
		return fmt.Errorf("checking [push] url: %w", secret.Hide(c.URL.Reveal(), err))
	case u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !here(u.Hostname())):
		return fmt.Errorf("checking [push] url: %q is no address such as https://hub.example.org/push (http reaches this machine alone)", c.URL)
	case c.SecretFile == "":
		return errors.New("checking [push] secret_file: it is not set, and the receiver could not tell our requests from others'")
	case (c.Certificate == "") != (c.Key == ""):
		return errors.New("checking [push]: certificate and key belong together, and one is not set")
	case c.Batch < 1 || c.Batch > 1000:
		return fmt.Errorf("checking [push] batch: %d is not between 1 and 1000", c.Batch)
	case c.Timeout <= 0:
		return fmt.Errorf("checking [push] timeout: %s is not more than 0s", time.Duration(c.Timeout))
	}
	return checkFrom("push", c.From)
}

// here says that a name is this machine's.
func here(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Start and Now are what from may be.
const (
	Start = "start"
	Now   = "now"
)

func checkFrom(table, from string) error {
	if from != Start && from != Now {
		return fmt.Errorf("checking [%s] from: %q is neither %s nor %s", table, from, Start, Now)
	}
	return nil
}
