// Package spool reads the directory between the hooks of version control
// systems and the daemon: one file for each call of a hook (scmhook/hook).
//
// A file is one line of JSON (Notice) and behind it the hook's standard input
// as it came. It appears under its final name only when all of it is on disk,
// so a reader never sees a part. Names sort by the time of the call.
//
// What a file says of the pusher is a claim; its owner, which the system knows,
// is in Notice.Owner.
//
// Not here: what a push means (scmhook/git and its neighbours), what was published
// before (scmhook/refs), and waiting for files.
package spool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"busbar/scmhook/hook"
	"busbar/scmhook/text"
)

const maxHead = 1 << 20

// ErrUnreadable means that a file of the spool is damaged or not of this form.
var ErrUnreadable = errors.New("the spool file cannot be read")

// A Notice is one call of a hook.
type Notice struct {
	Version    int
	System     string // git, svn, hg
	Hook       string // hook.PostReceive and its neighbours
	Repository string
	Time       time.Time
	Args       []string
	Env        map[string]string // what may name the pusher, and push options
	// Cut says that the input was longer than hook.MaxInput and is left out:
	// only comparing refs can tell what was pushed.
	Cut bool

	Input []byte // the hook's standard input
	Name  string // of the file
	Owner uint32 // user id of the file's owner
	// Linked says that the file has more than one name: who owns it did not
	// necessarily put it here.
	Linked bool
}

// A head is the first line as it is written.
type head struct {
	Version    int                    `json:"version"`
	System     string                 `json:"system"`
	Hook       string                 `json:"hook"`
	Repository text.String            `json:"repository"`
	Time       time.Time              `json:"time"`
	Args       []text.String          `json:"args"`
	Env        map[string]text.String `json:"env"`
	Cut        bool                   `json:"cut"`
}

func (h head) notice() Notice {
	n := Notice{Version: h.Version, System: h.System, Hook: h.Hook, Repository: plain(h.Repository), Time: h.Time, Cut: h.Cut}
	for _, arg := range h.Args {
		n.Args = append(n.Args, plain(arg))
	}
	n.Env = make(map[string]string, len(h.Env))
	for name, value := range h.Env {
		n.Env[name] = plain(value)
	}
	return n
}

// plain puts back the bytes that the hook wrote as \udcHH: here they are the
// three bytes of a lone surrogate, which the hook never writes as they are.
func plain(s text.String) string {
	if utf8.ValidString(string(s)) {
		return string(s)
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if i+2 < len(s) && s[i] == 0xed && (s[i+1] == 0xb2 || s[i+1] == 0xb3) && s[i+2]&0xc0 == 0x80 {
			b = append(b, (s[i+1]&1)<<6|0x80|s[i+2]&0x3f)
			i += 2
		} else {
			b = append(b, s[i])
		}
	}
	return string(b)
}

// Parse reads a spool file's bytes.
func Parse(raw []byte) (Notice, error) {
	line, input, ok := bytes.Cut(raw, []byte("\n"))
	if !ok || len(line) > maxHead {
		return Notice{}, fmt.Errorf("%w: its first line does not end", ErrUnreadable)
	}
	var h head
	if err := json.Unmarshal(line, &h); err != nil {
		return Notice{}, fmt.Errorf("%w: its first line: %w", ErrUnreadable, err)
	}
	n := h.notice()
	switch {
	case n.Version != hook.Version:
		return Notice{}, fmt.Errorf("%w: it has version %d, this program reads %d", ErrUnreadable, n.Version, hook.Version)
	case n.System != "git" && n.System != "svn" && n.System != "hg":
		return Notice{}, fmt.Errorf("%w: %q is no system that this program knows", ErrUnreadable, n.System)
	case !strings.HasPrefix(n.Repository, "/") || strings.ContainsRune(n.Repository, 0):
		return Notice{}, fmt.Errorf("%w: %q is not the absolute path of a repository", ErrUnreadable, n.Repository)
	}
	n.Input = input
	return n, nil
}

// A Line is one ref update of a post-receive hook. Ids are empty where git says
// zeros.
type Line struct{ Ref, Old, New string }

// Lines reads a post-receive hook's standard input, lines of "OLD NEW REF"
// (githooks(5)). A line is cut at its first two blanks only: a ref may hold any
// other byte.
func Lines(input []byte) ([]Line, error) {
	var lines []Line
	for raw := range bytes.Lines(input) {
		text := string(bytes.TrimSuffix(raw, []byte("\n")))
		old, rest, _ := strings.Cut(text, " ")
		id, ref, ok := strings.Cut(rest, " ")
		if !ok || !isID(old) || !isID(id) || len(old) != len(id) || !strings.HasPrefix(ref, "refs/") || strings.ContainsRune(ref, 0) {
			return nil, fmt.Errorf("%w: line %d is not \"OLD NEW REF\": %.200q", ErrUnreadable, len(lines)+1, text)
		}
		lines = append(lines, Line{Ref: ref, Old: nonzero(old), New: nonzero(id)})
	}
	return lines, nil
}

// isID reports whether s is an object id: SHA-1 or SHA-256 in lower-case hex.
func isID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

func nonzero(id string) string {
	if strings.Trim(id, "0") == "" {
		return ""
	}
	return id
}
