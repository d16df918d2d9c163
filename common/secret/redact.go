package secret

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	// word is a password in a connection string of libpq, or in a query.
	word = regexp.MustCompile(`(?i)\b((?:ssl)?password|passwd|pwd|passphrase|secret|token|api_?key)(\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&'"]+)`)
	// account is what stands between :// and @ in running text (RFC 3986 §3.2.1).
	account = regexp.MustCompile(`(://[^\s/:@"']*:)([^\s@"']+)@`)
)

// unreadable is said of an address instead of what [url.Parse] quotes of it.
const unreadable = `the address cannot be read (in a password, write / as %2F, @ as %40, : as %3A, % as %25)`

// Redact is an address or a connection string without its password.
func Redact(s string) string {
	if !strings.ContainsAny(s, "@=") {
		return s
	}
	s = hide(s, passwords(s))
	if u, err := url.Parse(s); err == nil && u.User == nil { // what stands before an @ is a port and a path
		return word.ReplaceAllString(s, "${1}${2}"+hidden)
	}
	return Scrub(s)
}

// Scrub takes out of running text what looks like a password in an address: the
// last net, where others put an address into what they say.
func Scrub(s string) string {
	if strings.Contains(s, "@") {
		s = account.ReplaceAllString(s, "${1}"+hidden+"@")
	}
	if strings.Contains(s, "=") {
		s = word.ReplaceAllString(s, "${1}${2}"+hidden)
	}
	return s
}

// passwords are those in an address, in each form in which they may appear.
func passwords(s string) []string {
	var list []string
	add := func(p string) {
		quoted := strconv.Quote(p)
		for _, form := range []string{p, quoted[1 : len(quoted)-1], url.QueryEscape(p), url.PathEscape(p), url.UserPassword("", p).String()[1:]} {
			if form != "" && form != hidden && !slices.Contains(list, form) {
				list = append(list, form)
			}
		}
	}
	u, err := url.Parse(s)
	if err == nil && u.User != nil {
		if p, ok := u.User.Password(); ok {
			add(p)
		}
	}
	if _, rest, ok := strings.Cut(s, "://"); ok && (err != nil || u.User != nil) {
		// As it stands there, and whatever is before the last @ where it is no URL
		// that can be read.
		if i := strings.LastIndex(rest, "@"); i > 0 {
			if err == nil {
				i = strings.Index(rest, "@")
			}
			if _, p, ok := strings.Cut(rest[:i], ":"); ok {
				add(p)
			}
		}
	}
	for _, m := range word.FindAllStringSubmatch(s, -1) {
		p := m[3]
		if len(p) > 1 && p[0] == '\'' {
			p = p[1 : len(p)-1]
		}
		add(p)
		for _, unescape := range []func(string) (string, error){url.QueryUnescape, url.PathUnescape} { // libpq leaves a + as it is
			if plain, err := unescape(p); err == nil {
				add(plain)
			}
		}
		add(strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(p))
	}
	return list
}

// hide replaces them in one go: one may overlap another, and what stands for one may
// hold another.
func hide(s string, secrets []string) string {
	if len(secrets) == 0 {
		return s
	}
	secret := make([]bool, len(s))
	for _, p := range secrets {
		for at := 0; ; at += len(p) {
			i := strings.Index(s[at:], p)
			if i < 0 {
				break
			}
			at += i
			for j := range len(p) {
				secret[at+j] = true
			}
		}
	}
	var b strings.Builder
	for i := range len(s) {
		switch {
		case !secret[i]:
			b.WriteByte(s[i])
		case i == 0 || !secret[i-1]:
			b.WriteString(hidden)
		}
	}
	return b.String()
}

// Hide is an error that does not tell the password of an address. What it wraps
// is still there for errors.Is and errors.As.
func Hide(address string, err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if parse, ok := errors.AsType[*url.Error](err); ok && parse.Op == "parse" {
		// Its reason may be a part of a password that was not escaped.
		text = strings.ReplaceAll(text, parse.Error(), unreadable)
	}
	text = Scrub(hide(text, passwords(address)))
	if text == err.Error() {
		return err
	}
	return &masked{text, err}
}

type masked struct {
	text string
	err  error
}

func (m *masked) Error() string { return m.text }
func (m *masked) Unwrap() error { return m.err }
