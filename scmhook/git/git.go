// Package git asks a git repository what an update of its refs brought.
//
// Git is called as a program, with nothing of a hook's environment, and without
// what a repository's configuration could start. Everything that it says is read
// as bytes, with limits.
//
// Not here: what was published before (scmhook/refs), and what is published (adapters/scm).
package git

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"busbar/common/ask"
)

// Bounds on what is kept of one commit.
const (
	maxObject = 1 << 20 // bytes of a commit or tag; what is behind is passed over
	maxFiles  = 200
)

// A Repo is a repository that can be asked.
type Repo struct{ git ask.Program }

// Open looks whether git takes a directory for a repository. The error says
// what to do where git distrusts its owner.
func Open(ctx context.Context, dir string) (*Repo, error) {
	p, err := ask.Git(ctx, dir)
	if err != nil {
		return nil, err
	}
	return &Repo{p}, nil
}

// Refs are the refs as they are: name to id. Those that only point to others
// are left out.
func (r *Repo) Refs(ctx context.Context) (map[string]string, error) {
	refs := map[string]string{}
	err := r.each(ctx, nil, func(out *bufio.Reader) error {
		for {
			line, err := out.ReadString('\n')
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			id, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			symbolic, name, ok := strings.Cut(rest, " ")
			if !ok {
				return fmt.Errorf("%q is no line of for-each-ref", line)
			}
			if symbolic == "-" {
				refs[name] = id
			}
		}
	}, "for-each-ref", "--format=%(objectname) %(if)%(symref)%(then)+%(else)-%(end) %(refname)")
	return refs, err
}

// ask gives all that a command prints; it is short.
func (r *Repo) ask(ctx context.Context, input io.Reader, args ...string) (string, error) {
	return r.git.Text(ctx, maxObject, input, args...)
}

func (r *Repo) each(ctx context.Context, input io.Reader, read func(*bufio.Reader) error, args ...string) error {
	return r.git.Read(ctx, input, read, args...)
}
