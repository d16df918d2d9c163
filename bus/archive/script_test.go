package archive

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
	"busbar/bus/hub"
	"busbar/bus/search"
	"busbar/fixtures/cluster"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bus":      bustest.Main(&Command{}, &hub.Command{}, &search.Command{}),
		"archived": bustest.Peer(bustest.Archived), "journalled": bustest.Peer(bustest.Journalled),
	})
}

// TestScripts runs the command, well and badly, as a person would; they have $HTTP, a
// free address, and $POSTGRES, a real server's database. $COPY is another one there, which
// page.sh makes: the commands of docs/howto/postgres.md, whose questions are questions.sql.
func TestScripts(t *testing.T) {
	p, err := cluster.StartPostgres(t.Context(), filepath.Join(t.TempDir(), "cluster"), cluster.PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop() })
	text, err := os.ReadFile("../../docs/howto/postgres.md")
	if err != nil {
		t.Fatal(err)
	}
	page := strings.NewReplacer("${PGURL%/*}", "${PGURL%/postgres*}", "/busbar_copy\"", "/busbar_copy?sslmode=disable\"")
	commands, questions := "set -e\n", ""
	for _, m := range regexp.MustCompile("(?m)^    (.*)$").FindAllStringSubmatch(string(text), -1) {
		commands += page.Replace(m[1]) + "\n"
	}
	for _, m := range regexp.MustCompile("(?ms)^```sql\n(.*?)^```").FindAllStringSubmatch(string(text), -1) {
		questions += m[1]
	}
	bustest.Scripts(t, bustest.Free("", "HTTP"), func(e *testscript.Env) error {
		e.Setenv("POSTGRES", p.URL("postgres", "postgres"))
		e.Setenv("COPY", p.URL("postgres", "busbar_copy"))
		return errors.Join(os.WriteFile(filepath.Join(e.WorkDir, "page.sh"), []byte(commands), 0o600),
			os.WriteFile(filepath.Join(e.WorkDir, "questions.sql"), []byte(questions), 0o600))
	})
}
