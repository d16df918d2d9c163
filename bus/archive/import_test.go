package archive

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"busbar/common/archive"
	"busbar/common/event"
)

// TestNothingBehindAFailure: where a batch cannot be stored, none behind it is, and that
// is said once.
func TestNothingBehindAFailure(t *testing.T) {
	a, err := archive.Open(context.Background(), archive.Options{Path: filepath.Join(t.TempDir(), "archive.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	in := &intake{archive: a}
	failing, fail := context.WithCancel(context.Background())
	var failed []error
	take := func(ctx context.Context, n int) {
		wire, err := event.Canonical(event.Envelope{Topic: "org.debian.dev.demo.said", MsgID: fmt.Sprint("one ", n), Timestamp: 1_700_000_000, Msg: map[string]any{}}.Tree())
		if err == nil {
			err = in.take(ctx, wire)
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	for n := range batchMessages { // stored while the next are taken
		take(context.Background(), n)
	}
	for n := range batchMessages - 1 {
		take(context.Background(), batchMessages+n)
	}
	fail()
	take(failing, 2*batchMessages-1) // begins to store what fails
	if len(failed) > 0 || in.stored.Load() != batchMessages {
		t.Fatalf("%d were stored, %v", in.stored.Load(), failed)
	}
	for n := range 10 {
		take(context.Background(), 2*batchMessages+n)
	}
	if err := in.end(context.Background()); err == nil {
		t.Error("that a batch was not stored is not said")
	}
	if err := in.end(context.Background()); err != nil {
		t.Errorf("it is said again: %v", err)
	}
	if _, newest, err := a.Range(context.Background()); newest != batchMessages || err != nil {
		t.Errorf("%d are there, %v", newest, err)
	}
}
