package irc

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"busbar/common/config"
	"busbar/common/secret"
)

// Config is the [notify.irc] table.
type Config struct {
	Networks []Network `toml:"network"`
}

// A Network is a [[notify.irc.network]] table.
type Network struct {
	Name               string          `toml:"name" doc:"The network in addresses, such as oftc in irc:oftc/#debian-devel. Where there is one network alone, irc:#debian-devel says it, too."`
	Server             string          `toml:"server" doc:"Its server, such as irc.oftc.net:6697."`
	Plaintext          bool            `toml:"plaintext" doc:"Connect without TLS."`
	CA                 string          `toml:"ca" doc:"PEM file of the authority that the server's certificate must be of. Empty: the system's."`
	Certificate        string          `toml:"certificate" doc:"PEM file of the certificate that is shown to the server (CertFP), and by which we log in with sasl external."`
	Key                string          `toml:"key" doc:"PEM file of its key."`
	ServerPasswordFile string          `toml:"server_password_file" doc:"File whose first line is the server's password (PASS). Empty: none."`
	SASL               string          `toml:"sasl" doc:"How we log in to an account: plain (with account and password_file), external (with certificate). Empty: not."`
	Account            string          `toml:"account" doc:"The account. Empty: that of the nick."`
	PasswordFile       string          `toml:"password_file" doc:"File whose first line is the account's password."`
	Nick               string          `toml:"nick" doc:"Our nick; where it is taken, with _ behind it."`
	User               string          `toml:"user" doc:"Our user name. Empty: busbar."`
	RealName           string          `toml:"real_name" doc:"What people see of us who ask. Empty: the page of Busbar's notifications is not known, so the nick."`
	Channels           []string        `toml:"channels" doc:"Channels in which we are always, each #NAME, or #NAME KEY. Others are joined when something is said there first."`
	Notice             bool            `toml:"notice" doc:"Say by NOTICE, to which no program answers, in place of PRIVMSG."`
	NoColours          bool            `toml:"no_colours" doc:"Use no colours."`
	Lines              int             `toml:"lines" doc:"The most lines of a note. 0: 3."`
	Burst              int             `toml:"burst" doc:"How many lines may be said at once after a silence. 0: 5."`
	Pace               config.Duration `toml:"pace" doc:"In which time one more line may be said. 0s: 2s. Most networks throw out who is faster."`
}

const (
	defaultLines = 3
	mostLines    = 20
	defaultBurst = 5
	defaultPace  = 2 * time.Second
)

var (
	nameForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,40}$`)
	// nickForm is RFC 2812's, longer as networks have it.
	nickForm = regexp.MustCompile("^[A-Za-z\\[\\]\\\\`_^{|}][A-Za-z0-9\\[\\]\\\\`_^{|}-]{0,29}$")
	userForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,10}$`)
)

// complete fills what is left out, and reports what cannot work.
func (n *Network) complete() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("checking [[notify.irc.network]] %s: %w", n.Name, fmt.Errorf(format, args...))
	}
	if n.User == "" {
		n.User = "busbar"
	}
	if n.RealName == "" {
		n.RealName = n.Nick
	}
	if n.Lines == 0 {
		n.Lines = defaultLines
	}
	if n.Burst == 0 {
		n.Burst = defaultBurst
	}
	if n.Pace == 0 {
		n.Pace = config.Duration(defaultPace)
	}
	_, _, err := net.SplitHostPort(n.Server)
	switch {
	case !nameForm.MatchString(n.Name):
		return bad("name %q is not 1 to 40 letters, digits, dots, _ and -", n.Name)
	case err != nil:
		return bad("server: %w (want a host and its port, such as irc.oftc.net:6697)", err)
	case !nickForm.MatchString(n.Nick):
		return bad("nick %q is none", n.Nick)
	case !userForm.MatchString(n.User):
		return bad("user %q is not 1 to 10 letters, digits, dots, _ and -", n.User)
	case (n.Certificate == "") != (n.Key == ""):
		return bad("certificate and key belong together, and one is not set")
	case n.Plaintext && (n.CA != "" || n.Certificate != ""):
		return bad("with plaintext there is no use for ca and certificate")
	case n.SASL != "" && n.SASL != "plain" && n.SASL != "external":
		return bad("sasl %q is neither plain nor external", n.SASL)
	case n.SASL == "plain" && (n.PasswordFile == "" || n.Plaintext):
		return bad("sasl plain needs password_file, and TLS")
	case n.SASL == "external" && n.Certificate == "":
		return bad("sasl external needs certificate and key")
	case n.Lines < 1 || n.Lines > mostLines || n.Burst < 1 || n.Pace < 0:
		return bad("lines is 1 to %d, burst more than 0, and pace not less than 0s", mostLines)
	}
	for _, c := range n.Channels {
		name, key, _ := strings.Cut(c, " ")
		if !isChannel(name) || strings.ContainsAny(key, " ,\r\n\x00") {
			return bad("channels: %q is no channel such as #debian-devel, or #NAME KEY", c)
		}
	}
	return nil
}

// key is the channel's, empty where it needs none.
func (n *Network) key(channel string) string {
	for _, c := range n.Channels {
		if name, key, _ := strings.Cut(c, " "); lower(name) == lower(channel) {
			return key
		}
	}
	return ""
}

// isChannel says whether a text is a channel's name (RFC 2812 §1.3).
func isChannel(s string) bool {
	return len(s) > 1 && len(s) <= 64 && strings.ContainsRune("#&+!", rune(s[0])) && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == ',' || r == ':' || r == 0x7f
	}) && strings.ToValidUTF8(s, "") == s
}

// isNick says whether a text is the nick of a person. Services are none: to them each
// line is a command.
func isNick(s string) bool {
	return nickForm.MatchString(s) && !strings.HasSuffix(lower(s), "serv")
}

// secrets are read when a connection is made.
type secrets struct{ server, account secret.Text }

func (n *Network) secrets() (s secrets, err error) {
	if s.server, err = secret.FirstLine(n.ServerPasswordFile); err != nil {
		return s, fmt.Errorf("reading server_password_file: %w", err)
	}
	if s.account, err = secret.FirstLine(n.PasswordFile); err != nil {
		return s, fmt.Errorf("reading password_file: %w", err)
	}
	if strings.ContainsAny(s.server.Reveal(), " \x00") || strings.Contains(s.account.Reveal(), "\x00") {
		return s, errors.New("a password has a blank or a zero byte in it")
	}
	return s, nil
}

// tls is nil with plaintext.
func (n *Network) tls() (*tls.Config, error) {
	if n.Plaintext {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(n.Server)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if n.CA != "" {
		text, err := os.ReadFile(n.CA)
		if err != nil {
			return nil, fmt.Errorf("reading ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("reading ca: %s holds no certificate in PEM", n.CA)
		}
	}
	if n.Certificate != "" {
		own, err := tls.LoadX509KeyPair(n.Certificate, n.Key)
		if err != nil {
			return nil, fmt.Errorf("reading certificate and key: %w", err)
		}
		c.Certificates = []tls.Certificate{own}
	}
	return c, nil
}
