// Samples makes small journals with the programs of a commit, for the tests that
// hold later programs against them: a journal outlives many releases.
//
//	go run ./contrib/trials/samples COMMIT
//
// It builds the four programs from that commit, lets them live through the same
// short story (story.go, bugs.go), and keeps their journals and the authority's
// certificate in contrib/trials/samples/testdata/COMMIT.
package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// programs are those that have journals.
var programs = []string{"mail2bus", "soapbus", "dbpoll", "scmhook"}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./contrib/trials/samples COMMIT")
		os.Exit(64)
	}
	if err := makeSamples(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "samples:", err)
		os.Exit(1)
	}
}

func makeSamples(ctx context.Context, commit string) (err error) {
	short, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=7", commit+"^{commit}").Output()
	if err != nil {
		return fmt.Errorf("looking for commit %s: %w", commit, err)
	}
	dir, err := os.MkdirTemp("", "busbar-samples-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tree := filepath.Join(dir, "tree")
	if err := command(ctx, ".", "git", "worktree", "add", "--quiet", "--detach", tree, commit); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, command(ctx, ".", "git", "worktree", "remove", "--force", tree)) }()
	if err := build(ctx, tree, filepath.Join(dir, "bin")); err != nil {
		return err
	}
	s, err := newStory(dir, filepath.Join(dir, "bin"))
	if err != nil {
		return err
	}
	if err := s.live(ctx); err != nil {
		return err
	}
	out := filepath.Join("contrib", "trials", "samples", "testdata", string(short[:7]))
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, name := range programs {
		if err := pack(s.path(name+".db"), filepath.Join(out, name+".db.gz")); err != nil {
			return err
		}
	}
	ca, err := os.ReadFile(s.path("keys", "ca.crt"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "ca.crt"), ca, 0o644)
}

// build builds the programs of a tree.
func build(ctx context.Context, tree, into string) error {
	args := []string{"build", "-o", into + "/", "./bus"}
	for _, name := range programs {
		args = append(args, "./"+name)
	}
	return command(ctx, tree, "go", args...)
}

func command(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "BUSBAR_ETC=/nonexistent")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running %s %q: %w: %s", filepath.Base(name), args, err, out)
	}
	return nil
}

func pack(from, to string) (err error) {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(raw); err != nil {
		return err
	}
	return z.Close()
}
