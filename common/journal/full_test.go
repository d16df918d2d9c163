package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"busbar/common/event"
)

// big is a record that fills a disk.
func big(key string) Record {
	return Record{Events: []event.Event{{Kind: noteKind, Key: key, Time: someday, Body: noteBody{Text: key, Pad: strings.Repeat("x", 20000)}}}}
}

// smallDisk mounts a file system of a few megabytes.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m"); err != nil {
		t.Skipf("only root can mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmounting: %v", err)
		}
	})
	return dir
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "journal")
	j, err := Open(context.Background(), options(path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { j.Close() }() // the one open then, before the unmounting
	stored := 0
	for ; ; stored++ {
		if _, err = j.Append(context.Background(), big("fill "+strconv.Itoa(stored))); err != nil {
			break
		}
		if stored > 1000 {
			t.Fatal("the disk does not fill")
		}
	}
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "free some space") || !strings.Contains(err.Error(), path) {
		t.Errorf("the error is %v", err)
	}
	waiting := make([]Record, 20)
	for i := range waiting {
		waiting[i] = big("wait " + strconv.Itoa(i))
		waiting[i].Source, waiting[i].Position = "numbers", []byte("1")
	}
	_, errs := together(t, j, waiting...)
	for i, err := range errs {
		if !errors.Is(err, ErrFull) {
			t.Errorf("waiting caller %d got %v", i, err)
		}
	}
	if r := mustVerify(t, j.Reader()); r.Last != int64(stored) {
		t.Errorf("%d acknowledged, %d there", stored, r.Last)
	}
	if _, err := j.Reader().Position(context.Background(), "numbers"); !errors.Is(err, ErrNotFound) {
		t.Errorf("half a record was stored: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	results, errs := together(t, j, waiting[:3]...)
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("after space came back: %v", err)
	}
	if want := []int64{int64(stored) + 3}; !slices.Equal(results[2].Seqs, want) {
		t.Errorf("numbers %v, want %v", results[2].Seqs, want)
	}
	mustVerify(t, j.Reader())
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if j, err = Open(context.Background(), options(path)); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, j.Reader()); r.Last != int64(stored)+3 {
		t.Errorf("after opening again: %+v", r)
	}
}

func TestFullDiskAtTheFirstOpen(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 3<<20-4096), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "journal")
	if _, err := Open(context.Background(), options(path)); !errors.Is(err, ErrFull) {
		t.Errorf("on a full disk: %v", err)
	}
	left, _ := filepath.Glob(path + "*")
	if !slices.Equal(left, []string{path + ".lock"}) {
		t.Errorf("left behind: %v", left)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	j, err := Open(context.Background(), options(path))
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

func TestReadOnlyMedia(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t)
	path := filepath.Join(dir, "journal")
	j, err := Open(context.Background(), options(path))
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, j, noteRecord("a"))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), options(path)); err == nil || !strings.Contains(err.Error(), "mounted read-write") {
		t.Errorf("a writer: %v", err)
	}
	r, err := OpenReader(context.Background(), path)
	if err == nil {
		r.Close()
		return
	}
	if !strings.Contains(err.Error(), "must be able to write in the folder") {
		t.Errorf("a reader: %v", err)
	}
}

func TestFileSizeLimit(t *testing.T) {
	path := journalPath(t)
	out, err := helper(t, "limit", path, "600000").Output()
	if err != nil || strings.Count(string(out), "refused: ") != 3 || strings.Count(string(out), ErrFull.Error()) != 3 {
		t.Fatalf("%v: %s", err, out)
	}
	j := mustOpen(t, options(path))
	mustVerify(t, j.Reader())
	if _, err := j.Reader().ByID(context.Background(), note("after").ID(someday)); err != nil {
		t.Errorf("what came after the limit: %v", err)
	}
}
