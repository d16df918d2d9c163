package config

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"busbar/common/config"
	"busbar/common/pattern"
)

// Forward is the [forward] table: where `bus forward` brings what is said.
type Forward struct {
	To           []string        `toml:"to" doc:"The servers, all of one cluster: nats://HOST:PORT, or tls://HOST:PORT where TLS must be used. The first that can be reached is taken."`
	Stream       string          `toml:"stream" doc:"The JetStream stream into which messages go. bus forward must be its only writer."`
	Subjects     []string        `toml:"subjects" doc:"Subjects of the stream, if it has to be made: topics, with * for one part and > for all that follow. Empty: all of [bus] prefix."`
	Create       bool            `toml:"create" doc:"Make the stream if it is not there. One that is there is never changed."`
	Replicas     int             `toml:"replicas" doc:"On how many servers of a cluster a stream that is made is kept: 1, 3 or 5."`
	KeepAge      config.Duration `toml:"keep_age" doc:"After how long a stream that is made forgets messages. 0s: never."`
	KeepSize     config.Size     `toml:"keep_size" doc:"Beyond which size a stream that is made forgets the oldest messages. 0: none."`
	Domain       string          `toml:"domain" doc:"JetStream's domain. Empty: that of the servers."`
	Position     string          `toml:"position" doc:"File that remembers up to where messages are in the stream. Empty: /var/lib/busbar/forward/position."`
	From         string          `toml:"from" doc:"Where to begin with a publisher that is new: start (with the oldest that it keeps), now, or a time such as 2026-11-28T12:00:00Z."`
	Listen       string          `toml:"listen" doc:"Address where bus forward answers /healthz, /metrics and /status.json, such as 127.0.0.1:9482. Empty: nowhere."`
	User         string          `toml:"user" doc:"User at the servers, with password_file."`
	PasswordFile string          `toml:"password_file" doc:"File whose first line is the user's password."`
	TokenFile    string          `toml:"token_file" doc:"File whose first line is a token, in place of a user."`
	Nkey         string          `toml:"nkey" doc:"File with the seed of an NKey, in place of a user."`
	Credentials  string          `toml:"credentials" doc:"Credentials file of NATS (a JWT and its seed), in place of a user."`
	CA           string          `toml:"ca" doc:"PEM file of the authority that the servers' certificates must be of; with it, TLS must be used. Empty: the system's authorities."`
	Certificate  string          `toml:"certificate" doc:"PEM file of the certificate that is shown to the servers. Empty: none."`
	Key          string          `toml:"key" doc:"PEM file of its key."`
}

// DefaultForward is the [forward] table before any file is read.
func DefaultForward() Forward {
	return Forward{Stream: "BUSBAR", Create: true, Replicas: 1, From: "start"}
}

var streamForm = pattern.New(`^[A-Za-z0-9_-]{1,200}$`)

// Complete fills what is left out, and reports what cannot work.
func (f *Forward) Complete(prefix string) error {
	if f.Position == "" {
		f.Position = filepath.Join(config.StateDir, "forward", "position")
	}
	if len(f.Subjects) == 0 {
		f.Subjects = []string{prefix + ".>"}
	}
	if len(f.To) == 0 {
		return errors.New("checking [forward] to: it is empty (set it, or --to, to a server such as nats://127.0.0.1:4222)")
	}
	for _, to := range f.To {
		if err := checkServer(to); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(f.To, func(to string) bool { return strings.HasPrefix(to, "tls:") != strings.HasPrefix(f.To[0], "tls:") }) {
		return errors.New("checking [forward] to: some servers are nats:// and some are tls://, and they are one cluster (use tls:// for all, or for none)")
	}
	if !streamForm.MatchString(f.Stream) {
		return fmt.Errorf("checking [forward] stream: %q is no name of a stream (letters, digits, - and _)", f.Stream)
	}
	if f.Replicas < 1 || f.Replicas > 5 {
		return fmt.Errorf("checking [forward] replicas: %d is not between 1 and 5", f.Replicas)
	}
	if f.KeepAge < 0 || f.KeepSize < 0 {
		return fmt.Errorf("checking [forward]: keep_age (%s) and keep_size (%d) cannot be less than 0", time.Duration(f.KeepAge), f.KeepSize)
	}
	if err := config.CheckAddress(f.Listen); f.Listen != "" && err != nil {
		return fmt.Errorf("checking [forward] listen: %w (want an address such as 127.0.0.1:9482)", err)
	}
	return f.checkAccess()
}

func checkServer(to string) error {
	u, err := url.Parse(to)
	switch {
	case err == nil && u.User != nil: // err would show it
		return errors.New("checking [forward] to: an address has a user or a password in it, which everybody sees who lists processes (set [forward] user and password_file, or token_file)")
	case err != nil || u.Scheme != "nats" && u.Scheme != "tls" || u.Hostname() == "" || u.Path != "" || u.RawQuery != "":
		return fmt.Errorf("checking [forward] to: %q is no server such as nats://127.0.0.1:4222 or tls://nats.example.org:4222", to)
	}
	return nil
}

func (f *Forward) checkAccess() error {
	ways := 0
	for _, set := range []string{f.User, f.TokenFile, f.Nkey, f.Credentials} {
		if set != "" {
			ways++
		}
	}
	switch {
	case ways > 1:
		return errors.New("checking [forward]: more than one of user, token_file, nkey and credentials is set, and the servers ask for one")
	case (f.User == "") != (f.PasswordFile == ""):
		return errors.New("checking [forward]: user and password_file belong together, and one is not set")
	case (f.Certificate == "") != (f.Key == ""):
		return errors.New("checking [forward]: certificate and key belong together, and one is not set")
	}
	return nil
}

// Secrets are the files that must be kept from others.
func (f *Forward) Secrets() []string {
	return slices.DeleteFunc([]string{f.PasswordFile, f.TokenFile, f.Nkey, f.Credentials, f.Key}, func(file string) bool { return file == "" })
}
