package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// linked makes a journal that is elsewhere, and a link to it.
func linked(t *testing.T, messages int) (path, behind string) {
	t.Helper()
	path, behind = journalPath(t), filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(closedJournal(t, messages), behind); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(behind, path); err != nil {
		t.Fatal(err)
	}
	return path, behind
}

// TestAJournalBehindALink: by each of its names it is one journal.
func TestAJournalBehindALink(t *testing.T) {
	t.Parallel()
	path, behind := linked(t, 3)
	j := mustOpen(t, options(path))
	mustAppend(t, j, noteRecord("more"))
	for _, name := range []string{path, behind} {
		if _, err := Open(context.Background(), options(name)); !errors.Is(err, ErrLocked) {
			t.Errorf("a second writer: %v", err)
		}
		if err := CheckFiles(name); err != nil || !InUse(name) {
			t.Errorf("%s: %v", name, err)
		}
		r, err := OpenReader(context.Background(), name)
		if err != nil {
			t.Fatal(err)
		}
		mustVerify(t, r)
		if seq, err := r.LastSeq(context.Background()); err != nil || seq != 4 {
			t.Errorf("%s: %d, %v", name, seq, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A link to nothing is a disk that is not mounted, and no new journal.
func TestALinkToNothing(t *testing.T) {
	t.Parallel()
	path, behind := linked(t, 3)
	if err := os.Remove(behind); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), options(path)); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), behind) {
		t.Errorf("%v", err)
	}
	if _, err := os.Readlink(path); err != nil {
		t.Errorf("the link was replaced: %v", err)
	}
}

// TestLinksUnderTheWriter moves the journal and its link while it is written.
func TestLinksUnderTheWriter(t *testing.T) {
	t.Parallel()
	aside := func(t *testing.T, path string) {
		if err := os.Rename(path, path+".moved"); err != nil {
			t.Fatal(err)
		}
	}
	for name, do := range map[string]func(t *testing.T, path, behind string){
		"moved, with a link in its place": func(t *testing.T, _, behind string) {
			aside(t, behind)
			if err := os.Symlink(behind+".moved", behind); err != nil {
				t.Fatal(err)
			}
		},
		"the link leads elsewhere": func(t *testing.T, path, behind string) {
			aside(t, path)
			if err := os.Symlink(closedJournal(t, 1), path); err != nil {
				t.Fatal(err)
			}
		},
		"the link is gone":    func(t *testing.T, path, _ string) { aside(t, path) },
		"what it leads to is": func(t *testing.T, _, behind string) { aside(t, behind) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, behind := linked(t, 2)
			j := mustOpen(t, options(path))
			mustAppend(t, j, noteRecord("kept"))
			do(t, path, behind)
			if _, err := j.Append(context.Background(), noteRecord("lost")); err == nil {
				t.Error("it was acknowledged")
			}
			j.Close()
			if strings.Contains(name, "elsewhere") {
				return // two sequences, of which a person chooses
			}
			again := mustOpen(t, options(path))
			if res := mustAppend(t, again, noteRecord("kept")); res.Duplicates != 1 {
				t.Errorf("what was acknowledged is not there any more: %+v", res)
			}
		})
	}
}
