package sign

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var errCut = errors.New("the power is off")

// commands are what `bus keys` does to an authority, with what makes each
// possible and what must hold after it.
var commands = []struct {
	name   string
	before func(t *testing.T, dir string)
	do     func(dir string, d disk) error
}{
	{"init", func(*testing.T, string) {}, func(dir string, d disk) error {
		ca, err := createCA(dir, "Example CA", 1, time.Now, d)
		if err != nil {
			return err
		}
		_, err = ca.CRL(30)
		return err
	}},
	{"issue", withCA, func(dir string, d disk) error {
		ca, err := openCA(dir, time.Now, d)
		if err != nil {
			return err
		}
		_, _, err = ca.Issue("new.example.org", 30)
		return err
	}},
	{"add-ed25519", func(t *testing.T, dir string) {
		withCA(t, dir)
		ca, err := OpenCA(dir)
		if err != nil {
			t.Fatal(err)
		}
		issueRSA(t, ca, "old.example.org", 30)
	}, func(dir string, d disk) error {
		ca, err := openCA(dir, time.Now, d)
		if err != nil {
			return err
		}
		_, _, err = ca.AddEd25519("old.example.org", 30)
		return err
	}},
	{"revoke", withCA, func(dir string, d disk) error {
		ca, err := openCA(dir, time.Now, d)
		if err == nil {
			err = ca.Revoke("one.example.org")
		}
		if err == nil {
			_, err = ca.CRL(365)
		}
		return err
	}},
	{"crl", withCA, func(dir string, d disk) error {
		ca, err := openCA(dir, time.Now, d)
		if err == nil {
			_, err = ca.CRL(90)
		}
		return err
	}},
}

func withCA(t *testing.T, dir string) {
	t.Helper()
	ca, err := CreateCA(dir, "Example CA", 1)
	if err == nil {
		_, _, err = ca.Issue("one.example.org", 30)
	}
	if err == nil {
		_, err = ca.CRL(30)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestCutAnywhere stops each command at each of its steps: what is there then
// does no harm, and the same command again finishes it.
func TestCutAnywhere(t *testing.T) {
	for _, c := range commands {
		made := t.TempDir()
		c.before(t, made)
		steps := 0
		var refused []int
		for at := 1; ; at++ {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(made)); err != nil {
				t.Fatal(err)
			}
			var where string
			n := 0
			err := c.do(dir, disk{stop: func(step string) error {
				if n++; n == at {
					where = step
					return errCut
				}
				return nil
			}})
			if err == nil {
				break
			}
			if !errors.Is(err, errCut) {
				t.Fatalf("%s: %v", c.name, err)
			}
			steps++
			if err := c.do(dir, disk{}); err != nil {
				t.Logf("%s, cut off %s, and again: %v", c.name, where, err)
				refused = append(refused, at)
			}
			whole(t, dir, c.name+", cut off "+where)
		}
		// Only after the last step was there nothing left to do, which may be said.
		if len(refused) > 1 || len(refused) == 1 && refused[0] != steps {
			t.Errorf("%s cannot be repeated after the steps %v of %d", c.name, refused, steps)
		}
		if steps < 3 {
			t.Errorf("%s has %d steps", c.name, steps)
		}
		t.Logf("%s: cut off at %d steps", c.name, steps)
	}
}

// whole checks that everything in an authority's folder fits together.
func whole(t *testing.T, dir, what string) {
	t.Helper()
	ca, err := OpenCA(dir)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if in, err := ca.InForce(); err != nil || !in {
		t.Errorf("%s: what is revoked is in force: %v, %v", what, in, err)
	}
	issued, err := ca.List()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	var names []string
	for _, e := range issued {
		if slices.ContainsFunc(issued, func(o Issued) bool { return o.Replaces == e.Serial }) {
			continue
		}
		names = append(names, e.Name)
		s, err := LoadSigner(ca.path(e.Name+".crt"), ca.path(e.Name+".key"))
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if got := serial(certOf(s).cert.SerialNumber); got != e.Serial || e.Pending != "" {
			t.Errorf("%s: %s has the serial number %s, noted is %s, pending %q", what, e.Name, got, e.Serial, e.Pending)
		}
		if strings.Contains(what, "revoke") == e.Revoked.IsZero() {
			t.Errorf("%s: %s was revoked %v", what, e.Name, e.Revoked)
		}
	}
	if once := slices.Compact(slices.Sorted(slices.Values(names))); len(names) != len(once) {
		t.Errorf("%s: issued twice: %q", what, names)
	}
	hidden, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range hidden {
		if filepath.Base(file) != ".lock" && !strings.Contains(what, "after") {
			t.Errorf("%s: %s is left", what, file)
		}
	}
}

// TestRevokedAlready: only what is in force cannot be revoked again.
func TestRevokedAlready(t *testing.T) {
	dir := t.TempDir()
	withCA(t, dir)
	ca, err := OpenCA(dir)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // without a list between
		if err := ca.Revoke("one.example.org"); err != nil {
			t.Errorf("revoking what no list names: %v", err)
		}
	}
	if in, err := ca.InForce(); err != nil || in {
		t.Errorf("in force without a list: %v, %v", in, err)
	}
	if _, err := ca.CRL(30); err != nil {
		t.Fatal(err)
	}
	if err := ca.Revoke("one.example.org"); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("revoked twice: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "crl.pem")); err != nil {
		t.Fatal(err)
	}
	if err := ca.Revoke("one.example.org"); err != nil {
		t.Errorf("the list is gone: %v", err)
	}
}
