package setup

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"busbar/common/config"
)

// A Machine is where a program is brought to. All paths are the machine's own.
type Machine struct {
	Root string // the folder that it stands in; empty: this machine
	Etc  string // of the configuration; empty: /etc/busbar
}

// Path is where a file of the machine is from here.
func (m *Machine) Path(path string) string { return filepath.Join("/", m.Root, path) }

// EtcPath is a file of the configuration.
func (m *Machine) EtcPath(name string) string {
	if m.Etc == "" {
		return filepath.Join(config.Dir, name)
	}
	return filepath.Join(m.Etc, name)
}

// Exists says whether there is something.
func (m *Machine) Exists(path string) bool {
	_, err := os.Stat(m.Path(path))
	return err == nil
}

// Has says whether the machine has a program: its name, looked for where the system
// has them.
func (m *Machine) Has(name string) bool {
	return slices.ContainsFunc([]string{"/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"}, func(dir string) bool {
		return m.Exists(filepath.Join(dir, name))
	})
}

// Systemd says whether systemd runs this machine, as sd_booted(3) has it. It never
// runs one that stands in a folder.
func (m *Machine) Systemd() bool {
	_, err := os.Lstat("/run/systemd/system")
	return m.Root == "" && err == nil
}

// Host is the machine's short name.
func (m *Machine) Host() (string, error) {
	name, err := os.Hostname()
	if m.Root != "" {
		var text []byte
		if text, err = os.ReadFile(m.Path("/etc/hostname")); errors.Is(err, fs.ErrNotExist) {
			return "localhost", nil
		}
		name = strings.TrimSpace(string(text))
	}
	if err != nil {
		return "", fmt.Errorf("looking for the machine's name: %w", err)
	}
	short, _, _ := strings.Cut(name, ".")
	return short, nil
}

// An Account is a user: a line of passwd(5), and the groups that group(5) adds.
type Account struct {
	Name     string
	UID, GID uint32
	Home     string
	Groups   []uint32 // beside GID
}

// User finds a user by name or number.
func (m *Machine) User(name string) (Account, error) {
	var found Account
	err := m.lines("/etc/passwd", 7, func(f []string) bool {
		uid, uerr := strconv.ParseUint(f[2], 10, 32)
		gid, gerr := strconv.ParseUint(f[3], 10, 32)
		if f[0] != name && f[2] != name || uerr != nil || gerr != nil {
			return false
		}
		found = Account{Name: f[0], UID: uint32(uid), GID: uint32(gid), Home: f[5]}
		return true
	})
	if err != nil {
		return Account{}, err
	}
	if found.Name == "" {
		return m.elsewhere(name)
	}
	err = m.lines("/etc/group", 4, func(f []string) bool {
		if gid, err := strconv.ParseUint(f[2], 10, 32); err == nil && slices.Contains(strings.Split(f[3], ","), found.Name) {
			found.Groups = append(found.Groups, uint32(gid))
		}
		return false
	})
	return found, err
}

// Group finds a group by name or number.
func (m *Machine) Group(name string) (uint32, error) {
	var gid uint64
	found := false
	err := m.lines("/etc/group", 4, func(f []string) bool {
		var err error
		if f[0] != name && f[2] != name {
			return false
		}
		gid, err = strconv.ParseUint(f[2], 10, 32)
		found = err == nil
		return found
	})
	if err == nil && !found && m.Root == "" {
		if line, gerr := getent("group", name); gerr == nil && len(line) >= 3 {
			gid, gerr = strconv.ParseUint(line[2], 10, 32)
			found = gerr == nil
		}
	}
	if err == nil && !found {
		err = fmt.Errorf("there is no group %q", name)
	}
	return uint32(gid), err
}

// GroupName is a group's name, or its number where it has none.
func (m *Machine) GroupName(gid uint32) (string, error) {
	name := strconv.FormatUint(uint64(gid), 10)
	number := name
	err := m.lines("/etc/group", 4, func(f []string) bool {
		if f[2] == number {
			name = f[0]
			return true
		}
		return false
	})
	return name, err
}

// elsewhere asks the system for a user who is in no file, such as one of a directory
// service.
func (m *Machine) elsewhere(name string) (Account, error) {
	none := fmt.Errorf("there is no user %q", name)
	if m.Root != "" {
		return Account{}, none
	}
	f, err := getent("passwd", name)
	if err != nil || len(f) < 6 {
		return Account{}, none
	}
	uid, uerr := strconv.ParseUint(f[2], 10, 32)
	gid, gerr := strconv.ParseUint(f[3], 10, 32)
	if err := errors.Join(uerr, gerr); err != nil {
		return Account{}, none
	}
	a := Account{Name: f[0], UID: uint32(uid), GID: uint32(gid), Home: f[5]}
	out, err := exec.Command("id", "-G", "--", f[0]).Output()
	if err != nil {
		return Account{}, fmt.Errorf("asking for the groups of %s: %w", f[0], err)
	}
	for number := range strings.FieldsSeq(string(out)) {
		if gid, err := strconv.ParseUint(number, 10, 32); err == nil && uint32(gid) != a.GID {
			a.Groups = append(a.Groups, uint32(gid))
		}
	}
	return a, nil
}

func getent(database, name string) ([]string, error) {
	out, err := exec.Command("getent", "--", database, name).Output()
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.Split(line, ":"), err
}

// mostAccounts bounds what is read of passwd and group: bytes.
const mostAccounts = 64 << 20

// lines gives each line of n or more fields to do, until it says that it has what it
// wants.
func (m *Machine) lines(file string, n int, do func([]string) bool) error {
	f, err := os.Open(m.Path(file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for users: %w", err)
	}
	defer f.Close()
	in := bufio.NewScanner(io.LimitReader(f, mostAccounts))
	in.Buffer(nil, 16<<20) // a group of many members
	for in.Scan() {
		if fields := strings.Split(in.Text(), ":"); len(fields) >= n && do(fields) {
			return nil
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("looking for users in %s: %w", file, err)
	}
	return nil
}
