package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
)

// A model says what a power cut may leave of what was asked and not yet synced.
type model struct {
	name string
	// ordered: names change in the order in which they were asked, and any sync
	// brings all before it to disk (ext4). Else each name is on disk only once
	// its directory was synced, and until then perhaps (POSIX's letter).
	ordered bool
	// garbage: what was appended may be there without its bytes
	// (data=writeback, POSIX).
	garbage bool
}

var models = []model{
	{name: "ext4 data=ordered", ordered: true},
	{name: "ext4 data=writeback", ordered: true, garbage: true},
	{name: "POSIX", garbage: true},
}

// sector is what a disk writes whole.
const sector = 512

// A file is an inode: what is on disk of it, and what may be.
type file struct {
	content []byte
	waiting []op // writes and truncates since the last sync
	dir     bool
}

// A disk is what a cut leaves, while it is worked out.
type disk struct {
	model
	rng     *rand.Rand
	live    map[string]*file // as the programs saw it
	kept    map[string]*file // names that are on disk
	names   []naming         // changes of names since
	acked   map[int]bool
	content map[*file][]byte
}

// A naming is one change of names: path leads to file from then on, nil: to none.
type naming struct {
	path string
	file *file
}

// cut works out what is left if the power goes after the first n operations.
func cut(m model, ops []op, n int, rng *rand.Rand) *disk {
	d := &disk{model: m, rng: rng, live: map[string]*file{}, kept: map[string]*file{}, acked: map[int]bool{}}
	for _, o := range ops[:n] {
		d.do(o)
	}
	return d
}

func (d *disk) do(o op) {
	switch o.what {
	case "ack":
		d.acked[o.mail] = true
	case "create":
		if d.live[o.path] == nil {
			d.name(naming{o.path, &file{}})
		}
	case "mkdir":
		d.name(naming{o.path, &file{dir: true}})
	case "link":
		d.name(naming{o.to, d.live[o.path]})
	case "rename":
		f := d.live[o.path]
		d.name(naming{o.to, f}, naming{o.path, nil})
	case "unlink":
		d.name(naming{o.path, nil})
	case "write", "truncate":
		if f := d.live[o.path]; f != nil {
			f.waiting = append(f.waiting, o)
		}
	case "sync":
		d.sync(o.path)
	}
}

func (d *disk) name(changes ...naming) {
	for _, c := range changes {
		if c.file == nil {
			delete(d.live, c.path)
		} else {
			d.live[c.path] = c.file
		}
		d.names = append(d.names, c)
	}
}

// sync brings a file's bytes to disk, and names: all before it where they are
// ordered, else those in the directory that is synced.
func (d *disk) sync(path string) {
	if f := d.live[path]; f != nil && !f.dir {
		for _, o := range f.waiting {
			f.content = apply(f.content, o)
		}
		f.waiting = nil
	}
	var rest []naming
	for _, c := range d.names {
		if d.ordered || filepath.Dir(c.path) == path {
			d.keep(c)
		} else {
			rest = append(rest, c)
		}
	}
	d.names = rest
}

func (d *disk) keep(c naming) {
	if c.file == nil {
		delete(d.kept, c.path)
	} else {
		d.kept[c.path] = c.file
	}
}

func apply(content []byte, o op) []byte {
	end := o.offset + int64(len(o.data))
	if o.what == "truncate" {
		if o.offset < int64(len(content)) {
			return content[:o.offset:o.offset]
		}
		end = o.offset
	}
	if end > int64(len(content)) {
		content = append(content[:len(content):len(content)], make([]byte, end-int64(len(content)))...)
	} else {
		content = append([]byte(nil), content...)
	}
	copy(content[o.offset:], o.data)
	return content
}

// leave writes what the cut left below root: of what was not synced, a part drawn
// at random.
func (d *disk) leave(root string) error {
	if d.ordered {
		for _, c := range d.names[:d.rng.IntN(len(d.names)+1)] {
			d.keep(c)
		}
	} else {
		for _, c := range d.names {
			if d.rng.IntN(2) == 0 {
				d.keep(c)
			}
		}
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return err
	}
	for path, f := range d.kept {
		if f.dir {
			if err := os.MkdirAll(filepath.Join(root, path), 0o700); err != nil {
				return err
			}
		}
	}
	for path, f := range d.kept {
		if f.dir {
			continue
		}
		full := filepath.Join(root, path)
		if _, err := os.Stat(filepath.Dir(full)); err != nil {
			continue // its directory is not on disk, and so nobody finds it
		}
		if err := os.WriteFile(full, d.survives(f), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// survives is what the disk has of a file: the same for all its names.
func (d *disk) survives(f *file) []byte {
	if content, ok := d.content[f]; ok {
		return content
	}
	content := f.content
	// Writes reach the disk in any order, but a file grows in the order in which
	// it was written to.
	grown := d.rng.IntN(len(f.waiting) + 1)
	for i, o := range f.waiting {
		appends := o.what == "truncate" || o.offset+int64(len(o.data)) > int64(len(content))
		if appends && i >= grown || !appends && d.rng.IntN(2) == 0 {
			continue
		}
		if o.what == "write" {
			o.data = d.torn(content, o, appends)
		}
		content = apply(content, o)
	}
	if d.content == nil {
		d.content = map[*file][]byte{}
	}
	d.content[f] = content
	return content
}

// torn is what a write left: of each sector the new bytes, or the old ones; of
// what was appended perhaps what the disk had there before.
func (d *disk) torn(content []byte, o op, appends bool) []byte {
	data := append([]byte(nil), o.data...)
	if appends && !d.garbage || d.rng.IntN(2) == 0 {
		return data
	}
	for at := int64(0); at < int64(len(data)); {
		end := min(int64(len(data)), at+sector-(o.offset+at)%sector)
		if d.rng.IntN(2) == 0 {
			for i := at; i < end; i++ {
				if o.offset+i < int64(len(content)) {
					data[i] = content[o.offset+i]
				} else {
					data[i] = byte(d.rng.Uint32())
				}
			}
		}
		at = end
	}
	return data
}
