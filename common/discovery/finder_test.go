package discovery

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/fixtures/leaks"
)

func TestMain(m *testing.M) { os.Exit(leaks.Run(m)) }

// start is a finder that looks often.
func start(t *testing.T, servers []string, sources ...string) *Finder {
	t.Helper()
	f, err := Start(context.Background(), sources, Options{Every: 5 * time.Millisecond, Servers: servers, least: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// await waits until the finder knows these addresses, and its source i is in this
// state.
func await(t *testing.T, f *Finder, i int, state State, addresses ...string) Status {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(2 * time.Millisecond) { // between two looks at the condition
		changed := f.Changed()
		var got []string
		for _, e := range f.Endpoints() {
			got = append(got, e.Address)
		}
		s := f.Status()[i]
		if s.State == state && slices.Equal(got, addresses) {
			select {
			case <-changed:
				continue
			default:
				return s
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%+v with %v, want %s with %v", s, got, state, addresses)
		}
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

const one, two = "tcp://one.example.org:1", "tcp://two.example.org:2"

// TestFile: absent, empty and unreadable are three things, and each change is
// followed.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "publishers")
	f := start(t, nil, "file:"+path, "tcp://fixed.example.org:7")
	fixed := "tcp://fixed.example.org:7"
	await(t, f, 0, Absent, fixed)
	put(t, path, "[endpoints]\na = '"+one+"'")
	await(t, f, 0, Found, fixed, one)
	put(t, path, `{"a": ["`+one+`", "`+two+`"]}`)
	await(t, f, 0, Found, fixed, one, two)
	put(t, path, `{"a": ["`+two)
	if s := await(t, f, 0, Unreadable, fixed, one, two); !strings.Contains(s.Error, "reading JSON") || !strings.Contains(s.Error, path) || s.Since.IsZero() {
		t.Errorf("%+v", s)
	}
	put(t, path, " \n")
	await(t, f, 0, Empty, fixed)
	put(t, path, "[endpoints]\na = '"+two+"'")
	await(t, f, 0, Found, fixed, two)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	await(t, f, 0, Absent, fixed)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	await(t, f, 0, Unreadable, fixed)
}

// TestDirectory: one file that cannot be read holds up no other, and keeps what was
// known of it.
func TestDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "publishers.d")
	f := start(t, nil, "dir:"+dir)
	await(t, f, 0, Absent)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	await(t, f, 0, Empty)
	put(t, filepath.Join(dir, "a.toml"), "[endpoints]\na = '"+one+"'")
	put(t, filepath.Join(dir, "notes.txt"), "not looked at")
	put(t, filepath.Join(dir, ".hidden.toml"), "not looked at")
	await(t, f, 0, Found, one)
	put(t, filepath.Join(dir, "a.toml"), "[endpoints")
	put(t, filepath.Join(dir, "b.json"), `{"b": "`+two+`"}`)
	if s := await(t, f, 0, Unreadable, one, two); !strings.Contains(s.Error, "a.toml") {
		t.Errorf("%+v", s)
	}
	if err := os.Remove(filepath.Join(dir, "a.toml")); err != nil {
		t.Fatal(err)
	}
	await(t, f, 0, Found, two)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	await(t, f, 0, Absent)
}

func TestSourcesAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		"": "want tcp://HOST:PORT", "file:": "want file:PATH", "dir:": "want dir:PATH", "http://x": "want tcp://HOST:PORT", "tcp://x": "HOST:PORT",
		"tcp://*:1": "a host and a port", "srv:": "no name of DNS", "srv:.": "no name of DNS",
		"srv:" + strings.Repeat("a", 64) + ".org": "no name of DNS", "srv:a..b": "no name of DNS",
	} {
		if err := Check(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if f, err := Start(context.Background(), []string{text}, Options{}); err == nil {
			f.Close()
			t.Errorf("%q was taken", text)
		}
	}
	for _, text := range []string{one, "file:x", "dir:x", "srv:example.org", "srv:_x._tcp.example.org."} {
		if err := Check(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
