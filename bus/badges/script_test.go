package badges

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
	"busbar/bus/search"
	"busbar/bus/verify"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bus": bustest.Main(&Command{}, &search.Command{}, &verify.Command{}), "archived": bustest.Peer(bustest.Archived),
	})
}

var shown = regexp.MustCompile("(?s)```toml\n(.*?)```")

// TestScripts runs the commands, well and badly, as a person would. The scripts have the
// configuration and the badges of docs/howto/badges.md, as they stand there, and an
// archive of all fixtures.
func TestScripts(t *testing.T) {
	page, err := os.ReadFile("../../docs/howto/badges.md")
	if err != nil {
		t.Fatal(err)
	}
	files := shown.FindAllSubmatch(page, -1)
	if len(files) != 2 {
		t.Fatalf("the page has %d files", len(files))
	}
	bustest.Scripts(t, bustest.Free("", "PUB", "HTTP"), func(e *testscript.Env) error {
		config := strings.NewReplacer("127.0.0.1:9946", e.Getenv("PUB"), "127.0.0.1:9484", e.Getenv("HTTP")).Replace(string(files[0][1]))
		config += "rules = \"badges.d\"\narchive = \"archive.db\"\nfile = \"badges.db\"\njournal = \"journal.db\"\nevery = \"100ms\"\n"
		config += fmt.Sprintf("[sign]\ncertificate = %[1]q\nkey = %[2]q\nca = %[3]q\ncrl = %[4]q\n", e.Getenv("PKI")+"/bridge-feeder.example.org.crt", e.Getenv("PKI")+"/bridge-feeder.example.org.key", e.Getenv("PKI")+"/ca.crt", e.Getenv("PKI")+"/crl.pem")
		return errors.Join(os.Mkdir(filepath.Join(e.WorkDir, "badges.d"), 0o700), os.WriteFile(filepath.Join(e.WorkDir, "bus.toml"), []byte(config), 0o600),
			os.WriteFile(filepath.Join(e.WorkDir, "badges.d", "badges.toml"), files[1][1], 0o600))
	})
}
