package setup

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// unitDirs are where systemd looks for units, the first that has one (systemd.unit(5)).
var unitDirs = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// A Unit is what the unit of a daemon and its drop-ins say of the place that the
// daemon runs in.
type Unit struct {
	Name  string
	Files []string // the unit, then its drop-ins

	service map[string][]string // settings of [Service], in order; an empty one clears
}

// ErrNoUnit says that a unit is not installed.
var ErrNoUnit = errors.New("it is not installed")

// Unit reads the unit NAME.service and its drop-ins.
func (m *Machine) Unit(name string) (*Unit, error) {
	u := &Unit{Name: name + ".service", service: map[string][]string{}}
	for _, dir := range unitDirs {
		file := path.Join(dir, u.Name)
		err := u.read(m, file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		break
	}
	if len(u.Files) == 0 {
		return nil, fmt.Errorf("looking for %s: %w", u.Name, ErrNoUnit)
	}
	for _, file := range m.dropIns(u.Name) {
		if err := u.read(m, file); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// dropIns are a unit's, by name; of one name the first folder's counts.
func (m *Machine) dropIns(unit string) []string {
	at := map[string]string{}
	for _, dir := range slices.Backward(unitDirs) {
		found, err := filepath.Glob(m.Path(path.Join(dir, unit+".d", "*.conf")))
		if err != nil { // the pattern is ours
			continue
		}
		for _, file := range found {
			at[path.Base(file)] = path.Join(dir, unit+".d", path.Base(file))
		}
	}
	var names, files []string
	for name := range at {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		files = append(files, at[name])
	}
	return files
}

func (u *Unit) read(m *Machine, file string) error {
	text, err := os.ReadFile(m.Path(file))
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	u.Files = append(u.Files, file)
	u.add(string(text))
	return nil
}

// add reads a unit's text (systemd.syntax(7)).
func (u *Unit) add(text string) {
	section := ""
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[':
			section = line
		case section == "[Service]":
			key, value, ok := strings.Cut(line, "=")
			key, value = strings.TrimSpace(key), strings.TrimSpace(value)
			switch {
			case !ok:
			case value == "":
				delete(u.service, key)
			default:
				u.service[key] = append(u.service[key], value)
			}
		}
	}
}

// Last is a setting that has one value; "": it is not set.
func (u *Unit) Last(key string) string {
	all := u.service[key]
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// Words are all values of a setting that is a list.
func (u *Unit) Words(key string) []string {
	var all []string
	for _, value := range u.service[key] {
		all = append(all, strings.Fields(value)...)
	}
	return all
}

// Account is who the daemon is: its user, with the groups that the unit adds.
func (u *Unit) Account(m *Machine) (Account, error) {
	a, err := m.User(cmp.Or(u.Last("User"), "root"))
	if err != nil {
		return a, fmt.Errorf("%s: %w", u.Name, err)
	}
	if name := u.Last("Group"); name != "" {
		if a.GID, err = m.Group(name); err != nil {
			return a, fmt.Errorf("%s: %w", u.Name, err)
		}
	}
	for _, name := range u.Words("SupplementaryGroups") {
		gid, err := m.Group(name)
		if err != nil {
			return a, fmt.Errorf("%s: %w", u.Name, err)
		}
		if !slices.Contains(a.Groups, gid) {
			a.Groups = append(a.Groups, gid)
		}
	}
	return a, nil
}

// Credentials are the files that the daemon gets a copy of, by name (LoadCredential).
func (u *Unit) Credentials() map[string]string {
	files := map[string]string{}
	for _, value := range u.service["LoadCredential"] {
		if name, file, ok := strings.Cut(value, ":"); ok {
			files[name] = file
		}
	}
	return files
}

// Environment is what the unit sets of variables, with %d, the folder of the
// credentials, %H and %% filled in (systemd.unit(5), Specifiers).
func (u *Unit) Environment(credentials, host string) []string {
	var all []string
	fill := strings.NewReplacer("%d", credentials, "%H", host, "%%", "%")
	for _, value := range u.service["Environment"] {
		for _, assignment := range quoted(value) {
			all = append(all, fill.Replace(assignment))
		}
	}
	return all
}

// quoted splits a value at blanks, but for those in quotation marks.
func quoted(value string) []string {
	var words []string
	var word strings.Builder
	in, open := false, rune(0)
	for _, r := range value {
		switch {
		case open == 0 && (r == ' ' || r == '\t'):
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
		case open == 0 && (r == '"' || r == '\''):
			in, open = true, r
		case r == open:
			open = 0
		default:
			in = true
			word.WriteRune(r)
		}
	}
	if in {
		words = append(words, word.String())
	}
	return words
}

// Hidden says by which setting the unit hides a path from the daemon, or keeps the
// daemon from writing there; "": neither.
func (u *Unit) Hidden(file string) string {
	bound := func(key string) bool {
		return slices.ContainsFunc(u.Words(key), func(p string) bool {
			source, to, _ := strings.Cut(strings.TrimLeft(p, "-+"), ":")
			to, _, _ = strings.Cut(to, ":")
			return below(file, cmp.Or(to, source))
		})
	}
	home := slices.ContainsFunc([]string{"/home", "/root", "/run/user"}, func(dir string) bool { return below(file, dir) })
	tmp := below(file, "/tmp") || below(file, "/var/tmp")
	switch mode := u.Last("ProtectHome"); {
	case bound("BindPaths"):
		return ""
	case home && (yes(mode) || mode == "tmpfs"):
		return "hides it (ProtectHome=" + mode + "); show it with BindPaths=" + file
	case tmp && yes(u.Last("PrivateTmp")):
		return "hides it (PrivateTmp=yes); move it elsewhere"
	case bound("InaccessiblePaths"):
		return "hides it (InaccessiblePaths=)"
	case bound("ReadWritePaths"):
		return ""
	case u.Last("ProtectSystem") == "strict" && !u.state(file) || home && mode == "read-only":
		return "lets the daemon read there, and not write; allow it with ReadWritePaths=" + file
	}
	return ""
}

// state says whether a file is in a folder that systemd makes for the daemon.
func (u *Unit) state(file string) bool {
	for key, dir := range map[string]string{"StateDirectory": "/var/lib", "RuntimeDirectory": "/run", "CacheDirectory": "/var/cache"} {
		if slices.ContainsFunc(u.Words(key), func(name string) bool { return below(file, path.Join(dir, name)) }) {
			return true
		}
	}
	return false
}

func yes(value string) bool { return slices.Contains([]string{"yes", "true", "on", "1"}, value) }

// below says whether a file is dir, or in it.
func below(file, dir string) bool {
	rest, ok := strings.CutPrefix(path.Clean(file), path.Clean(dir))
	return dir != "" && ok && (rest == "" || rest[0] == '/' || path.Clean(dir) == "/")
}
