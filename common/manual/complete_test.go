package manual

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/config"
)

// completions are what is typed before the key, and some of what may come, or, with
// a minus before it, may not.
var completions = []struct {
	typed string
	want  []string
}{
	{"fetcher ", []string{"fetch", "box", "-secret", "-open"}},
	{"fetcher b", []string{"box", "-fetch"}},
	{"fetcher box ", []string{"open", "-fetch"}},
	{"fetcher box open --", []string{"--slowly", "--size", "--config", "-hard"}},
	{"fetcher --config kept.toml fetch --", []string{"--hard", "--from", "-slowly"}},
	{"fetcher --config=kept.toml box ", []string{"open", "-fetch"}},
	{"fetcher --config k", []string{"kept.toml", "-notes"}},
	{"fetcher fetch --how=f", []string{"fast", "-slow"}},
	{"fetcher fetch --how s", []string{"slow", "-fast"}},
	{"fetcher fetch --into ", []string{"place", "-kept.toml"}},
}

// TestCompletions asks the real shells.
func TestCompletions(t *testing.T) {
	m := of(t, &struct {
		Bus config.Bus `toml:"bus"`
	}{config.DefaultBus()})
	dir := t.TempDir()
	if err := m.Write(dir); err != nil {
		t.Fatal(err)
	}
	for shell, ask := range map[string]func(t *testing.T, dir, typed string) []string{"bash": askBash, "zsh": askZsh, "fish": askFish} {
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Fatal(err)
			}
			t.Parallel()
			for _, c := range completions {
				got := ask(t, dir, c.typed)
				for _, want := range c.want {
					word, not := strings.CutPrefix(want, "-")
					if strings.HasPrefix(want, "--") {
						word, not = want, false
					}
					there := slices.ContainsFunc(got, func(g string) bool { return strings.Trim(g, "/=") == word || strings.HasSuffix(g, "="+word) })
					if there == not {
						t.Errorf("%q is completed with %q: %s", c.typed, got, want)
					}
				}
			}
		})
	}
}

// place makes a folder in which files can be completed.
func place(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Dir = t.TempDir()
	for _, name := range []string{"kept.toml", "notes"} {
		if err := os.WriteFile(filepath.Join(cmd.Dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(cmd.Dir, "place"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "HOME="+cmd.Dir, "ZDOTDIR="+cmd.Dir, "XDG_CONFIG_HOME="+cmd.Dir, "XDG_DATA_HOME="+cmd.Dir, "TERM=dumb", "LC_ALL=C.UTF-8")
}

// askBash calls the function as readline does, with the words as readline takes
// them apart.
func askBash(t *testing.T, dir, typed string) []string {
	t.Helper()
	words := strings.Fields(strings.ReplaceAll(typed, "=", " = "))
	if strings.HasSuffix(typed, " ") {
		words = append(words, "")
	}
	cmd := exec.Command("bash", append([]string{"-c", `. "$0"; compopt() { :; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fetcher; printf '%s\n' "${COMPREPLY[@]}"`, filepath.Join(dir, "bash", "fetcher")}, words...)...)
	place(t, cmd)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("asking bash: %v\n%s", err, out)
	}
	return strings.Fields(string(out))
}

func askFish(t *testing.T, dir, typed string) []string {
	t.Helper()
	cmd := exec.Command("fish", "--no-config", "-c", `source $argv[1]; complete -C $argv[2]`, filepath.Join(dir, "fish", "fetcher.fish"), typed)
	place(t, cmd)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("asking fish: %v\n%s", err, out)
	}
	var words []string
	for line := range strings.Lines(string(out)) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		words = append(words, word)
	}
	return words
}

// zshSession is an interactive zsh in a terminal of its own that prints what would be
// completed, a word a line, between two marks.
const zshSession = `
zmodload zsh/zpty
zpty session zsh -f -i
ask() { zpty -w session "$1"; }
ask "PS1= PS2= ; fpath=($1/zsh \$fpath); autoload -Uz compinit; compinit -u -D -d $2/dump"
ask 'compadd() { local -a found; builtin compadd -A found "$@"; print -rl -- "WORD "${^found}; builtin compadd "$@" }'
ask 'zstyle ":completion:*" list-prompt ""; done-here() { print -r -- "EN""DED"; exit }; zle -N done-here; bindkey "^X" done-here; unsetopt zle_bracketed_paste 2>/dev/null; stty -echo; print READ""Y'
while zpty -r session line; do [[ $line == *READY* ]] && break; done
zpty -w -n session "$3"$'\t'$'\x18'
while zpty -r session line; do print -r -- "$line"; [[ $line == *ENDED* ]] && break; done
`

func askZsh(t *testing.T, dir, typed string) []string {
	t.Helper()
	cmd := exec.Command("zsh", "-f", "-c", zshSession, "ask", dir, t.TempDir(), typed)
	place(t, cmd)
	in, err := cmd.StdinPipe() // kept open
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	kill := time.AfterFunc(3*time.Minute, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("asking zsh: %v\n%s", err, out)
	}
	var words []string
	for line := range strings.Lines(string(out)) {
		if i := strings.Index(line, "WORD "); i >= 0 {
			words = append(words, strings.TrimSpace(line[i+len("WORD "):]))
		}
	}
	return words
}
