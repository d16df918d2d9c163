package stored

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// An archive is one of public-inbox, as git's fast-import makes it.
type archive struct {
	t    *testing.T
	path string
	n    int
}

// commit puts files into the tree of a new commit, and takes out all others.
func (a *archive) commit(epoch int, file, text string) {
	a.t.Helper()
	dir := filepath.Join(a.path, "git", fmt.Sprintf("%d.git", epoch))
	from := "from refs/heads/master^0\n"
	if exec.Command("git", "--git-dir", dir, "rev-parse", "--verify", "--quiet", "HEAD").Run() != nil {
		if out, err := exec.Command("git", "init", "--quiet", "--bare", "--initial-branch=master", dir).CombinedOutput(); err != nil {
			a.t.Fatalf("%v: %s", err, out)
		}
		from = ""
	}
	a.n++
	cmd := exec.Command("git", "--git-dir", dir, "fast-import", "--quiet")
	cmd.Stdin = strings.NewReader(fmt.Sprintf("commit refs/heads/master\ncommitter Jane <jane@example.org> %d +0000\ndata 1\nx\n%sdeleteall\nM 100644 inline %s\ndata %d\n%s\n", 1767323045+a.n, from, file, len(text), text))
	if out, err := cmd.CombinedOutput(); err != nil {
		a.t.Fatalf("%v: %s", err, out)
	}
}

func letter(n int) string { return fmt.Sprintf("Subject: %d\n\nText.\n", n) }

// TestInbox: mails come in order, over all epochs, without those that are taken back
// later, also from any mail on.
func TestInbox(t *testing.T) {
	a := &archive{t: t, path: filepath.Join(t.TempDir(), "cooks")}
	for n := 1; n <= 4; n++ {
		a.commit(0, "m", letter(n))
	}
	a.commit(0, "d", letter(2)) // taken back at once
	a.commit(0, "m", letter(5))
	a.commit(1, "m", letter(6))
	a.commit(1, "d", letter(4)) // taken back in another epoch
	a.commit(1, "m", letter(7))
	a.commit(1, "d", letter(7))
	a.commit(1, "m", letter(7)) // and put there again
	a.commit(10, "m", letter(8))
	want := strings.Fields("1 3 5 6 7 8")
	got, position := take(t, a.path, Options{}, 100)
	same(t, "at once", got, want)
	for n := range want {
		first, at := take(t, a.path, Options{}, n)
		rest, _ := take(t, a.path, Options{Position: at}, 100)
		same(t, fmt.Sprint("in two parts, of ", n), append(first, rest...), want)
	}
	a.commit(10, "m", letter(9))
	got, position = take(t, a.path, Options{Position: position}, 100)
	same(t, "it has grown", got, []string{"9"})
	got, _ = take(t, a.path, Options{Position: position}, 100)
	same(t, "nothing is new", got, nil)
	got, _ = take(t, filepath.Join(a.path, "git", "1.git"), Options{}, 100)
	same(t, "one epoch", got, []string{"6", "7"})

	s, err := Open(a.path, nil, Options{Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	m, err := s.Next()
	if err != nil || m.Arrived.Unix() != 1767323046 || !strings.HasPrefix(m.Origin, a.path+"/git/0.git commit ") {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestInboxIsByteExact: what is in the archive comes out, whatever it is.
func TestInboxIsByteExact(t *testing.T) {
	a := &archive{t: t, path: filepath.Join(t.TempDir(), "cooks")}
	texts := []string{"Subject: a\r\n\r\nb\r\n", "Subject: x\n\nFrom here\n>From there\n\x00\xff", "", "Subject: long\n\n" + strings.Repeat("0123456789abcde\n", 1<<16)}
	for _, text := range texts {
		a.commit(0, "m", text)
	}
	const limit = 1 << 19
	s, err := Open(a.path, nil, Options{Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n, text := range texts {
		m, err := s.Next()
		if err != nil || !bytes.Equal(m.Raw, []byte(text[:min(len(text), limit+1)])) {
			t.Errorf("mail %d: %d bytes, %v", n, len(m.Raw), err)
		}
	}
	if _, err := s.Next(); err != io.EOF {
		t.Error(err)
	}
}

// TestRewrittenInbox: after a purge all of an epoch is read again.
func TestRewrittenInbox(t *testing.T) {
	a := &archive{t: t, path: filepath.Join(t.TempDir(), "cooks")}
	a.commit(0, "m", letter(1))
	a.commit(0, "m", letter(2))
	_, position := take(t, a.path, Options{}, 100)
	b := &archive{t: t, path: filepath.Join(t.TempDir(), "cooks")}
	b.commit(0, "m", letter(2))
	b.commit(0, "m", letter(3))
	got, _ := take(t, b.path, Options{Position: position}, 100)
	same(t, "another history", got, []string{"2", "3"})
}

// TestNoInbox: another repository is not taken for an archive.
func TestNoInbox(t *testing.T) {
	a := &archive{t: t, path: filepath.Join(t.TempDir(), "cooks")}
	a.commit(0, "README", "hello\n")
	s, err := Open(a.path, nil, Options{Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Next(); err == nil || !strings.Contains(err.Error(), "no archive of public-inbox") {
		t.Error(err)
	}
}
