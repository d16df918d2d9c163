package install

import (
	"os"
	"path/filepath"
	"strings"
)

const (
	// beside ends the name of the folder where hooks go that were there before. It
	// stands beside the folder of the hooks, and each keeps its name there: many ask
	// for it ($0), for what lies beside them, and for what is one level up.
	beside = ".before-busbar"
	// former ended their names in earlier versions.
	former = ".before-busbar"
)

// folder is where the hook that was there before is kept.
func (p hookFile) folder() string {
	dir := filepath.Dir(p.path)
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return dir + beside
}

// before is the hook that was there before, if it is kept.
func (p hookFile) before() (path string, ok bool) {
	path = filepath.Join(p.folder(), filepath.Base(p.path))
	return path, exists(path) && !p.mirrored(path)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// target is where a link in the folder leads, that stands for a neighbour of the
// hook.
func (p hookFile) target(name string) string {
	return filepath.Join("..", strings.TrimSuffix(filepath.Base(p.folder()), beside), name)
}

func (p hookFile) mirrored(path string) bool {
	target, err := os.Readlink(path)
	return err == nil && target == p.target(filepath.Base(path))
}

// keep gives the hook its second name, with links to all its neighbours.
func (p hookFile) keep(old string) error {
	folder := p.folder()
	if err := p.disk.dir(folder); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Dir(p.path))
	if err != nil {
		return err
	}
	names := []string{filepath.Base(p.path) + ".d"} // it may come later
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".sample") && !strings.HasPrefix(e.Name(), ".busbar-") && e.Name() != filepath.Base(p.path) && !strings.HasSuffix(e.Name(), former) {
			names = append(names, e.Name())
		}
	}
	for _, name := range names {
		if at := filepath.Join(folder, name); !exists(at) {
			if err := p.disk.link(p.target(name), at); err != nil {
				return err
			}
		}
	}
	return p.disk.second(old, filepath.Join(folder, filepath.Base(p.path)))
}

// forget takes the second names away, and the folder when no other hook is there.
func (p hookFile) forget() error {
	folder := p.folder()
	if before, ok := p.before(); ok {
		if err := p.disk.remove(before); err != nil {
			return err
		}
	}
	if err := p.disk.remove(p.path + former); err != nil {
		return err
	}
	if !p.onlyLinks() {
		return nil // another hook's
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := p.disk.remove(filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	return p.disk.remove(folder)
}

// onlyLinks reports whether the folder is there and keeps no hook.
func (p hookFile) onlyLinks() bool {
	entries, err := os.ReadDir(p.folder())
	for _, e := range entries {
		if !p.mirrored(filepath.Join(p.folder(), e.Name())) {
			return false
		}
	}
	return err == nil
}
