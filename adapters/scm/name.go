package scm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/runes"
)

// maxName bounds a shown name, in bytes; it is the longest path of Linux.
const maxName = 4096

// name shows a repository, ref, branch, account or path: an identifier, so
// nothing is cleaned away. A longer one is cut, says so and stays the only one of
// its kind: it ends with the digest of all of it.
func name(s string) string {
	s = event.Escape(s)
	short, cut := runes.Cut(s, maxName)
	if !cut {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return short + "…sha256:" + hex.EncodeToString(sum[:]) // longer than any that is whole
}

// A key names a fact by the bytes of names and ids. Where those could be taken
// for others', or are very long, it is a digest of them.
func key(repository, kind, name string, rest ...string) string {
	const longest = 2000
	parts := append([]string{repository, kind, name}, rest...)
	plain := "repository/" + strings.Join(parts, "/")
	ambiguous := len(name) > longest || len(plain) > 4*longest || strings.Contains(plain, "\x00")
	for _, kind := range []string{"/ref/", "/commit/", "/revision/"} {
		ambiguous = ambiguous || strings.Contains("/"+repository+"/", kind)
	}
	if !ambiguous {
		return plain
	}
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return "sha256/" + hex.EncodeToString(h.Sum(nil))
}

// refKey names the fact that a ref moved.
func refKey(repository string, u Update) string {
	rest := []string{u.Old, u.New}
	if u.Nth > 0 {
		rest = append(rest, fmt.Sprint(u.Nth))
	}
	return key(repository, "ref", u.Ref, rest...)
}

// commitKey names the fact that a repository holds a commit.
func commitKey(repository, id string) string { return key(repository, "commit", id) }

// propertyKey names one change of a revision's property.
func propertyKey(repository string, p Property) string {
	return key(repository, "revision", p.Revision, "property", p.Name, p.Call)
}

// ValidTime leaves out a time that not everybody can read, or that is none: up to
// Unix's zero, which stands for an unknown one, and after the year 9999. Anybody
// can make a commit that bears one.
func ValidTime(t time.Time) time.Time {
	if s := t.Unix(); s <= 0 || s > 253402300799 {
		return time.Time{}
	}
	return t.UTC()
}

// Unix is a time that git and hg give in seconds.
func Unix(seconds int64) time.Time { return ValidTime(time.Unix(seconds, 0)) }

func stamp(t time.Time) string { return event.Stamp(ValidTime(t)) }
