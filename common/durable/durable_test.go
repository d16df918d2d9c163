package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestMkdirAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 {
		if err := MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below")} {
		if err := MkdirAll(path, 0o700); err == nil {
			t.Errorf("%s was made", path)
		}
	}
}

func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	owned := 0
	own := func(string) error { owned++; return nil }
	if err := Create(path, []byte("first"), 0o640, own); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, []byte("second"), 0o640, own); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another: %v", err)
	}
	cause := errors.New("not yours")
	if err := Create(path+"2", nil, 0o600, func(string) error { return cause }); !errors.Is(err, cause) {
		t.Errorf("a file that cannot be given away: %v", err)
	}
	text, err := os.ReadFile(path)
	if err != nil || string(text) != "first" || owned != 2 {
		t.Errorf("%q, %v, given away %d times", text, err, owned)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 || entries[0].Type() != 0 {
		t.Errorf("there are %v, %v", entries, err)
	}
	if info, err := entries[0].Info(); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, content := range []string{"first", "second, and longer", "3"} {
		if err := Replace(path, []byte(content), 0o600, nil); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("it holds %q, %v; want %q", got, err, content)
		}
	}
	cause := errors.New("not yours")
	if err := Replace(path, []byte("fourth"), 0o600, func(string) error { return cause }); !errors.Is(err, cause) {
		t.Errorf("a file that cannot be given away: %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "3" {
		t.Errorf("after a failure it holds %q, %v", got, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("there are %v, %v", entries, err)
	}
}
