package git

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"busbar/adapters/scm"
	"busbar/common/charset"
	"busbar/common/event"
)

// kinds are the types of objects; a missing one has none.
func (r *Repo) kinds(ctx context.Context, ids []string) (map[string]string, error) {
	kinds := map[string]string{}
	err := r.each(ctx, strings.NewReader(strings.Join(ids, "\n")+"\n"), func(out *bufio.Reader) error {
		for range ids {
			line, err := out.ReadString('\n')
			if err != nil {
				return fmt.Errorf("reading the objects' types: %w", err)
			}
			if f := strings.Fields(line); len(f) == 2 && f[1] != "missing" {
				kinds[f[0]] = f[1]
			}
		}
		return nil
	}, "cat-file", "--batch-check=%(objectname) %(objecttype)")
	return kinds, err
}

// objects reads commits and tags.
func (r *Repo) objects(ctx context.Context, ids []string, visit func(id, kind string, raw []byte)) error {
	if len(ids) == 0 {
		return nil
	}
	return r.each(ctx, strings.NewReader(strings.Join(ids, "\n")+"\n"), func(out *bufio.Reader) error {
		for range ids {
			line, err := out.ReadString('\n')
			if err != nil {
				return fmt.Errorf("reading objects: %w", err)
			}
			f := strings.Fields(line)
			if len(f) == 2 { // missing
				continue
			}
			if len(f) != 3 {
				return fmt.Errorf("%q is no line of cat-file", line)
			}
			size, err := strconv.ParseInt(f[2], 10, 64)
			if err != nil || size < 0 {
				return fmt.Errorf("%q is no line of cat-file", line)
			}
			raw := make([]byte, min(size, maxObject))
			if _, err := io.ReadFull(out, raw); err != nil {
				return fmt.Errorf("reading objects: %w", err)
			}
			if _, err := io.CopyN(io.Discard, out, size-int64(len(raw))+1); err != nil {
				return fmt.Errorf("reading objects: %w", err)
			}
			visit(f[0], f[1], raw)
		}
		return nil
	}, "cat-file", "--batch")
}

// headers reads the lines before an object's message. A line that begins with a
// blank continues the one before it.
func headers(raw []byte) (h map[string][]string, message string) {
	head, message, _ := strings.Cut(string(raw), "\n\n")
	h = map[string][]string{}
	last := ""
	for line := range strings.SplitSeq(head, "\n") {
		if more, ok := strings.CutPrefix(line, " "); ok && last != "" {
			all := h[last]
			all[len(all)-1] += "\n" + more
			continue
		}
		name, value, _ := strings.Cut(line, " ")
		h[name] = append(h[name], value)
		last = name
	}
	return h, message
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// parseCommit reads a commit object.
func parseCommit(id string, raw []byte) scm.Commit {
	h, message := headers(raw)
	decode := decoder(first(h["encoding"]))
	c := scm.Commit{ID: id, Parents: h["parent"], Message: decode(message)}
	c.Author, c.Authored = stamp(decode(first(h["author"])))
	c.Committer, c.Committed = stamp(decode(first(h["committer"])))
	c.Signed = len(h["gpgsig"])+len(h["gpgsig-sha256"]) > 0
	return c
}

// parseTag reads an annotated tag's object.
func parseTag(raw []byte) *scm.Tag {
	h, message := headers(raw)
	t := &scm.Tag{Target: first(h["object"]), Type: first(h["type"])}
	decode := decoder(first(h["encoding"]))
	t.Tagger, t.Time = stamp(decode(first(h["tagger"])))
	message, t.Signed = scm.SplitSignature(message)
	t.Message = decode(message)
	return t
}

// stamp reads "Name <address> seconds zone". As for git, the address ends at the
// first bracket, and the time begins behind the last.
func stamp(s string) (event.Person, time.Time) {
	end := strings.LastIndex(s, ">")
	seconds, err := strconv.ParseInt(first(strings.Fields(s[end+1:])), 10, 64)
	switch {
	case end < 0:
		return scm.Author(undated(s)), time.Time{}
	case err != nil:
		return scm.Author(s[:end+1]), time.Time{}
	}
	return scm.Author(s[:end+1]), scm.Unix(seconds)
}

// undated takes the seconds and the zone from what has no brackets.
func undated(s string) string {
	words := strings.Fields(s)
	if n := len(words); n > 1 && strings.Trim(words[n-1], "+-0123456789") == "" && strings.Trim(words[n-2], "0123456789") == "" {
		words = words[:n-2]
	}
	return strings.Join(words, " ")
}

// decoder reads text in an encoding that a commit names, as [charset.Decode]
// does: what is UTF-8 all the same stays that. UTF-16 and UTF-32 are never true:
// an object's header is ASCII, and git takes no message with NULs.
func decoder(name string) func(string) string {
	if c, ok := charset.Lookup(name); ok && (strings.HasPrefix(c.Name(), "utf-16") || strings.HasPrefix(c.Name(), "utf-32")) {
		name = ""
	}
	return func(s string) string {
		text, _ := charset.Decode(name, []byte(s))
		return text
	}
}
