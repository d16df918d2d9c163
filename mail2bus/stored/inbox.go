package stored

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"busbar/common/ask"
)

// An inbox is an archive of public-inbox, version 2 (public-inbox-v2-format(5)): one
// repository of git after the other (epochs), where the tree of each commit has one file: m
// is a mail, d one that is taken back. What is taken back later is not handed out.
type inbox struct {
	o      Options
	epochs []epoch
	come   chan commit
	end    context.CancelFunc
	wg     sync.WaitGroup
	all    int64 // commits
	read   atomic.Int64
	pos    position // of the last mail
	since  position // where an earlier reading ended
	back   map[string]int
}

type epoch struct {
	number int
	dir    string
	git    ask.Program
	since  string // a commit that was read, with those before it; empty: none
}

// A commit is what one says: a mail, or why nothing follows.
type commit struct {
	epoch epoch
	id    string
	at    time.Time
	raw   []byte
	err   error
}

// epochsOf are the repositories of a directory that is an archive, or one of its
// repositories; nil: it is neither.
func epochsOf(path string) (list []epoch) {
	found, _ := filepath.Glob(filepath.Join(escape.Replace(path), "git", "*.git"))
	for _, dir := range append(found, path) {
		name, _ := strings.CutSuffix(filepath.Base(dir), ".git")
		n, err := strconv.Atoi(name)
		if dir == path {
			n, err = max(n, 0), nil
		}
		if err != nil || n < 0 || dir == path && len(list) > 0 {
			continue
		}
		head, herr := os.Stat(filepath.Join(dir, "HEAD"))
		objects, oerr := os.Stat(filepath.Join(dir, "objects"))
		if herr == nil && oerr == nil && head.Mode().IsRegular() && objects.IsDir() {
			list = append(list, epoch{number: n, dir: dir})
		}
	}
	slices.SortFunc(list, func(a, b epoch) int { return a.number - b.number })
	return list
}

func newInbox(path string, epochs []epoch, o Options) (*inbox, error) {
	ctx, end := context.WithCancel(context.Background())
	b := &inbox{o: o, come: make(chan commit), end: end, back: map[string]int{}}
	if known, ok := readPosition(o.Position); ok && known.Commit != "" {
		b.pos, b.since = known, known
	}
	for _, e := range epochs {
		if e.number < b.since.Epoch {
			continue
		}
		if err := b.add(ctx, e); err != nil {
			end()
			return nil, fmt.Errorf("reading the archive %s: %w", path, err)
		}
	}
	b.wg.Go(func() { b.run(ctx) })
	return b, nil
}

// add looks at an epoch: how many commits are new, and which mails they take back.
func (b *inbox) add(ctx context.Context, e epoch) error {
	var err error
	if e.git, err = ask.Git(ctx, e.dir); err != nil {
		return err
	}
	if _, err := e.git.Text(ctx, 100, nil, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"); err != nil {
		if ask.Status(err) == 1 {
			return nil // no mail came into it yet
		}
		return err
	}
	if e.number == b.since.Epoch && b.since.Commit != "" {
		// After a purge history is another one: all of the epoch is read again.
		_, err := e.git.Text(ctx, 100, nil, "merge-base", "--is-ancestor", b.since.Commit, "HEAD")
		switch status := ask.Status(err); {
		case err == nil:
			e.since = b.since.Commit
		case status != 1 && status != 128: // no ancestor; not there
			return err
		}
	}
	count, err := e.git.Text(ctx, 100, nil, e.list("--count")...)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(count), 10, 64)
	if err != nil {
		return fmt.Errorf("counting commits: %w", err)
	}
	b.all += n
	b.epochs = append(b.epochs, e)
	return e.each(ctx, []string{"d"}, []string{"--batch-check=%(objectname)"}, func(c commit, out *bufio.Reader) error {
		line, err := out.ReadString('\n')
		if id := strings.TrimSpace(line); err == nil && !strings.HasSuffix(id, missing) {
			b.back[id]++
		}
		return err
	}, "--", "d")
}

const missing = " missing"

// list is the command that lists the epoch's commits that are new.
func (e epoch) list(more ...string) []string {
	args := append([]string{"rev-list"}, more[0], "HEAD")
	if e.since != "" {
		args = append(args, "^"+e.since)
	}
	return append(args, more[1:]...)
}

// each asks git for files of each new commit, in the order of the commits, and has visit
// read the answers.
func (e epoch) each(ctx context.Context, files, form []string, visit func(commit, *bufio.Reader) error, paths ...string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	const ahead = 256
	commits := make(chan commit, ahead)
	in, questions := io.Pipe()
	var listing sync.WaitGroup
	listing.Go(func() {
		defer close(commits)
		err := e.git.Read(ctx, nil, func(out *bufio.Reader) error {
			for {
				line, err := out.ReadString('\n')
				if err == io.EOF {
					return nil
				}
				if err != nil {
					return err
				}
				at, id, _ := strings.Cut(strings.TrimSpace(line), " ")
				seconds, err := strconv.ParseInt(at, 10, 64)
				if err != nil {
					return fmt.Errorf("%q is no line of rev-list", line)
				}
				select {
				case commits <- commit{epoch: e, id: id, at: time.Unix(seconds, 0)}:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
				for _, file := range files {
					if _, err := io.WriteString(questions, id+":"+file+"\n"); err != nil {
						return err
					}
				}
			}
		}, append(e.list("--timestamp", "--reverse"), paths...)...)
		if err != nil {
			cancel(err)
		}
		questions.CloseWithError(err)
	})
	err := e.git.Read(ctx, in, func(out *bufio.Reader) error {
		for c := range commits {
			if err := visit(c, out); err != nil {
				return err
			}
		}
		return nil
	}, append([]string{"cat-file"}, form...)...)
	cancel(err)
	in.CloseWithError(io.ErrClosedPipe)
	listing.Wait()
	return err
}

// run reads all epochs.
func (b *inbox) run(ctx context.Context) {
	defer close(b.come)
	mails := 0
	for _, e := range b.epochs {
		err := e.each(ctx, []string{"m", "d"}, []string{"--batch"}, func(c commit, out *bufio.Reader) error {
			mail, raw, there, err := object(out, b.o.Limit+1)
			if err != nil {
				return err
			}
			gone, _, takes, err := object(out, 0)
			if err != nil {
				return err
			}
			b.read.Add(1)
			if takes {
				b.back[gone] = max(b.back[gone]-1, 0)
			}
			if there || takes {
				mails++
			}
			if !there || b.back[mail] > 0 {
				return nil
			}
			c.raw = raw
			return b.put(ctx, c)
		})
		if err != nil {
			_ = b.put(ctx, commit{err: err})
			return
		}
	}
	if mails == 0 && b.all > 0 {
		_ = b.put(ctx, commit{err: errors.New("it is a repository, and no archive of public-inbox (version 2): no commit has a file m")})
	}
}

func (b *inbox) put(ctx context.Context, c commit) error {
	select {
	case b.come <- c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// object reads an answer of cat-file --batch: at most some bytes of an object.
func object(out *bufio.Reader, most int64) (id string, raw []byte, there bool, err error) {
	line, err := out.ReadString('\n')
	if err != nil {
		return "", nil, false, fmt.Errorf("reading an object: %w", err)
	}
	if line = strings.TrimSuffix(line, "\n"); strings.HasSuffix(line, missing) {
		return "", nil, false, nil
	}
	part := strings.Fields(line)
	if len(part) != 3 {
		return "", nil, false, fmt.Errorf("reading an object: %q", line)
	}
	size, err := strconv.ParseInt(part[2], 10, 64)
	if err != nil || size < 0 {
		return "", nil, false, fmt.Errorf("reading an object: %q", line)
	}
	raw = make([]byte, min(size, most))
	if _, err = io.ReadFull(out, raw); err == nil {
		_, err = io.CopyN(io.Discard, out, size-int64(len(raw))+1) // and the end of the line
	}
	return part[0], raw, part[1] == "blob", err
}

// Next is the next mail.
func (b *inbox) Next() (Mail, error) {
	c, ok := <-b.come
	switch {
	case !ok:
		return Mail{}, io.EOF
	case c.err != nil:
		return Mail{}, fmt.Errorf("reading mails of an archive, behind %d: %w", b.pos.Mails, c.err)
	}
	b.pos = position{Mails: b.pos.Mails + 1, Epoch: c.epoch.number, Commit: c.id}
	position, err := b.pos.bytes()
	return Mail{Origin: fmt.Sprintf("%s commit %.12s", c.epoch.dir, c.id), Raw: c.raw, Arrived: c.at, Position: position}, err
}

// Progress is in commits.
func (b *inbox) Progress() (done, all int64) { return b.read.Load(), b.all }

// Close ends git.
func (b *inbox) Close() error {
	b.end()
	b.wg.Wait()
	return nil
}
