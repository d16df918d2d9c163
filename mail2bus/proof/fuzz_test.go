package proof

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// FuzzParse: a rule is a number of terms of known kinds, means the same when it is read
// from its own words, and never asks for nothing.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"dkim:Bugs.Debian.org", "results:a and relay:10.0.0.0/8 and pgp:team", "lmtp: a and pipe:b", " and ", "dkim: and x", "pgp:none", "relay:a:b", "dkim:a And relay:10.0.0.0/8"} {
		f.Add(text)
	}
	p := &Policy{o: Options{ResultsOf: "mx", ReceivedBy: "mx", Keyrings: map[string]string{"team": "team.gpg"}}}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := p.parse(text)
		if err != nil {
			if r != nil {
				t.Errorf("%q is %v, and %v", text, r, err)
			}
			return
		}
		if len(r) == 0 {
			t.Fatalf("%q asks for nothing", text)
		}
		if again, err := p.parse(r.String()); err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%q is %q, and that is %q, %v", text, r, again, err)
		}
	})
}

// FuzzKeys: each line of a file of keys is a record of the name that it begins with, in
// lower case; no record is made up, and none is lost.
func FuzzKeys(f *testing.F) {
	f.Add([]byte("# keys\n\nmail._domainkey.Example.org. v=DKIM1; k=rsa; p=x\r\nmail._domainkey.example.org v=DKIM1; p=y\n"))
	f.Add([]byte("mail.example.org v=DKIM1"))
	f.Add([]byte("._domainkey.\tx ._domainkey. \u00a0"))
	file := filepath.Join(f.TempDir(), "keys")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := ReadKeys(file)
		if err != nil {
			if keys != nil || !strings.Contains(err.Error(), file) {
				t.Errorf("%q: %v, %v", text, keys, err)
			}
			return
		}
		lines, records := 0, 0
		for line := range strings.SplitSeq(string(text), "\n") {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				lines++
			}
		}
		k := &Keys{File: keys}
		for name, list := range keys {
			records += len(list)
			if got, err := k.Lookup(strings.ToUpper(name) + "."); strings.ToLower(strings.ToUpper(name)) == name && (err != nil || !reflect.DeepEqual(got, list)) {
				t.Errorf("%q: of %q are found %q, %v", text, name, got, err)
			}
			for _, record := range list {
				if !strings.Contains(string(text), record) {
					t.Errorf("%q has no %q", text, record)
				}
			}
		}
		if records != lines {
			t.Errorf("%q: %d lines are %d records", text, lines, records)
		}
	})
}
