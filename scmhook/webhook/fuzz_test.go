package webhook

import (
	"bytes"
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"busbar/adapters/adaptertest"
	"busbar/adapters/scm"
	"busbar/common/translate"
)

// FuzzReread: what was kept of a request is read again as the request was, as often as
// one likes; anything else is refused.
func FuzzReread(f *testing.F) {
	files, err := filepath.Glob(fixtures + "/*[a-z].json")
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no fixtures: %v", err)
	}
	for _, file := range files {
		f.Add(0, "Push Hook", "7", read(f, file))
		f.Add(2, "delete", "", read(f, file))
	}
	f.Add(1, "\xff", "\n", []byte(`{"webhook": 1, "forge": "GitLab", "received": "x"}`+"\n{}"))
	f.Add(1, "create", "\u2028", []byte(`{"webhook": 2}`+"\n{}"))
	when := time.Date(2026, 3, 14, 9, 1, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, of int, kind, name string, body []byte) {
		forge := []Forge{GitLab, Forgejo, GitHub}[uint(of)%3]
		kept := bytes.Clone(body)
		if d, why, err := Reread(body); err != nil && (why != "" || d.Item.Value != nil) {
			t.Errorf("%q is %+v, %q and %v", body, d, why, err)
		} else if err == nil && why == "" && !bytes.Equal(d.Item.Raw, kept) {
			t.Errorf("%q is kept as %q", kept, d.Item.Raw)
		}
		d, why := delivered{Forge: forge, Kind: kind, Name: name, Received: when}.read(body)
		if !bytes.Equal(body, kept) {
			t.Fatal("the body was changed")
		}
		if why != "" {
			return
		}
		again, why, err := Reread(d.Item.Raw)
		if err != nil || why != "" {
			t.Fatalf("%q is kept as %q, which is read as %q, %v", body, d.Item.Raw, why, err)
		}
		if push, ok := d.Item.Value.(scm.Push); ok {
			if !reflect.DeepEqual(again.Item.Value, push) {
				t.Errorf("%q was %+v, and is read again as %+v", body, push, again.Item.Value)
			}
			adaptertest.Check(t, scm.Translator("scm", scm.Links{}), translate.Item[scm.Push]{Value: push, Received: when})
		} else if broken, ok := d.Item.Value.(error); !ok || again.Item.Value.(error).Error() != broken.Error() || errors.Is(broken, ErrNotKept) {
			t.Errorf("%q was %v, and is read again as %v", body, d.Item.Value, again.Item.Value)
		}
	})
}
