package manual

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Write writes all that is installed into a folder: man/man1 and man/man5, bash/,
// zsh/ and fish/, each file under the name that its reader looks for.
func (m *Manual) Write(dir string) error {
	files := map[string]func(io.Writer) error{
		"bash/" + m.Program():           m.Bash,
		"zsh/_" + m.Program():           m.Zsh,
		"fish/" + m.Program() + ".fish": m.Fish,
	}
	for name, page := range m.Pages() {
		files["man/man"+name[len(name)-1:]+"/"+name] = page
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := writeFile(filepath.Join(dir, name), files[name]); err != nil {
			return fmt.Errorf("writing the manual: %w", err)
		}
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	var b strings.Builder
	if err := write(&b); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// Help is the examples as --help has them; empty for none.
func Help(examples []Example) string {
	var b strings.Builder
	for i, e := range examples {
		if i == 0 {
			b.WriteString("\nExamples:\n")
		}
		fmt.Fprintf(&b, "  %s\n      %s\n", e.title(), strings.ReplaceAll(e.Line, "\n", "\n      "))
	}
	return b.String()
}
