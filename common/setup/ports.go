package setup

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// ports are those that are looked for: from the program's own on.
const ports = 60

var portIn = regexp.MustCompile(`:(\d{1,5})\b`)

// Port is one of this machine that no program of Busbar has in its configuration,
// but program itself, and nobody listens at: first, or the next one behind it.
func (m *Machine) Port(program string, first int) (int, error) {
	taken, err := m.taken(program)
	if err != nil {
		return 0, err
	}
	for port := first; port < first+ports; port++ {
		if taken[port] || m.Root == "" && listened(port) {
			continue
		}
		return port, nil
	}
	return 0, fmt.Errorf("looking for a port: %d to %d are all taken (say one with --port)", first, first+ports-1)
}

// taken are the ports that are named in the configuration of others.
func (m *Machine) taken(program string) (map[int]bool, error) {
	files, err := filepath.Glob(m.Path(m.EtcPath("*.toml")))
	lists, lerr := filepath.Glob(m.Path(m.EtcPath("publishers.d/*")))
	if err := errors.Join(err, lerr); err != nil {
		return nil, err
	}
	taken := map[int]bool{}
	for _, file := range append(files, lists...) {
		if name := filepath.Base(file); name == program+".toml" || name == "bus.toml" { // which lists them all
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("looking for ports: %w", err)
		}
		for _, found := range portIn.FindAllSubmatch(text, -1) {
			if port, err := strconv.Atoi(string(found[1])); err == nil {
				taken[port] = true
			}
		}
	}
	return taken, nil
}

func listened(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return true
	}
	return l.Close() != nil
}
