package stored

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"testing"
	"time"
)

// FuzzFile: whatever a file holds, its mails come to an end, and from the position of any of
// them the same follow as before.
func FuzzFile(f *testing.F) {
	const box = "From a@example.org Fri Jan  2 03:04:05 2026\nSubject: 1\n\n>From me\n\nFrom b@example.org Fri Jan  2 03:04:06 2026\nSubject: 2\nContent-Length: 3\n\nabc\n"
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(box)); err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", box, packed.String(), "Subject: alone\n\ntext\n", "\n\n" + box, "nothing of the kind"} {
		f.Add([]byte(s), uint8(0))
	}
	f.Fuzz(func(t *testing.T, in []byte, stop uint8) {
		all, err := read(in, nil)
		if len(all) == 0 {
			return
		}
		for _, m := range all {
			if int64(len(m.Raw)) > fuzzLimit+1 {
				t.Fatalf("a mail of %d bytes", len(m.Raw))
			}
		}
		at := int(stop) % len(all)
		rest, rerr := read(in, all[at].Position)
		if len(rest) != len(all)-at-1 || (err == nil) != (rerr == nil) {
			t.Fatalf("behind mail %d of %d come %d (%v; before: %v)", at+1, len(all), len(rest), rerr, err)
		}
		for i, m := range rest {
			if want := all[at+1+i]; !bytes.Equal(m.Raw, want.Raw) || !m.Arrived.Equal(want.Arrived) || !bytes.Equal(m.Position, want.Position) {
				t.Fatalf("mail %d, read on from %d: %q at %s, want %q at %s", at+2+i, at+1, m.Raw, m.Position, want.Raw, want.Position)
			}
		}
	})
}

const fuzzLimit = 4096

func read(in, position []byte) (all []Mail, err error) {
	f, err := newFile("x", io.NopCloser(bytes.NewReader(in)), int64(len(in)), time.Unix(1, 0), Options{Limit: fuzzLimit, Position: position})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for {
		m, err := f.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, m)
	}
}

// FuzzObject: whatever git says, no more is kept of an object than was asked for.
func FuzzObject(f *testing.F) {
	for _, s := range []string{"", "HEAD:m missing\n", "0123 blob 5\nhello\n", "0123 blob 99999999999999999999\n", "0123 blob -1\n", "0123 tree 5\nhello\n", "a b\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		r := bufio.NewReader(bytes.NewReader([]byte(in)))
		for {
			_, raw, _, err := object(r, 100)
			if len(raw) > 100 {
				t.Fatalf("%d bytes", len(raw))
			}
			if err != nil {
				return
			}
		}
	})
}

// FuzzArrival: a name that says when a mail came says a time that can be.
func FuzzArrival(f *testing.F) {
	for _, s := range []string{"", "1767323045.M1P2.host:2,S", "999999999.x", "99999999999.x", "-123456789.x", "+123456789.x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if at := arrival(name); !at.IsZero() && (at.Year() < 1970 || at.Year() > 2286) {
			t.Errorf("%q: %s", name, at)
		}
		order(name)
	})
}
