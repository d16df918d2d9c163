package database

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

var passwordWord = regexp.MustCompile(`(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]*)`)

// Redact is a URL or connection string without its password.
func Redact(text string) string {
	if u, err := url.Parse(text); err == nil && u.Scheme != "" && u.User != nil {
		text = u.Redacted()
	}
	return passwordWord.ReplaceAllString(text, "${1}xxxxx")
}

// hide keeps the password out of an error.
func hide(text string, err error) error {
	var secrets []string
	if u, perr := url.Parse(text); perr == nil && u.User != nil {
		if password, ok := u.User.Password(); ok {
			secrets = append(secrets, password, url.QueryEscape(password))
		}
	} else if _, rest, ok := strings.Cut(text, "@"); ok && perr != nil { // a URL that cannot be read
		if before, _, ok := strings.Cut(text, "@"+rest); ok {
			if i := strings.LastIndex(before, ":"); i > 0 {
				secrets = append(secrets, before[i+1:])
			}
		}
	}
	for _, m := range passwordWord.FindAllStringSubmatch(text, -1) {
		secrets = append(secrets, strings.Trim(m[2], "'"))
	}
	msg := err.Error()
	for _, s := range secrets {
		if s != "" && strings.Contains(msg, s) {
			msg = strings.ReplaceAll(msg, s, "xxxxx")
		}
	}
	if msg == err.Error() {
		return err
	}
	return errors.New(msg)
}
