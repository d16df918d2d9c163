package stored

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func put(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// box is an mbox with the mails from a number on.
func box(from, to int) string {
	var b strings.Builder
	for n := from; n <= to; n++ {
		fmt.Fprintf(&b, "From jane@example.org Fri Jan  2 03:04:05 2026\nSubject: %d\n\nText %s.\n\n", n, strings.Repeat("and more ", n%50))
	}
	return b.String()
}

// take reads some mails, at most, and gives their subjects.
func take(t *testing.T, path string, o Options, most int) (subjects []string, position []byte) {
	t.Helper()
	if o.Limit == 0 {
		o.Limit = 1 << 20
	}
	s, err := Open(path, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	position = o.Position
	for len(subjects) < most {
		m, err := s.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := bytes.Cut(m.Raw, []byte("\n"))
		subjects, position = append(subjects, strings.TrimPrefix(string(line), "Subject: ")), m.Position
	}
	return subjects, position
}

func numbers(from, to int) (list []string) {
	for n := from; n <= to; n++ {
		list = append(list, fmt.Sprint(n))
	}
	return list
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: mails %v, want %v", what, got, want)
	}
}

// TestGoesOn: whatever the form, a reading that was ended at any mail goes on behind
// it, and one that was not reads nothing twice.
func TestGoesOn(t *testing.T) {
	dir := t.TempDir()
	plain := put(t, dir+"/box", box(1, 60))
	files := []string{plain}
	for _, command := range []string{"gzip", "xz", "zstd"} {
		out, err := exec.Command(command, "-c", plain).Output()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, put(t, dir+"/box."+command, string(out)))
	}
	for n := 1; n <= 60; n++ {
		put(t, fmt.Sprintf("%s/maildir/%s/17000000%02d.M1P1.host:2,%s", dir, []string{"cur", "new"}[n%2], n, []string{"S", "", "RS"}[n%3]), fmt.Sprintf("Subject: %d\n\nText.\n", n))
	}
	files = append(files, dir+"/maildir")
	for _, f := range files {
		for _, stop := range []int{1, 2, 17, 59, 60} {
			got, position := take(t, f, Options{}, stop)
			same(t, f, got, numbers(1, stop))
			got, position = take(t, f, Options{Position: position}, 100)
			same(t, f+", once more", got, numbers(stop+1, 60))
			if again, _ := take(t, f, Options{Position: position}, 100); len(again) > 0 {
				t.Errorf("%s: at the end it gave %v", f, again)
			}
		}
	}
}

func TestGrownAndReplaced(t *testing.T) {
	dir := t.TempDir()
	f := put(t, dir+"/box", box(1, 3))
	_, position := take(t, f, Options{}, 100)
	put(t, f, box(1, 5))
	got, position := take(t, f, Options{Position: position}, 100)
	same(t, "grown", got, numbers(4, 5))
	put(t, f, box(7, 9))
	got, _ = take(t, f, Options{Position: position}, 100)
	same(t, "replaced", got, numbers(7, 9))

	put(t, f, box(1, 200))
	_, position = take(t, f, Options{}, 200)
	put(t, f, box(1, 100)) // cut back
	if _, err := Open(f, nil, Options{Limit: 1000, Position: position}); err == nil || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("cut back: %v, want that it is shorter", err)
	}

	one := put(t, dir+"/one.eml", "Subject: 1\n\nText.\n")
	got, position = take(t, one, Options{Strict: true}, 100)
	same(t, "one", got, numbers(1, 1))
	got, _ = take(t, one, Options{Position: position}, 100)
	same(t, "one, again", got, nil)
}

// TestMaildirChanges: mails that come into the part that was read are not passed by, and
// flags that change while it is read hide none.
func TestMaildirChanges(t *testing.T) {
	dir := t.TempDir()
	name := func(n int) string { return fmt.Sprintf("%s/cur/17000000%02d.M1P1.host", dir, n) }
	for _, n := range []int{2, 4, 6} {
		put(t, name(n), fmt.Sprintf("Subject: %d\n\n", n))
	}
	s, err := Open(dir, nil, Options{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var position []byte
	for _, want := range []string{"2", "4", "6"} {
		m, err := s.Next()
		if err != nil || !strings.HasPrefix(string(m.Raw), "Subject: "+want) || !m.Kept || m.Arrived.Unix()/100 != 17000000 {
			t.Fatalf("%q at %v, %v; want mail %s", m.Raw, m.Arrived, err, want)
		}
		position = m.Position
		if want == "2" {
			if err := os.Rename(name(4), name(4)+":2,S"); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(name(6), name(6)+":2,RS"); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(t, name(3), "Subject: 3\n\n")
	put(t, name(8), "Subject: 8\n\n")
	got, _ := take(t, dir, Options{Position: position}, 100)
	if text := fmt.Sprint(got); !strings.Contains(text, "3") || !strings.Contains(text, "8") || strings.Contains(text, "2") {
		t.Errorf("then came %v, want 3 and 8 and not 2", got)
	}
}

func TestOtherFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"elf": "\x7fELF\x02\x01\x01", "text": "Dear reader,\n\nno mail.\n", "sentence": "From here on: no mail\n"} {
		if _, err := Open(put(t, dir+"/"+name, text), nil, Options{Limit: 1000, Strict: true}); err == nil || !strings.Contains(err.Error(), "neither an mbox nor a mail") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, _ := take(t, put(t, dir+"/empty", ""), Options{Strict: true}, 9); len(got) != 0 {
		t.Errorf("an empty file gave %v", got)
	}
	if _, err := Open(dir+"/none", nil, Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := Open("/dev/null", nil, Options{}); err == nil {
		t.Error("a device was read")
	}
	// What was cut gives what is whole, and an error.
	out, err := exec.Command("gzip", "-c", put(t, dir+"/box", box(1, 2000))).Output()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(put(t, dir+"/cut.gz", string(out[:len(out)/2])), nil, Options{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := 0
	for ; err == nil; n++ {
		_, err = s.Next()
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || n < 100 {
		t.Errorf("half a file: %d mails, %v", n, err)
	}
	// Dovecot packs the mails of a Maildir where it is told to.
	packed, err := exec.Command("gzip", "-c", put(t, dir+"/mail", "Subject: 1\n\nText.\n")).Output()
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir+"/packed/cur/1700000001.M1P1.host,S=17:2,S", string(packed))
	got, _ := take(t, dir+"/packed", Options{}, 9)
	same(t, "a packed Maildir", got, numbers(1, 1))
}
