package journal

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// refuses checks that neither a writer nor a reader opens path, that the error
// names the file and says what to do, and that no byte changes.
func refuses(t *testing.T, path string, want error, advice string) {
	t.Helper()
	before := content(t, path)
	_, err := Open(context.Background(), options(path))
	if err == nil || !errors.Is(err, want) {
		t.Errorf("Open: %v; want %v", err, want)
		return
	}
	if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), advice) || !strings.Contains(err.Error(), ";") {
		t.Errorf("Open does not name the file or what to do (%q): %v", advice, err)
	}
	after := content(t, path)
	for _, suffix := range []string{"", "-wal"} {
		if !bytes.Equal(before[suffix], after[suffix]) {
			t.Errorf("%q changed: %d bytes, then %d", suffix, len(before[suffix]), len(after[suffix]))
		}
	}
}

func content(t testing.TB, path string) map[string][]byte {
	t.Helper()
	m := map[string][]byte{}
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(path + suffix)
		if err == nil {
			m[suffix] = raw
		} else if !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	return m
}

// closedJournal is a journal with n messages that nobody has open. It is made once
// for each n, and then copied.
func closedJournal(t testing.TB, n int) string {
	t.Helper()
	made, _ := closed.LoadOrStore(n, sync.OnceValue(func() []byte { return makeClosed(t, n) }))
	path := journalPath(t)
	writeFile(t, path, made.(func() []byte)())
	writeFile(t, path+".lock", nil) // a writer leaves it
	return path
}

var closed sync.Map // by number of messages: func() []byte

func makeClosed(t testing.TB, n int) []byte {
	t.Helper()
	path := journalPath(t)
	j := mustOpen(t, options(path))
	for part := range slices.Chunk(numbered("m", n), maxGroup) {
		_, errs := together(t, j, part...)
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return readFile(t, path)
}

func alter(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBrokenFilesAreNamedAndLeftAlone(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		spoil  func(t *testing.T, path string, raw []byte) []byte
		want   error
		advice string
	}{
		{"zero length", func(*testing.T, string, []byte) []byte { return nil }, ErrEmpty, "put a backup"},
		{"cut to a hundred bytes", func(_ *testing.T, _ string, raw []byte) []byte { return raw[:100] }, ErrCorrupt, "put a backup"},
		{"cut in the middle", func(_ *testing.T, _ string, raw []byte) []byte { return raw[:len(raw)/2] }, ErrCorrupt, ".recover"},
		{"cut by one page", func(_ *testing.T, _ string, raw []byte) []byte { return raw[:len(raw)-4096] }, ErrCorrupt, ".recover"},
		{"a text", func(*testing.T, string, []byte) []byte { return []byte(strings.Repeat("From: a@example.org\n", 100)) }, ErrForeign, "check the path"},
		{"zeros", func(_ *testing.T, _ string, raw []byte) []byte { return make([]byte, len(raw)) }, ErrForeign, "check the path"},
		{"the header rotten", func(_ *testing.T, _ string, raw []byte) []byte { raw[3] ^= 1; return raw }, ErrForeign, "check the path"},
		{"the end zeroed", func(_ *testing.T, _ string, raw []byte) []byte {
			clear(raw[len(raw)-20*4096:])
			return raw
		}, ErrCorrupt, ".recover"},
		{"the newest message rotten", func(_ *testing.T, _ string, raw []byte) []byte {
			raw[bytes.LastIndex(raw, []byte("note m-199"))] ^= 1
			return raw
		}, ErrCorrupt, ".recover"},
		{"another SQLite file", func(t *testing.T, path string, _ []byte) []byte {
			os.Remove(path)
			alter(t, path, "CREATE TABLE cats (name TEXT)", "INSERT INTO cats VALUES ('Mia')")
			return nil
		}, ErrForeign, "check the path"},
		{"newer", func(t *testing.T, path string, _ []byte) []byte {
			alter(t, path, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion+1))
			return nil
		}, ErrNewer, "newer program"},
		{"older than the first", func(t *testing.T, path string, _ []byte) []byte {
			alter(t, path, "PRAGMA user_version = 0")
			return nil
		}, ErrForeign, ""},
		{"the newest deleted", func(t *testing.T, path string, _ []byte) []byte {
			alter(t, path, "DELETE FROM messages WHERE seq > 195")
			return nil
		}, ErrCorrupt, "put a backup"},
		{"all deleted", func(t *testing.T, path string, _ []byte) []byte { alter(t, path, "DELETE FROM messages"); return nil }, ErrCorrupt, ""},
		{"a gap near the end", func(t *testing.T, path string, _ []byte) []byte {
			alter(t, path, "DELETE FROM messages WHERE seq = 190")
			return nil
		}, ErrCorrupt, ""},
		{"meta gone", func(t *testing.T, path string, _ []byte) []byte { alter(t, path, "DELETE FROM meta"); return nil }, ErrCorrupt, ""},
		{"a table gone", func(t *testing.T, path string, _ []byte) []byte { alter(t, path, "DROP TABLE ids"); return nil }, ErrCorrupt, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := closedJournal(t, 200)
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			spoilt := c.spoil(t, path, raw)
			if spoilt != nil || c.want == ErrEmpty {
				if err := os.WriteFile(path, spoilt, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			refuses(t, path, c.want, c.advice)
			if _, err := OpenReader(context.Background(), path); err == nil && c.name != "a table gone" {
				t.Error("OpenReader took it")
			}
		})
	}
}

func TestMissingFiles(t *testing.T) {
	t.Parallel()
	path := journalPath(t)
	if _, err := OpenReader(context.Background(), path); !errors.Is(err, ErrMissing) {
		t.Errorf("OpenReader: %v", err)
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	if len(entries) != 0 {
		t.Errorf("OpenReader made %v", entries)
	}
	orphan := crashed(t, 3)
	if err := os.Remove(orphan); err != nil {
		t.Fatal(err)
	}
	refuses(t, orphan, ErrOrphanWAL, "put the journal back")
	if _, err := os.Stat(orphan); err == nil {
		t.Error("a journal was made beside an orphaned log")
	}
	if _, err := Open(context.Background(), options(filepath.Join(t.TempDir(), "no", "such", "j"))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing folder: %v", err)
	}
	if _, err := Open(context.Background(), options(t.TempDir())); !errors.Is(err, ErrForeign) {
		t.Errorf("a folder in its place: %v", err)
	}
}

func TestACrashWhileMakingAJournal(t *testing.T) {
	t.Parallel()
	path := journalPath(t)
	for _, suffix := range []string{".new", ".new-journal"} {
		if err := os.WriteFile(path+suffix, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mustAppend(t, mustOpen(t, options(path)), noteRecord("a"))
	if left, _ := filepath.Glob(path + ".new*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestIdentityBelongsToTheFile(t *testing.T) {
	t.Parallel()
	path := closedJournal(t, 1)
	for what, change := range map[string]func(*Identity){
		"prefix":      func(id *Identity) { id.Prefix = "net.example" },
		"environment": func(id *Identity) { id.Environment = "production" },
		"name":        func(id *Identity) { id.Name = "others" },
	} {
		o := options(path)
		change(&o.Identity)
		_, err := Open(context.Background(), o)
		if !errors.Is(err, ErrIdentity) || !strings.Contains(err.Error(), "set the "+what+" back") {
			t.Errorf("%s: %v", what, err)
		}
	}
	older := aged(t, 2, 1)
	was := readFile(t, older)
	o := options(older)
	o.Identity.Name = "others"
	if _, err := Open(context.Background(), o); !errors.Is(err, ErrIdentity) || !bytes.Equal(readFile(t, older), was) {
		t.Errorf("another's older journal: %v, changed %v", err, !bytes.Equal(readFile(t, older), was))
	}
	o = options(path)
	o.Identity.Username = "somebody"
	mustOpen(t, o)
	for _, id := range []Identity{{}, {Prefix: "org.example"}, {Prefix: "org.example", Environment: "dev"}, {Prefix: "Org", Environment: "dev", Name: "n"}} {
		o := options(journalPath(t))
		o.Identity = id
		if _, err := Open(context.Background(), o); err == nil {
			t.Errorf("identity %+v was taken", id)
		}
	}
}

func TestOddPaths(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b", "100%", "what?mode=memory", "#1", "ü"} {
		path := filepath.Join(t.TempDir(), name)
		mustAppend(t, mustOpen(t, options(path)), noteRecord("a"))
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	raw, err := os.ReadFile(closedJournal(f, 3))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), []byte{})
	f.Add(uint32(0), []byte("SQLite"))
	f.Add(uint32(28), []byte{0, 0, 0, 99})
	f.Add(uint32(100), []byte{5, 0, 1})
	f.Add(uint32(len(raw)-4096), []byte{13, 0, 0, 0, 9})
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		spoilt := bytes.Clone(raw)
		copy(spoilt[int(at)%len(spoilt):], patch)
		path := journalPath(t)
		if err := os.WriteFile(path, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := OpenReader(context.Background(), path); err == nil {
			if _, err := r.Verify(context.Background(), nil); err != nil {
				t.Log(err)
			}
			r.Close()
		}
		if now, _ := os.ReadFile(path); !bytes.Equal(now, spoilt) {
			t.Fatal("a reader changed the file")
		}
		j, err := Open(context.Background(), options(path))
		if err == nil {
			j.Close()
			return
		}
		if now, _ := os.ReadFile(path); !bytes.Equal(now, spoilt) {
			t.Fatalf("the file was changed by a failed Open: %v", err)
		}
	})
}
