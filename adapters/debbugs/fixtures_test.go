package debbugs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Every kind is shown by a fixture: of mails, of the tracker's records, of usertags.
func TestEveryKindHasAFixture(t *testing.T) {
	files, err := filepath.Glob(fixtures + "*/*.events.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var golden struct {
			Events []struct {
				Topic string `json:"topic"`
			} `json:"events"`
		}
		if err := json.Unmarshal(text, &golden); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, e := range golden.Events {
			seen[e.Topic] = true
		}
	}
	for _, k := range AllKinds() {
		if !seen[k.Topic] {
			t.Errorf("no fixture shows %s", k.Topic)
		}
	}
}
