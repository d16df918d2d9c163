package contrib

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPackagesHaveAll: what package/files lists exists, no two packages have the same
// place, and every sample, page, manual page and completion is in a package.
func TestPackagesHaveAll(t *testing.T) {
	build := t.TempDir()
	for _, name := range []string{"bus", "mail2bus", "dbpoll", "soapbus", "scmhook"} {
		must(t, os.MkdirAll(filepath.Join(build, "bin"), 0o755))
		must(t, os.Symlink(program(t, name), filepath.Join(build, "bin", name)))
		cmd := exec.Command(program(t, name), "manual", filepath.Join(build, "made"))
		cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1790000000")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("writing the manual of %s: %v\n%s", name, err, out)
		}
	}
	pages, err := filepath.Glob(filepath.Join(build, "made/man/*/*"))
	if err != nil || len(pages) < 20 {
		t.Fatalf("only %d manual pages were made: %v", len(pages), err)
	}
	complaints, _ := exec.Command("mandoc", append([]string{"-T", "lint", "-W", "style"}, pages...)...).CombinedOutput()
	for line := range strings.Lines(string(complaints)) {
		if !strings.Contains(line, "referenced manual not found") { // they are not installed yet
			t.Errorf("mandoc: %s", line)
		}
	}
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Fatal(err)
	}
	// What contrib/package/pages writes, under the names that it gives.
	must(t, os.MkdirAll(filepath.Join(build, "made", "man", "man7"), 0o755))
	for _, name := range []string{"busbar-message.7", "busbar-topics.7"} {
		must(t, os.WriteFile(filepath.Join(build, "made", "man", "man7", name), nil, 0o644))
	}

	root := t.TempDir()
	script, err := filepath.Abs("package/install.sh")
	if err != nil {
		t.Fatal(err)
	}
	install := exec.Command(script, build, root)
	install.Dir = ".."
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("installing: %v\n%s", err, out)
	}
	list := exec.Command(script, build, "")
	list.Dir, list.Env = "..", append(os.Environ(), "LIST=1")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("listing: %v", err)
	}
	packages := map[string]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if other, ok := packages[fields[2]]; ok {
			t.Errorf("%s is in %s and in %s", fields[2], other, fields[0])
		}
		packages[fields[2]] = fields[0]
		if _, err := os.Stat(filepath.Join(root, fields[2])); err != nil {
			t.Errorf("it is listed, and not installed: %v", err)
		}
	}

	texts := slices.Collect(maps.Values(installed(t, root)))
	for _, dir := range []string{"../contrib/config", "../contrib/mta", "../contrib/sql", "../contrib/grafana", "../contrib/systemd", "../docs", build + "/made"} {
		for path, text := range installed(t, dir) {
			source := strings.TrimPrefix(filepath.Join(dir, path), "../")
			if !slices.Contains(texts, text) {
				t.Errorf("no package has %s: put it into contrib/package/files", source)
			}
		}
	}
	for place, want := range map[string]string{
		"/usr/bin/mail2bus": "busbar-mail2bus", "/usr/bin/bus": "busbar", "/usr/share/man/man1/bus-tail.1": "busbar", "/usr/lib/sysusers.d/busbar.conf": "busbar",
		"/usr/share/doc/busbar/tutorial.md": "busbar-doc", "/usr/lib/busbar/mail2bus-pipe": "busbar-mail2bus",
	} {
		if packages[place] != want {
			t.Errorf("%s is in %q, want %s", place, packages[place], want)
		}
	}
	if info, err := os.Stat(filepath.Join(root, "usr/lib/busbar/mail2bus-pipe")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("mail2bus-pipe: %v, %v", info.Mode(), err)
	}

	// Every daemon's unit names a page that a package has.
	page := regexp.MustCompile(`file://(/\S+)`)
	for name := range units {
		for _, m := range page.FindAllStringSubmatch(read(t, unit(name)), -1) {
			if packages[m[1]] == "" {
				t.Errorf("the unit of %s names %s, which no package has", name, m[1])
			}
		}
	}
}

// installed are the files below a folder, with what is in them.
func installed(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(path, "/usr/bin/") {
			return err
		}
		text, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, root+"/")] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
