package node

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"

	"busbar/common/condition"
)

// A disk is nearly full where less than a tenth is free, and that is less than
// plenty; and full where next to nothing is.
const (
	plenty     = 1 << 30 // bytes
	enough     = 64 << 20
	fewPercent = 10
	noPercent  = 2
)

// free is what an unprivileged program may still write on a place's file system.
type free struct {
	place         string // the directory that was asked
	bytes, total  uint64
	files, inodes uint64 // inodes is 0 where the file system makes them as needed
}

// measure asks the file system below path, or below the nearest directory above
// it that is there.
func (o Outlook) measure(path string) (free, error) {
	statfs := o.statfs
	if statfs == nil {
		statfs = unix.Statfs
	}
	for dir := path; ; dir = filepath.Dir(dir) {
		var s unix.Statfs_t
		err := statfs(dir, &s)
		if errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir) {
			continue
		}
		if err != nil {
			return free{}, fmt.Errorf("asking for the free space of %s: %w", dir, err)
		}
		size := uint64(s.Bsize)
		return free{dir, s.Bavail * size, s.Blocks * size, s.Ffree, s.Files}, nil
	}
}

// Disks says which file systems of directories are full, or nearly.
func Disks(dirs ...string) []condition.Condition { return Outlook{}.disks(dirs) }

// disks looks at the file systems of directories, each once.
func (o Outlook) disks(dirs []string) []condition.Condition {
	var list []condition.Condition
	seen := map[uint64]bool{}
	for _, dir := range dirs {
		if device, ok := deviceOf(dir); ok {
			if seen[device] {
				continue
			}
			seen[device] = true
		}
		f, err := o.measure(dir)
		if err != nil {
			continue // who uses the place says what is wrong with it
		}
		if c, ok := f.condition(); ok {
			list = append(list, c)
		}
	}
	return list
}

func deviceOf(dir string) (uint64, bool) {
	var s unix.Stat_t
	if unix.Stat(dir, &s) != nil {
		return 0, false
	}
	return s.Dev, true
}

func (f free) condition() (condition.Condition, bool) {
	c := condition.Condition{Name: "disk " + f.place, Hint: "free some space, or set [bus] keep_size and keep_age"}
	share := func(left, all uint64) uint64 {
		if all == 0 {
			return 100
		}
		return left * 100 / all
	}
	space, inodes := share(f.bytes, f.total), share(f.files, f.inodes)
	switch {
	case space < noPercent && f.bytes < enough, inodes < 1 && f.files < 100:
		c.Level = condition.Fail
	case space < fewPercent && f.bytes < plenty, inodes < noPercent && f.files < 10000:
		c.Level = condition.Warn
	default:
		return c, false
	}
	c.Text = fmt.Sprintf("%d MiB are free, %d%%", f.bytes>>20, space)
	if f.inodes > 0 {
		c.Text += fmt.Sprintf("; room for %d files", f.files)
	}
	return c, true
}
