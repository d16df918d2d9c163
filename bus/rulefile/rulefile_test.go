package rulefile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDecode: all that is wrong is said, each with its place.
func TestDecode(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"good.toml": "name = \"tea\"\n", "more.toml": "nmae = \"tea\"\n[other]\nkey = 1\n", "broken.toml": "name = \"tea\"\nname = \n",
		"large.toml": strings.Repeat("#", MaxFile+1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var faults Faults
	for name, reads := range map[string]bool{"good.toml": true, "more.toml": true, "broken.toml": false, "large.toml": false, "none.toml": false} {
		var form struct {
			Name string `toml:"name"`
		}
		if got := faults.Decode(filepath.Join(dir, name), &form, "the page"); got != reads || name == "good.toml" && form.Name != "tea" {
			t.Errorf("%s: %v, %+v", name, got, form)
		}
	}
	said := fmt.Sprint(faults.Err())
	for _, want := range []string{"more.toml: there is no key nmae (see the page)", "more.toml: there is no key other.key", "broken.toml: line 2: ", "large.toml: it is larger than 16 MiB", "none.toml: open "} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said:\n%s", want, said)
		}
	}
	if strings.Contains(said, "good") {
		t.Error(said)
	}
	for i := range 100 {
		faults.Add("here", "fault %d", i)
	}
	if n := strings.Count(fmt.Sprint(faults.Err()), "\n") + 1; n != maxFaults {
		t.Errorf("%d are said", n)
	}
}
