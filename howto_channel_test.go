package busbar

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestHowtoChannelWorks builds the channel of the how-to, as if it stood in a folder
// of a program, and runs its test, the suite for channels.
func TestHowtoChannelWorks(t *testing.T) {
	blocks := goBlock.FindAllStringSubmatch(pages(t)["docs/howto/new-channel.md"], -1)
	if len(blocks) != 2 {
		t.Fatalf("the how-to has %d blocks of Go, want the channel and its test", len(blocks))
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	house := t.TempDir()
	replace := map[string]string{}
	for i, name := range []string{"logfile.go", "logfile_test.go"} {
		file := filepath.Join(house, name)
		write(t, file, blocks[i][1])
		replace[filepath.Join(here, "mail2bus", "logfile", name)] = file
	}
	if out := run(t, here, "gofmt", "-l", house); out != "" {
		t.Errorf("the how-to's Go is not as gofmt writes it: %s", out)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(house, "overlay.json"), string(overlay))
	binary := filepath.Join(house, "logfile.test")
	run(t, here, "go", "test", "-c", "-vet=off", "-overlay", filepath.Join(house, "overlay.json"), "-o", binary, "busbar/mail2bus/logfile")
	run(t, house, binary)
}
