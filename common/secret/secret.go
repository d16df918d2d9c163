// Package secret holds texts that are never shown: passwords, keys, and
// addresses that have a password in them. Whatever prints, marshals or logs
// them, or what holds them, gets a substitute; who needs the text asks for it.
//
// Not here: who may read the files that secrets are in (common/node).
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden stands where a secret would be.
const hidden = "xxxxx"

// A Text is a secret. It holds a pointer, so that not even what prints the
// fields of a struct by reflection finds it.
type Text struct{ value *string }

// New makes a secret of a text; the empty text is none.
func New(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{&s}
}

// Reveal is the text itself.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// Empty says that there is none.
func (t Text) Empty() bool { return t.value == nil }

// String is a substitute, as is everything below.
func (t Text) String() string {
	if t.value == nil {
		return ""
	}
	return hidden
}

// Format is for package fmt, whatever the verb.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// MarshalText is for JSON, TOML and XML.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// LogValue is for log/slog.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// UnmarshalText reads the secret.
func (t *Text) UnmarshalText(b []byte) error {
	*t = New(string(b))
	return nil
}

// A URL is an address, or a connection string, that may hold a password. It is
// shown without.
type URL struct{ value *string }

// NewURL makes one of a text; the empty text is none.
func NewURL(s string) URL { return URL(New(s)) }

// Reveal is the address with its password.
func (u URL) Reveal() string { return Text(u).Reveal() }

// Empty says that there is none.
func (u URL) Empty() bool { return u.value == nil }

// HasPassword says that it holds one.
func (u URL) HasPassword() bool { return len(passwords(u.Reveal())) > 0 }

// String is the address without its password, as is everything below.
func (u URL) String() string { return Redact(u.Reveal()) }

// Format is for package fmt, whatever the verb.
func (u URL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }

// MarshalText is for JSON, TOML and XML.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// LogValue is for log/slog.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// UnmarshalText reads the address.
func (u *URL) UnmarshalText(b []byte) error {
	*u = NewURL(string(b))
	return nil
}
