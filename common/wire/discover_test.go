package wire

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestDiscovered: publishers that come into a list are followed, those that leave
// it are not, and the others never notice.
func TestDiscovered(t *testing.T) {
	one, two := listen(t, PubOptions{}), listen(t, PubOptions{})
	path := filepath.Join(t.TempDir(), "publishers")
	put := func(pubs ...*Pub) {
		t.Helper()
		text := "[endpoints]\n"
		for i, p := range pubs {
			text += string(rune('a'+i)) + " = '" + p.Endpoints()[0] + "'\n"
		}
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	put(one)
	s, err := Subscribe(context.Background(), SubOptions{Endpoints: []string{"file:" + path}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	await := func(what string, pubs ...*Pub) {
		t.Helper()
		for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) { // between two looks at the condition
			there := s.Connected()
			all := len(there) == len(pubs)
			for _, p := range pubs {
				all = all && there[p.Endpoints()[0]]
			}
			if all {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%s: connected: %v", what, there)
			}
		}
	}
	await("the first", one)
	put(one, two)
	await("both", one, two)
	put(two)
	await("the second", two)
	if c := two.Stats().Connects; c != 1 {
		t.Errorf("the second was connected %d times", c)
	}
}
