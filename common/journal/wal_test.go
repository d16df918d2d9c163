package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// walCommits counts the commits in a log whose generation began with the file.
func walCommits(path string) (int, error) {
	raw, err := os.ReadFile(path)
	if err != nil || len(raw) < walHeaderSize {
		return 0, err
	}
	n, step := 0, walFrameSize+int(binary.BigEndian.Uint32(raw[8:]))
	for at := walHeaderSize; at+step <= len(raw); at += step {
		if binary.BigEndian.Uint32(raw[at+4:]) != 0 && bytes.Equal(raw[at+8:at+16], raw[16:24]) {
			n++
		}
	}
	return n, nil
}

// crashed makes a journal with n transactions in its log, as a killed process
// leaves it.
func crashed(t testing.TB, n int) string {
	t.Helper()
	path := journalPath(t)
	j := mustOpen(t, options(path))
	for _, r := range numbered("w", n) {
		mustAppend(t, j, r)
	}
	copied := filepath.Join(t.TempDir(), "copy.journal")
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied+suffix, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j.Close()
	return copied
}

func TestLostCommits(t *testing.T) {
	t.Parallel()
	path := crashed(t, 5)
	whole, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	commits, _ := walCommits(path + "-wal")
	step := walFrameSize + int(binary.BigEndian.Uint32(whole[8:]))
	flip := func(at int) []byte {
		b := bytes.Clone(whole)
		b[at] ^= 0x40
		return b
	}
	cases := []struct {
		name string
		log  []byte
		lost int
		bad  bool
	}{
		{"whole", whole, 0, false},
		{"empty", nil, 0, false},
		{"only zeros", make([]byte, 9000), 0, false},
		{"cut in the last frame", whole[:len(whole)-7], 0, false},
		{"zeros behind it", append(bytes.Clone(whole), make([]byte, 2*step)...), 0, false},
		{"the last frame rotten", flip(len(whole) - 1), 1, false},
		{"the first frame rotten", flip(walHeaderSize + walFrameSize + 5), commits, false},
		{"the header rotten", flip(17), 0, true},
		{"no log at all", bytes.Repeat([]byte("busbar "), 1000), 0, true},
	}
	for _, c := range cases {
		lost, err := lostCommits(bytes.NewReader(c.log))
		if lost != c.lost || (err != nil) != c.bad {
			t.Errorf("%s: lost %d, %v; want %d, error %v", c.name, lost, err, c.lost, c.bad)
		}
	}
}

func TestOpenAfterACrash(t *testing.T) {
	t.Parallel()
	path := crashed(t, 5)
	if r := mustVerify(t, mustOpen(t, options(path)).Reader()); r.Messages != 5 {
		t.Errorf("%d messages, want 5", r.Messages)
	}
	path = crashed(t, 5)
	raw, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	raw[walHeaderSize+walFrameSize+100] ^= 1
	if err := os.WriteFile(path+"-wal", raw, 0o600); err != nil {
		t.Fatal(err)
	}
	refuses(t, path, ErrCorrupt, "")
	torn := crashed(t, 5)
	raw, _ = os.ReadFile(torn + "-wal")
	if err := os.Truncate(torn+"-wal", int64(len(raw)-100)); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, mustOpen(t, options(torn)).Reader()); r.Messages != 4 {
		t.Errorf("%d messages after a torn commit, want 4", r.Messages)
	}
}

func FuzzWAL(f *testing.F) {
	path := crashed(f, 3)
	whole, err := os.ReadFile(path + "-wal")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:walHeaderSize])
	f.Add(whole[:len(whole)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, log []byte) {
		lost, err := lostCommits(bytes.NewReader(log))
		if lost > len(log)/(walFrameSize+minFile) {
			t.Errorf("%d commits lost in %d bytes", lost, len(log))
		}
		if err != nil && errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	})
}
