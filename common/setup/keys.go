package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"busbar/common/durable"
	"busbar/common/sign"
)

const (
	authorityYears = 20
	certificateFor = 825 // days
	revocationsFor = 365 // days
)

// Authority makes the authority of a bus in the folder of the configuration.
func (m *Machine) Authority() Step {
	dir := m.Path(m.EtcPath(""))
	var keep kept
	return Step{
		Say: fmt.Sprintf("make an authority for this bus: %s, ca.key (readable by root alone; who has it can make keys for anybody) and crl.pem", m.EtcPath("ca.crt")),
		Done: func() (bool, error) {
			return m.Exists(m.EtcPath("ca.crt")) && (m.Exists(m.EtcPath("crl.pem")) || !m.Exists(m.EtcPath("ca.key"))), nil
		},
		Do: func() (err error) {
			if keep, err = keeping(dir); err != nil {
				return err
			}
			ca, err := sign.CreateCA(dir, "Busbar CA", authorityYears)
			if err == nil {
				_, err = ca.CRL(revocationsFor)
			}
			return err
		},
		Undo: func() error { return keep.back() },
	}
}

// Key has the machine's authority issue the pair that a program's unit loads:
// PROGRAM.crt and PROGRAM.key.
func (m *Machine) Key(program string) Step {
	dir := m.Path(m.EtcPath(""))
	var keep kept
	return Step{
		Say: fmt.Sprintf("issue a key for %s: %s and %s (readable by root alone)", program, m.EtcPath(program+".key"), m.EtcPath(program+".crt")),
		Done: func() (bool, error) {
			crt, key := m.Exists(m.EtcPath(program+".crt")), m.Exists(m.EtcPath(program+".key"))
			switch {
			case crt && key:
				return true, nil
			case key && m.Exists(m.EtcPath(program+".csr")):
				return false, fmt.Errorf("%s was requested, and the certificate has not come (give it with --certificate)", m.EtcPath(program+".csr"))
			case crt != key:
				return false, fmt.Errorf("of %s and %s only one is there (move it away)", m.EtcPath(program+".crt"), m.EtcPath(program+".key"))
			case m.Exists(m.EtcPath("ca.crt")) && !m.Exists(m.EtcPath("ca.key")):
				return false, fmt.Errorf("the authority's key is not on this machine (make a request that is signed where it is: --request)")
			}
			return false, nil
		},
		Do: func() (err error) {
			if keep, err = keeping(dir); err != nil {
				return err
			}
			ca, err := sign.OpenCA(dir)
			if err == nil {
				_, _, err = ca.Issue(program, certificateFor)
			}
			return err
		},
		Undo: func() error { return keep.back() },
	}
}

// Request makes a program's keys, and a request to certify them for name: PROGRAM.key
// and PROGRAM.csr.
func (m *Machine) Request(program, name string) Step {
	key, csr := m.Path(m.EtcPath(program+".key")), m.Path(m.EtcPath(program+".csr"))
	var made bool
	return Step{
		Say: fmt.Sprintf("make a key for %s, %s, and a request to certify it as %s, %s", program, m.EtcPath(program+".key"), name, m.EtcPath(program+".csr")),
		Done: func() (bool, error) {
			switch k, r := m.Exists(m.EtcPath(program+".key")), m.Exists(m.EtcPath(program+".csr")); {
			case k && (r || m.Exists(m.EtcPath(program+".crt"))):
				return true, nil
			case k:
				return false, fmt.Errorf("%s is there without a request or a certificate (move it away)", m.EtcPath(program+".key"))
			}
			return false, nil
		},
		Do: func() error {
			request, keys, err := sign.NewRequest(name)
			if err != nil {
				return err
			}
			// A request without its key, of a setup that was cut off, helps nobody.
			if err := remove(csr, nil); err != nil {
				return err
			}
			if err := durable.Create(key, keys, 0o600, nil); err != nil {
				return err
			}
			made = true
			return durable.Create(csr, request, 0o644, nil)
		},
		Undo: func() error {
			if !made {
				return nil
			}
			return errors.Join(remove(csr, nil), remove(key, nil))
		},
	}
}

// Certificate puts the answer to a request into its place, from a file of the machine
// that setup runs on.
func (m *Machine) Certificate(program, from string) (Step, error) {
	text, err := os.ReadFile(from)
	if err != nil {
		return Step{}, fmt.Errorf("reading the certificate: %w", err)
	}
	s := m.File(m.EtcPath(program+".crt"), string(text), 0o644, Owner{})
	s.Say = fmt.Sprintf("put the certificate %s to %s", from, m.EtcPath(program+".crt"))
	done := s.Done
	s.Done = func() (bool, error) {
		if ok, err := done(); ok || err != nil {
			return ok, err
		}
		if !m.Exists(m.EtcPath(program+".key")) || !m.Exists(m.EtcPath("ca.crt")) {
			return false, nil // looked at again when it is put there
		}
		return false, sign.Answers(text, m.Path(m.EtcPath(program+".key")), m.Path(m.EtcPath("ca.crt")))
	}
	do := s.Do
	s.Do = func() error {
		if err := sign.Answers(text, m.Path(m.EtcPath(program+".key")), m.Path(m.EtcPath("ca.crt"))); err != nil {
			return err
		}
		return do()
	}
	return s, nil
}

// Copy puts a file of whoever runs setup to name in the folder of the configuration,
// such as another machine's ca.crt. One that is there and says something else is an
// error: nothing that is trusted is replaced by accident.
func (m *Machine) Copy(from, name string) (Step, error) {
	text, err := os.ReadFile(from)
	if err != nil {
		return Step{}, err
	}
	file := m.EtcPath(name)
	s := m.File(file, string(text), 0o644, Owner{})
	s.Say = fmt.Sprintf("put %s to %s", from, file)
	done := s.Done
	s.Done = func() (bool, error) {
		there, err := os.ReadFile(m.Path(file))
		if err == nil && !bytes.Equal(there, text) && name == "ca.crt" {
			return false, fmt.Errorf("%s is there, and is another authority's (move it away)", file)
		}
		return done()
	}
	return s, nil
}

// kept is what a folder's files held.
type kept struct {
	dir   string
	files map[string][]byte
}

// keeping reads the files of a folder, which need not be there.
func keeping(dir string) (kept, error) {
	k := kept{dir: dir, files: map[string][]byte{}}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return k, err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if k.files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			return k, err
		}
	}
	return k, nil
}

// back removes the files that came, and gives the authority's index, which a command
// changes in place, what it held.
func (k kept) back() error {
	if k.files == nil {
		return nil
	}
	entries, err := os.ReadDir(k.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range entries {
		before, had := k.files[e.Name()]
		switch at := filepath.Join(k.dir, e.Name()); {
		case !e.Type().IsRegular():
		case !had:
			errs = append(errs, os.Remove(at))
		case e.Name() == "issued.json":
			errs = append(errs, os.WriteFile(at, before, 0o644))
		}
	}
	return errors.Join(errs...)
}
