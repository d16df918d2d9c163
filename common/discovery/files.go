package discovery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// fixed is one publisher that is known.
type fixed Endpoint

func (f fixed) look(context.Context) report {
	return report{state: Found, endpoints: []Endpoint{Endpoint(f)}, again: forever}
}

// file is one text file.
type file struct {
	path  string
	every time.Duration
	known []Endpoint // as last read
}

func (f *file) look(context.Context) report {
	r := report{again: f.every}
	text, err := readFile(f.path)
	if err == nil && len(bytes.TrimSpace(text)) > 0 {
		r.endpoints, err = Read(text)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.state = Absent
	case err != nil:
		r.state, r.err, r.endpoints = Unreadable, fmt.Errorf("reading %s: %w", f.path, err), f.known
	case len(r.endpoints) == 0:
		r.state = Empty
	default:
		r.state = Found
	}
	f.known = r.endpoints
	return r
}

// readFile reads a plain file: what is none may never end.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a plain file (a directory is named by dir:)")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// directory is a directory of files. One that cannot be read holds up no other.
type directory struct {
	path  string
	every time.Duration
	files map[string]*file
	known []Endpoint // as last read
}

func (d *directory) look(ctx context.Context) report {
	r := report{again: d.every}
	names, err := d.names()
	if err == nil {
		r.endpoints, err = d.read(ctx, names)
	} else {
		r.endpoints = d.known
	}
	list, tooMany := merge(r.endpoints)
	if r.endpoints = list; tooMany != nil {
		r.endpoints = d.known
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.state, r.endpoints, d.files = Absent, nil, nil
	case err != nil || tooMany != nil:
		r.state, r.err = Unreadable, fmt.Errorf("reading %s: %w", d.path, errors.Join(err, tooMany))
	case len(r.endpoints) == 0:
		r.state = Empty
	default:
		r.state = Found
	}
	d.known = r.endpoints
	return r
}

// read reads the files of these names, and forgets the others.
func (d *directory) read(ctx context.Context, names []string) (list []Endpoint, err error) {
	files := map[string]*file{}
	for _, name := range names {
		f := d.files[name]
		if f == nil {
			f = &file{path: filepath.Join(d.path, name)}
		}
		files[name] = f
		one := f.look(ctx)
		list, err = append(list, one.endpoints...), errors.Join(err, one.err)
	}
	d.files = files
	return list, err
}

func (d *directory) names() ([]string, error) {
	dir, err := os.Open(d.path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	all, err := dir.Readdirnames(maxFiles + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(all) > maxFiles {
		return nil, fmt.Errorf("it holds more than %d files", maxFiles)
	}
	var names []string
	for _, name := range all {
		if ext := filepath.Ext(name); (ext == ".toml" || ext == ".json") && !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	return names, nil
}
