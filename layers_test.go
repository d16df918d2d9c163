// Package busbar holds no code: it is where the tests of the whole house live.
package busbar

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "busbar"

// A room says which packages of ours the packages that its pattern names may
// import. "…/*" is any one package below; "…/..." is any below, and itself.
type room struct {
	pattern string
	may     []string
}

// rooms are the arrows of the house; the first that fits a package counts. See
// docs/architecture.md.
var rooms = []room{
	{"common/show", nil},
	{"common/runes", nil},
	{"common/pattern", nil},
	{"common/event", []string{"common/pattern", "common/runes", "common/show"}},
	{"common/charset", nil},
	{"common/mail", []string{"common/charset", "common/runes"}},
	{"common/progress", []string{"common/runes", "common/show"}},
	{"common/condition", nil},
	{"common/durable", nil},
	{"common/sqlfile", nil},
	{"common/dirwatch", nil},
	{"common/secret", nil},
	{"common/ask", nil},
	{"common/journal", []string{"common/durable", "common/event", "common/runes", "common/show", "common/sqlfile"}},
	{"common/state", []string{"common/event"}},
	{"common/archive", []string{"common/durable", "common/event", "common/sqlfile", "common/state"}},
	{"common/pgp", []string{"common/durable"}},
	{"common/sign", []string{"common/durable", "common/event", "common/pgp"}},
	{"common/backoff", nil},
	{"common/recent", nil},
	{"common/inorder", nil},
	{"common/wire/guard", []string{"common/backoff"}},
	{"common/drain", []string{"common/backoff", "common/journal"}},
	{"common/webhook", []string{"common/secret"}},
	{"common/child", []string{"common/runes", "common/show"}},
	{"common/answer", []string{"common/runes", "common/secret", "common/show"}},
	{"common/push", []string{"common/answer", "common/drain", "common/journal", "common/secret", "common/webhook"}},
	{"common/lines", []string{"common/drain", "common/durable", "common/journal"}},
	{"common/drain/draintest", []string{"common/drain", "common/journal", "common/event"}},
	{"common/replay", []string{"common/backoff", "common/event", "common/journal", "common/wire/guard"}},
	{"common/discovery", []string{"common/wire/guard"}},
	{"common/wire", []string{"common/backoff", "common/discovery", "common/drain", "common/event", "common/journal", "common/recent", "common/replay", "common/sign", "common/wire/guard"}},
	{"common/subscribe", []string{"common/backoff", "common/condition", "common/discovery", "common/durable", "common/event", "common/inorder", "common/recent", "common/replay", "common/sign", "common/wire", "common/wire/guard", "common/sqlfile"}},
	{"common/dbrow", []string{"common/runes"}},
	{"common/translate", []string{"common/event"}},
	{"common/pump", []string{"common/backoff", "common/event", "common/journal", "common/translate"}},
	{"common/pump/channeltest", []string{"common/event", "common/journal", "common/pump", "common/translate"}},
	{"common/rounds", []string{"common/translate"}},
	{"common/canary", []string{"common/condition", "common/durable", "common/event", "common/journal", "common/runes", "common/show", "common/translate"}},
	{"common/exit", []string{"common/journal"}},
	{"common/config", []string{"common/event", "common/secret", "common/sign"}},
	{"common/manual", []string{"common/config"}},
	{"common/node", []string{"common/canary", "common/condition", "common/config", "common/drain", "common/durable", "common/event", "common/exit", "common/journal", "common/lines", "common/pump", "common/push", "common/replay", "common/secret", "common/show", "common/sign", "common/translate", "common/wire"}},
	{"common/setup", []string{"common/config", "common/durable", "common/show", "common/sign"}},
	{"common/program", []string{"common/*"}},
	{"common/programtest", []string{"common/config", "common/exit", "common/manual", "common/program", "common/sign", "fixtures/ports"}},
	{"adapters", nil},
	{"adapters/adaptertest", []string{"common/event", "common/show", "common/translate", "fixtures/cases"}},
	{"adapters/*", []string{"common/charset", "common/dbrow", "common/event", "common/mail", "common/pattern", "common/runes", "common/state", "common/translate"}},
	{"fixtures", nil},
	{"fixtures/*", []string{"fixtures/ports"}},
	{"contrib/...", []string{"contrib/...", "adapters/...", "common/*", "fixtures/..."}}, // what tries the programs
	{"mail2bus/...", []string{"mail2bus/...", "adapters/...", "common/*"}},
	{"soapbus/...", []string{"soapbus/...", "adapters/...", "common/*"}},
	{"dbpoll/...", []string{"dbpoll/...", "adapters/...", "common/*"}},
	{"scmhook/...", []string{"scmhook/...", "adapters/...", "common/*"}},
	// What is heavy stands in packages of bus, which the adapters never link.
	{"bus/demo", []string{"bus/*", "bus/badges/award", "common/*", "fixtures/..."}},
	{"bus/hub", []string{"bus/...", "adapters/...", "common/*", "common/wire/guard"}},
	{"bus/notify/dest", []string{"common/*"}},
	{"bus/notify/notifytest", []string{"bus/notify/...", "common/*", "fixtures"}},
	{"bus/notify/dest/desttest", []string{"bus/notify/dest", "common/*", "fixtures/ports"}},
	{"bus/notify/dest/...", []string{"bus/notify/dest", "bus/notify/dest/*", "common/*"}},
	{"bus/notify/openid", []string{"bus/notify/dest/outside", "common/*"}},
	{"bus/notify/openid/openidtest", nil},
	{"bus/present", []string{"bus/...", "adapters/...", "common/*", "soapbus/tracker", "dbpoll/database", "dbpoll/queue"}},
	{"bus/...", []string{"bus/...", "adapters/...", "common/*"}},
}

// Tests may use fixtures and the conformance suites, and those of common/ the
// packages beside theirs.
var testsMay = map[string][]string{
	"":         {"fixtures/...", "common/pump/channeltest"},
	"contrib":  {"common/config"},
	"adapters": {"adapters/adaptertest"},
	"common":   {"common/*", "common/drain/draintest", "common/wire/guard", "adapters/adaptertest"},
	"bus":      {"bus/notify/openid/openidtest", "common/wire/guard", "common/drain/draintest", "adapters/adaptertest"},
}

// forTests are packages that only tests may import, and one another.
var forTests = []string{"adapters/adaptertest", "bus/bustest", "bus/notify/dest/desttest", "bus/notify/notifytest", "bus/notify/openid/openidtest", "common/programtest", "common/pump/channeltest"}

// A listed is what `go list -json` tells of a package.
type listed struct {
	ImportPath, Name                   string
	Imports, TestImports, XTestImports []string
	Deps                               []string
}

func TestArrowsPointOneWay(t *testing.T) {
	pkgs := list(t)
	if len(pkgs) < 5 {
		t.Fatalf("go list found only %d packages; this test must run in the whole repository", len(pkgs))
	}
	for _, complaint := range arrows(pkgs) {
		t.Error(complaint)
	}
}

// TestProgramsLinkNoTests: what is built for users holds nothing of the tests,
// whatever way it would come in.
func TestProgramsLinkNoTests(t *testing.T) {
	programs := 0
	for _, p := range list(t) {
		if p.Name != "main" || strings.HasPrefix(within(p.ImportPath), "contrib/") {
			continue
		}
		programs++
		for _, dep := range p.Deps {
			if dep == "testing" || slices.Contains(forTests, within(dep)) {
				t.Errorf("%s links %s, which is for tests", within(p.ImportPath), dep)
			}
		}
	}
	if programs < 5 {
		t.Errorf("only %d programs were found", programs)
	}
}

// TestArrowsAreChecked shows that a wrong arrow is found.
func TestArrowsAreChecked(t *testing.T) {
	for _, c := range []struct {
		pkg, name, imports string
		inTest             bool
		want               string // part of the complaint; empty: allowed
	}{
		{pkg: "mail2bus", name: "main", imports: "adapters/dak"},
		{pkg: "mail2bus", name: "main", imports: "mail2bus/maildir"},
		{pkg: "mail2bus", name: "main", imports: "fixtures", want: "may not import"},
		{pkg: "bus", name: "main", imports: "mail2bus/maildir", want: "may not import"},
		{pkg: "bus/demo", imports: "fixtures/bugtracker"},
		{pkg: "bus/catalog", imports: "fixtures", want: "may not import"},
		{pkg: "bus/hub", imports: "bus/filter"},
		{pkg: "bus/tail", imports: "bus/bustest", want: "is for tests"},
		{pkg: "mail2bus", name: "main", imports: "bus/forward", want: "may not import"},
		{pkg: "common/program", imports: "bus/kinds", want: "may not import"},
		{pkg: "adapters/dak", imports: "bus/kinds", want: "may not import"},
		{pkg: "adapters/dak", imports: "common/mail"},
		{pkg: "adapters/dak", imports: "adapters/debbugs", want: "may not import"},
		{pkg: "adapters/dak", imports: "common/journal", want: "may not import"},
		{pkg: "adapters/dak", imports: "adapters/adaptertest", want: "may not import"},
		{pkg: "adapters/dak", imports: "adapters/adaptertest", inTest: true},
		{pkg: "mail2bus", name: "main", imports: "adapters/adaptertest", want: "is for tests"},
		{pkg: "mail2bus", name: "main", imports: "common/programtest", want: "is for tests"},
		{pkg: "mail2bus", name: "main", imports: "common/programtest", inTest: true},
		{pkg: "adapters/dak", imports: "adapters/debbugs", inTest: true, want: "may not import"},
		{pkg: "common/event", imports: "common/mail", want: "may not import"},
		{pkg: "common/wire", imports: "common/journal"},
		{pkg: "common/journal", imports: "common/wire", want: "may not import"},
		{pkg: "common/journal", imports: "common/sign", inTest: true},
		{pkg: "common/journal", imports: "mail2bus/maildir", inTest: true, want: "may not import"},
		{pkg: "adapters/dak", imports: "common/translate"},
		{pkg: "common/program", imports: "common/translate"},
		{pkg: "common/program", imports: "adapters", want: "may not import"},
		{pkg: "common/pump", imports: "adapters/dak", want: "may not import"},
		{pkg: "common/program", imports: "adapters/dak", want: "may not import"},
		{pkg: "common", imports: "common/event", want: "no .go file"},
		{pkg: "newthing", imports: "common/event", want: "add it to rooms"},
		{pkg: "common/event", name: "main", imports: "fmt", want: "is a program"},
	} {
		p := listed{ImportPath: module + "/" + c.pkg, Name: c.name}
		imports := []string{c.imports, "fmt"}
		if c.imports != "fmt" {
			imports[0] = module + "/" + c.imports
		}
		if c.inTest {
			p.TestImports = imports
		} else {
			p.Imports = imports
		}
		got := strings.Join(arrows([]listed{p}), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s imports %s (in a test: %v): complaint %q, want %q", c.pkg, c.imports, c.inTest, got, c.want)
		}
	}
}

// arrows says, for each wrong import, what to do about it.
func arrows(pkgs []listed) []string {
	var bad []string
	for _, p := range pkgs {
		name := within(p.ImportPath)
		if name == "common" {
			bad = append(bad, "common/ holds packages and no .go file of its own: move it into the package that it belongs to")
			continue
		}
		if name == "" {
			continue // this package: tests only
		}
		i := slices.IndexFunc(rooms, func(r room) bool { return fits(r.pattern, name) })
		if i < 0 {
			bad = append(bad, fmt.Sprintf("%s stands in no room of the house: add it to rooms in layers_test.go and to docs/architecture.md, or move it", name))
			continue
		}
		program := strings.HasSuffix(rooms[i].pattern, "/...")
		if p.Name == "main" && !program {
			bad = append(bad, fmt.Sprintf("%s is a program inside a library: give it a folder at the top, or make it a command of bus", name))
		}
		bad = append(bad, wrong(name, "", p.Imports, rooms[i].may)...)
		for _, to := range forTests {
			if slices.Contains(p.Imports, module+"/"+to) && !slices.Contains(forTests, name) {
				bad = append(bad, fmt.Sprintf("%s may not import %s, which is for tests: import it in a _test.go file", name, to))
			}
		}
		top, _, _ := strings.Cut(name, "/")
		inTests := slices.Concat(rooms[i].may, testsMay[""], testsMay[top])
		bad = append(bad, wrong(name, " (in a test)", append(p.TestImports, p.XTestImports...), append(inTests, name))...)
	}
	return bad
}

func wrong(name, where string, imports, may []string) []string {
	var bad []string
	for _, imp := range imports {
		if imp != module && !strings.HasPrefix(imp, module+"/") {
			continue
		}
		to := within(imp)
		if slices.ContainsFunc(may, func(pattern string) bool { return fits(pattern, to) }) {
			continue
		}
		allowed := "nothing of ours"
		if len(may) > 0 {
			allowed = "only " + strings.Join(may, ", ")
		}
		bad = append(bad, fmt.Sprintf("%s may not import %s%s: it may import %s. Move the code to where the arrows allow it, or hand the value in from the program", name, to, where, allowed))
	}
	return bad
}

// fits tells whether a pattern of rooms names the package.
func fits(pattern, name string) bool {
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == below || strings.HasPrefix(name, below+"/")
	}
	if below, ok := strings.CutSuffix(pattern, "/*"); ok {
		return path.Dir(name) == below
	}
	return name == pattern
}

func within(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Imports,TestImports,XTestImports,Deps", "./...")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing the packages: %v\n%s", err, stderr.String())
	}
	var pkgs []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatalf("reading what go list says: %v", err)
		}
		pkgs = append(pkgs, p)
	}
}
