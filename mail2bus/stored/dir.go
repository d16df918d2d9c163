package stored

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// A dir is a directory with a mail in each file.
type dir struct {
	root  string
	o     Options
	files []string // below root, in order
	taken atomic.Int64
	pos   position // of the last mail
	since position // where an earlier reading ended
}

// newDir lists the mails: the files in new/ and cur/, and those that are called so.
func newDir(path string, o Options) (*dir, error) {
	root, err := filepath.EvalSymlinks(path) // a Maildir is often a link to one
	if err != nil {
		return nil, err
	}
	d := &dir{root: root, o: o, pos: position{Begun: time.Now()}}
	if known, ok := readPosition(o.Position); ok && known.Last != "" {
		d.pos, d.since = known, known
	}
	err = filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		in := filepath.Base(filepath.Dir(p))
		if e.Type().IsRegular() && (in == "new" || in == "cur" || strings.HasSuffix(p, ".eml") || strings.HasSuffix(p, ".mail")) {
			name, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			d.files = append(d.files, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(d.files) == 0 {
		return nil, fmt.Errorf("there is no mail below %s (files in new/ or cur/, or ending in .eml or .mail)", path)
	}
	slices.SortFunc(d.files, func(a, b string) int { return strings.Compare(order(a), order(b)) })
	return d, nil
}

// order has the mails of a Maildir come as they arrived, seen or not, whatever
// their flags: their names begin with the time.
func order(name string) string {
	in, base := filepath.Split(name)
	if sub := filepath.Base(in); sub == "new" || sub == "cur" {
		in = filepath.Dir(filepath.Clean(in))
	}
	base, _, _ = strings.Cut(base, ":2,")
	return in + "\x00" + base
}

// Next is the next mail. One that is gone, because it was read or moved since, is
// looked for under the flags that it has now.
func (d *dir) Next() (Mail, error) {
	for n := int(d.taken.Load()); n < len(d.files); n = int(d.taken.Load()) {
		name := d.files[n]
		d.taken.Add(1)
		path := filepath.Join(d.root, name)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			if path, info, err = moved(path); errors.Is(err, fs.ErrNotExist) {
				continue
			}
		}
		if err != nil {
			return Mail{}, fmt.Errorf("reading a mail: %w", err)
		}
		if d.since.Last != "" && order(name) <= order(d.since.Last) && changed(info).Before(d.since.Begun) {
			continue // it was there when those behind it were taken
		}
		m, err := d.read(path, info)
		if err != nil {
			return Mail{}, err
		}
		if order(name) > order(d.pos.Last) {
			d.pos.Last = name
		}
		d.pos.Mails++
		m.Position, err = d.pos.bytes()
		return m, err
	}
	return Mail{}, io.EOF
}

// moved finds a mail of a Maildir that another program has seen.
func moved(path string) (string, fs.FileInfo, error) {
	base, _, _ := strings.Cut(filepath.Base(path), ":2,")
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(path)), "cur", escape.Replace(base)+":2,*"))
	if len(found) == 0 {
		return "", nil, fs.ErrNotExist
	}
	info, err := os.Stat(found[0])
	return found[0], info, err
}

var escape = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

func (d *dir) read(path string, info fs.FileInfo) (Mail, error) {
	in, err := os.Open(path)
	if err != nil {
		return Mail{}, fmt.Errorf("reading a mail: %w", err)
	}
	f, err := newFile(path, in, info.Size(), info.ModTime(), Options{Limit: d.o.Limit})
	if err != nil {
		return Mail{}, fmt.Errorf("reading the mail %s: %w", path, errors.Join(err, f.Close()))
	}
	defer f.Close()
	m, err := f.single()
	if at := arrival(filepath.Base(path)); !at.IsZero() {
		m.Arrived, m.Kept = at, true
	}
	return m, err
}

// arrival is the time in the name of a Maildir's file.
func arrival(name string) time.Time {
	digits, _, ok := strings.Cut(name, ".")
	n, err := strconv.ParseUint(digits, 10, 63) // without a sign
	if !ok || err != nil || len(digits) < 9 || len(digits) > 10 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0)
}

func changed(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Ctim.Unix())
	}
	return info.ModTime()
}

// Progress is in files.
func (d *dir) Progress() (done, all int64) { return d.taken.Load(), int64(len(d.files)) }

// Close does nothing: each file was closed.
func (d *dir) Close() error { return nil }
