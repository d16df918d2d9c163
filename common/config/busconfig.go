package config

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/sign"
)

// StateDir holds a folder for each program, which its unit makes (StateDirectory).
const StateDir = "/var/lib/busbar"

// Bus is the [bus] table of every program.
type Bus struct {
	Prefix      string   `toml:"prefix" doc:"Topic prefix, before the environment."`
	Environment string   `toml:"environment" doc:"Environment in every topic: dev, stg, production; prod on old buses."`
	Name        string   `toml:"name" doc:"Name of this publisher, once per bus; it owns the sequence. Empty: PROGRAM.HOST."`
	Publish     []string `toml:"publish" doc:"Endpoints to bind for subscribers, such as tcp://*:9940. Empty: keep in the journal only."`
	Replay      []string `toml:"replay" doc:"Further endpoints to bind for replay alone, as fedmsg's replay_endpoints have them, such as tcp://*:9941. The endpoints of publish answer replay anyway."`
	Subscribe   []string `toml:"subscribe" doc:"Endpoints of all publishers, for those who follow the bus (bus tail)."`
	Discover    []string `toml:"discover" doc:"Where more publishers are found, for those who follow the bus: file:PATH (a list, TOML or JSON), dir:PATH (of such files), srv:DOMAIN (DNS). Changes are followed."`
	Hubs        []string `toml:"hubs" doc:"Endpoints of hubs ([hub] publish or replay of bus hub) that are asked for what a publisher no longer has, or while it is away. They are not followed for that: subscribe does."`
	Relay       string   `toml:"relay" doc:"Endpoint where bus log publishes: a relay that listens there (fedmsg's relay_inbound), or one to bind."`
	Journal     string   `toml:"journal" doc:"The journal's file. Empty: /var/lib/busbar/PROGRAM/journal.db."`
	Compat      []string `toml:"compat" doc:"Families of old topics to publish as well: debmessenger (uploads and bugs), debexpo (packages that are shown on mentors)."`
	Addresses   bool     `toml:"addresses" doc:"Publish e-mail addresses. false: people have names alone, and (address) stands in texts where one stood; ids stay the same."`
	Heartbeat   Duration `toml:"heartbeat" doc:"How often subscribers are sent the newest sequence number."`
	Metrics     string   `toml:"metrics" doc:"Address where Prometheus reads /metrics, and others ask /healthz, such as 127.0.0.1:9470. Empty: nowhere."`
	Quiet       Duration `toml:"quiet" doc:"How long nothing may be published before that is a failure (/healthz, status, check). 0s: for ever."`
	Log         string   `toml:"log" doc:"What is logged: debug, info, warn or error, and what is worse."`
	KeepAge     Duration `toml:"keep_age" doc:"Forget published messages older than this (their ids stay). 0s: keep for ever."`
	KeepSize    Size     `toml:"keep_size" doc:"Forget the oldest published messages beyond this journal size. 0: no limit."`
	PoisonItems int      `toml:"poison_items" doc:"How many items that could not be read, or dispute what is known, are kept. Beyond it the oldest of the translator that has most go, and the log says so. 0: no limit."`
	PoisonSize  Size     `toml:"poison_size" doc:"Size of these items together. Beyond it the largest of the translator that has most bytes go, and the log says so. 0: no limit."`
}

// Sign is the [sign] table of every program.
type Sign struct {
	Backend     string              `toml:"backend" doc:"x509: sign every message with a certificate's keys; gpg: with an OpenPGP key; none: an unsigned bus for development, and the log says so."`
	Certificate string              `toml:"certificate" doc:"PEM file of this publisher's certificate (x509)."`
	Key         string              `toml:"key" doc:"File of the private keys, readable by this program alone. x509: PEM, RSA, and behind it Ed25519, if the certificate has one. gpg: an OpenPGP secret key without a passphrase."`
	CA          string              `toml:"ca" doc:"PEM file of the authority whose certificates a subscriber trusts."`
	CRL         string              `toml:"crl" doc:"PEM file of that authority's revocation list."`
	Keyring     string              `toml:"keyring" doc:"OpenPGP keys that a subscriber trusts: a folder in which NAME.asc or NAME.gpg holds the public keys of the publisher gpg:NAME, or a keyring's file, whose keys are gpg:FINGERPRINT."`
	SHA1Only    []string            `toml:"sha1_only" doc:"Names whose messages a subscriber believes by fedmsg's signature alone, as fedmsg's own publishers make them: certificate names, by SHA-1, and * is all of them; gpg:NAME, gpg:FINGERPRINT or gpg:*, by an OpenPGP signature of the body, which covers no topic and no time. Busbar's publishers always add a strong one."`
	ExpiredCRL  string              `toml:"expired_crl" doc:"What a subscriber does when the list has expired: warn (use the last good one, raise an alarm) or refuse."`
	Policy      map[string][]string `toml:"policy" doc:"Who may say what: full topic, or a prefix ending in .*, to a list of names: of certificates, or gpg:NAME or gpg:FINGERPRINT. Empty: any certificate of the authority, and any key of the keyring."`

	Both bool `toml:"-"` // see sign.VerifierOptions
}

// DefaultBus and DefaultSign are the values before any file is read.
func DefaultBus() Bus {
	return Bus{Prefix: "org.debian", Environment: "dev", Addresses: true, Heartbeat: Duration(30 * time.Second), Log: "info", PoisonItems: 10_000, PoisonSize: 256 << 20}
}

// DefaultSign is the [sign] table before any file is read.
func DefaultSign() Sign { return Sign{Backend: "x509", ExpiredCRL: "warn"} }

// Publishers is whom those follow who follow the bus: where they are, and where
// they are found.
func (c Bus) Publishers() []string { return slices.Concat(c.Subscribe, c.Discover) }

// Levels are what [bus] log may be.
var Levels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

var environmentForm = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

// Complete fills what depends on the program's name, and reports what cannot
// work.
func (c *Bus) Complete(program string) error {
	if c.Name == "" {
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("naming the publisher: %w (set [bus] name)", err)
		}
		short, _, _ := strings.Cut(host, ".")
		c.Name = program + "." + short
	}
	if c.Journal == "" {
		c.Journal = filepath.Join(StateDir, program, "journal.db")
	}
	if err := event.CheckPrefix(c.Prefix); err != nil {
		return fmt.Errorf("checking [bus] prefix: %w", err)
	}
	if !environmentForm.MatchString(c.Environment) {
		return fmt.Errorf("checking [bus] environment: %q is not a word of a-z and 0-9 (dev, stg, production)", c.Environment)
	}
	if slices.ContainsFunc(c.Compat, func(f string) bool { return f != "debmessenger" && f != "debexpo" }) {
		return fmt.Errorf("checking [bus] compat: %q is not known (known: debmessenger, debexpo)", c.Compat)
	}
	if c.PoisonItems < 0 || c.PoisonSize < 0 {
		return fmt.Errorf("checking [bus]: poison_items (%d) and poison_size (%d) cannot be less than 0", c.PoisonItems, c.PoisonSize)
	}
	if _, ok := Levels[c.Log]; !ok {
		return fmt.Errorf("checking [bus] log: %q is none of debug, info, warn and error", c.Log)
	}
	if c.Quiet < 0 {
		return fmt.Errorf("checking [bus] quiet: %s is less than 0s", time.Duration(c.Quiet))
	}
	for _, of := range []struct {
		key, example string
		list         []string
	}{{"publish", "tcp://*:9940", c.Publish}, {"replay", "tcp://*:9941", c.Replay}, {"hubs", "tcp://hub.example.org:9950", c.Hubs}} {
		if err := checkEndpoints(of.key, of.example, of.list); err != nil {
			return err
		}
	}
	for _, e := range c.Replay {
		if slices.Contains(c.Publish, e) && !strings.HasSuffix(e, ":0") {
			return fmt.Errorf("checking [bus] replay: %q is in publish, too, where replay is answered anyway", e)
		}
	}
	for _, e := range c.Discover {
		if kind, rest, _ := strings.Cut(e, ":"); rest == "" || !slices.Contains([]string{"file", "dir", "srv"}, kind) {
			return fmt.Errorf("checking [bus] discover: %q is not file:PATH, dir:PATH or srv:DOMAIN", e)
		}
	}
	if err := CheckAddress(c.Metrics); c.Metrics != "" && err != nil {
		return fmt.Errorf("checking [bus] metrics: %w (want an address such as 127.0.0.1:9470)", err)
	}
	return nil
}

// Signer is the signer that the table asks for; nil with backend "none".
func (c Sign) Signer() (*sign.Signer, error) {
	switch c.Backend {
	case "none":
		return nil, nil
	case "x509":
	case "gpg":
		if c.Key == "" {
			return nil, fmt.Errorf("checking [sign]: key is not set, an OpenPGP secret key (make one with `bus keys gpg-make`)")
		}
		return sign.LoadGPGSigner(c.Key)
	default:
		return nil, fmt.Errorf("checking [sign] backend: %q is not known (known: x509, gpg, none)", c.Backend)
	}
	if c.Certificate == "" || c.Key == "" {
		return nil, fmt.Errorf("checking [sign]: certificate and key are not set (make them with `bus keys`, or set backend = \"none\" on a bus for development)")
	}
	return sign.LoadSigner(c.Certificate, c.Key)
}

// Verifier is the verifier of a subscriber, who believes certificates, OpenPGP keys or
// both, however this program signs; nil with backend "none", or where neither a CA nor
// a keyring is named.
func (c Sign) Verifier(alarm func(string)) (*sign.Verifier, error) {
	if c.Backend == "none" || c.CA == "" && c.Keyring == "" {
		return nil, nil
	}
	o := sign.VerifierOptions{CAFile: c.CA, CRLFile: c.CRL, Keyring: c.Keyring, SHA1Only: c.SHA1Only, Both: c.Both, Alarm: alarm}
	o.Policy.Topics = c.Policy
	o.Policy.Nitpicky = len(c.Policy) > 0
	switch c.ExpiredCRL {
	case "warn", "":
		o.CRLExpired = sign.CRLWarn
	case "refuse":
		o.CRLExpired = sign.CRLRefuse
	default:
		return nil, fmt.Errorf("checking [sign] expired_crl: %q is neither warn nor refuse", c.ExpiredCRL)
	}
	return sign.NewVerifier(o)
}
