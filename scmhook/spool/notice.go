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
// Not here: what a push means (scmhook/git and its neighbours), what was told
// before (scmhook/refs), and waiting for files.
package spool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"busbar/scmhook/hook"
)

const maxHead = 1 << 20

// ErrUnreadable means that a file of the spool is damaged or not of this form.
var ErrUnreadable = errors.New("the spool file cannot be read")

// A Notice is one call of a hook.
type Notice struct {
	Version    int               `json:"version"`
	System     string            `json:"system"` // git, svn, hg
	Hook       string            `json:"hook"`   // hook.PostReceive and its neighbours
	Repository string            `json:"repository"`
	Time       time.Time         `json:"time"`
	Args       []string          `json:"args"`
	Env        map[string]string `json:"env"` // what may name the pusher, and push options
	// Cut says that the input was longer than hook.MaxInput and is left out:
	// only comparing refs can tell what was pushed.
	Cut bool `json:"cut"`

	Input []byte `json:"-"` // the hook's standard input
	Name  string `json:"-"` // of the file
	Owner uint32 `json:"-"` // user id of the file's owner
}

// Parse reads a spool file's bytes.
func Parse(raw []byte) (Notice, error) {
	line, input, ok := bytes.Cut(raw, []byte("\n"))
	if !ok || len(line) > maxHead {
		return Notice{}, fmt.Errorf("%w: its first line does not end", ErrUnreadable)
	}
	var n Notice
	if err := json.Unmarshal(line, &n); err != nil {
		return Notice{}, fmt.Errorf("%w: its first line: %w", ErrUnreadable, err)
	}
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

// isID tells whether s is an object id: SHA-1 or SHA-256 in lower-case hex.
func isID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

func nonzero(id string) string {
	if strings.Trim(id, "0") == "" {
		return ""
	}
	return id
}
