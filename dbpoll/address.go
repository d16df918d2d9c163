package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
)

// address is the URL to connect with: what [db] url says, or the file that it
// names holds. An error never shows a password.
func address(configured string) (string, error) {
	path, ok := strings.CutPrefix(configured, "file:")
	if !ok {
		return configured, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the database's url: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line, nil
		}
	}
	return "", fmt.Errorf("reading the database's url: %s is empty", path)
}

var (
	passwordOption = regexp.MustCompile(`(?i)\bpassword\s*=`)
	// credentials are what stands between :// and the last @ before the path.
	credentials = regexp.MustCompile(`://[^/@]*:[^/]*@`)
)

// hasPassword tells whether a URL or libpq string holds a password.
func hasPassword(s string) bool {
	if passwordOption.MatchString(s) {
		return true
	}
	u, err := url.Parse(s)
	if err != nil || u.User == nil {
		return credentials.MatchString(s)
	}
	_, set := u.User.Password()
	return set
}

// shown is the URL without its password, for people.
func shown(s string) string {
	if !hasPassword(s) {
		return s
	}
	u, err := url.Parse(s)
	if err != nil || u.User == nil || u.RawQuery != "" {
		return "(a url with a password)"
	}
	u.User = url.User(u.User.Username())
	return u.String()
}

// worldReadable fails where everybody on the machine may read a file.
func worldReadable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o004 != 0 {
		return errors.New(path + " holds a password and everybody may read it (chmod 640, or keep the password in a file of its own: url = \"file:…\" or PGPASSFILE)")
	}
	return nil
}
