package svn

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// TestOddBytes: a log from before Subversion checked that texts are UTF-8, or from
// a converter that did not.
func TestOddBytes(t *testing.T) {
	dir := t.TempDir()
	repo := filepath.Join(dir, "r")
	run(t, dir, "svnadmin", "create", repo)
	run(t, dir, "svn", "mkdir", "-q", "--username", "bo", "-m", "LOG", "file://"+repo+"/trunk")
	files, err := filepath.Glob(filepath.Join(repo, "db", "revprops", "*", "1"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%q, %v", files, err)
	}
	stored, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	const message = "B\xfcro, th\xc3\xa9 ☃ and ?\\E9\n"
	stored = bytes.Replace(stored, []byte("V 3\nLOG\n"), []byte("V "+strconv.Itoa(len(message))+"\n"+message+"\n"), 1)
	stored = bytes.Replace(stored, []byte("V 2\nbo\n"), []byte("V 4\nJ\xf6rg\n"), 1)
	if err := os.Chmod(files[0], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], stored, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Open(repo).Commit(t.Context(), "1")
	if err != nil || c.Message != "Büro, thé ☃ and ?\\E9\n" || c.Author.Name != "Jörg" {
		t.Errorf("%q by %q, %v", c.Message, c.Author.Name, err)
	}
}
