package install

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// chains are hooks that ask for their own name, or for what lies beside them.
// Each writes what it read into $SEEN.
var chains = map[string]func(t *testing.T, bare string){
	"$0.d": func(t *testing.T, bare string) {
		part(t, bare+"/hooks/post-receive.d/10-log")
		put(t, bare+"/hooks/post-receive", "#!/bin/sh\ndata=$(cat)\nfor h in \"$0\".d/*; do test -x \"$h\" && echo \"$data\" | \"$h\"; done\nexit 0\n")
	},
	"run-parts": func(t *testing.T, bare string) {
		part(t, bare+"/hooks/post-receive.d/log")
		put(t, bare+"/hooks/post-receive", "#!/bin/sh\nrun-parts \"$(dirname \"$0\")/post-receive.d\"\n")
	},
	"run-parts from the repository": func(t *testing.T, bare string) {
		part(t, bare+"/hooks/post-receive.d/log")
		put(t, bare+"/hooks/post-receive", "#!/bin/sh\nexec run-parts hooks/post-receive.d\n")
	},
	"basename": func(t *testing.T, bare string) {
		part(t, bare+"/chain/post-receive/10-log")
		put(t, bare+"/hooks/post-receive", "#!/bin/sh\ndata=$(cat)\nfor h in \"$(dirname \"$0\")\"/../chain/$(basename \"$0\")/*; do echo \"$data\" | \"$h\"; done\n")
	},
	"one program for all, by a link": func(t *testing.T, bare string) {
		put(t, filepath.Dir(bare)+"/dispatch", multicall)
		must(t, os.Symlink("../../dispatch", bare+"/hooks/post-receive"))
	},
	"one program for all, beside them": func(t *testing.T, bare string) {
		put(t, bare+"/hooks/dispatch", multicall)
		must(t, os.Symlink("dispatch", bare+"/hooks/post-receive"))
	},
	"one program for all, by a hard link": func(t *testing.T, bare string) {
		put(t, bare+"/hooks/dispatch", multicall)
		must(t, os.Link(bare+"/hooks/dispatch", bare+"/hooks/post-receive"))
	},
	"functions beside it": func(t *testing.T, bare string) {
		put(t, bare+"/hooks/functions", "log() { cat >>\"$SEEN\"; }\n")
		put(t, bare+"/hooks/post-receive", "#!/bin/sh\n. \"${0%/*}/functions\"\nlog\n")
	},
	"Forgejo's and Gitea's": func(t *testing.T, bare string) {
		part(t, bare+"/hooks/post-receive.d/gitea")
		put(t, bare+"/hooks/post-receive", "#!/usr/bin/env bash\n# AUTO GENERATED\ndata=$(cat)\nexitcodes=\"\"\nhookname=$(basename $0)\nGIT_DIR=${GIT_DIR:-$(dirname $0)/..}\n"+
			"for hook in ${GIT_DIR}/hooks/${hookname}.d/*; do\ntest -x \"${hook}\" && test -f \"${hook}\" || continue\necho \"${data}\" | \"${hook}\"\nexitcodes=\"${exitcodes} $?\"\ndone\nfor i in ${exitcodes}; do [ ${i} -eq 0 ] || exit ${i}; done\n")
	},
	"gitolite's, a link to a common one": func(t *testing.T, bare string) {
		common := filepath.Dir(bare) + "/.gitolite/hooks/common"
		must(t, os.MkdirAll(common, 0o755))
		put(t, common+"/post-receive", "#!/usr/bin/perl\nopen(F, '>>', $ENV{SEEN}); print F <STDIN>; die \"$0\" unless $0 =~ m,/post-receive$,;\n")
		must(t, os.Symlink(common+"/post-receive", bare+"/hooks/post-receive"))
	},
	"core.hooksPath": func(t *testing.T, bare string) {
		shared := filepath.Join(filepath.Dir(bare), "shared hooks")
		must(t, os.MkdirAll(shared, 0o755))
		run(t, bare, "git", "config", "core.hooksPath", shared)
		put(t, shared+"/functions", "log() { cat >>\"$SEEN\"; }\n")
		put(t, shared+"/post-receive", "#!/bin/sh\n. \"$(dirname \"$0\")/functions\"\nlog\n")
	},
	"a linked folder": func(t *testing.T, bare string) {
		shared := filepath.Dir(bare) + "/one for many"
		must(t, os.Rename(bare+"/hooks", shared))
		must(t, os.Symlink("../one for many", bare+"/hooks"))
		put(t, shared+"/post-receive", "#!/bin/sh\n[ \"$(basename \"$0\")\" = post-receive ] && cat >>\"$SEEN\"\n")
	},
}

const multicall = "#!/bin/sh\ncase ${0##*/} in post-receive) cat >>\"$SEEN\";; *) cat >/dev/null; echo \"unknown hook $0\" >&2; exit 1;; esac\n"

func part(t *testing.T, path string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	put(t, path, "#!/bin/sh\ncat >>\"$SEEN\"\n")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestChains: whatever a hook asks of its name, it runs once as before, and so
// does ours; and uninstalling restores what was there.
func TestChains(t *testing.T) {
	for name, build := range chains {
		t.Run(name, func(t *testing.T) {
			o, said := recorder(t)
			bare, clone := gitRepository(t)
			build(t, bare)
			seen := filepath.Join(t.TempDir(), "seen")
			t.Setenv("SEEN", seen)
			was := listing(t, filepath.Dir(bare))
			push := func(branch string) {
				t.Helper()
				put(t, seen, "")
				put(t, said, "")
				run(t, clone, "git", "push", "-q", bare, "HEAD:refs/heads/"+branch)
				if got := get(t, seen); strings.Count(got, " refs/heads/"+branch+"\n") != 1 {
					t.Errorf("the hook that was there reads %q", got)
				}
			}
			push("before")
			change(t, o.Install, "git", bare, true)
			change(t, o.Install, "git", bare, false)
			wantState(t, o, "git", bare, "wired")
			push("after")
			if got := get(t, said); strings.Count(got, " refs/heads/after\n") != 1 {
				t.Errorf("ours reads %q", got)
			}
			change(t, o.Uninstall, "git", bare, true)
			change(t, o.Uninstall, "git", bare, false)
			if now := listing(t, filepath.Dir(bare)); now != was {
				t.Errorf("after uninstalling there is\n%s\nand there was\n%s", now, was)
			}
			push("again")
		})
	}
}

// listing is every hook with its mode and what it holds.
func listing(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "objects" || d.Name() == "refs" || d.Name() == "clone") {
			return filepath.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		b.WriteString(info.Mode().String() + " " + path)
		if target, err := os.Readlink(path); err == nil {
			b.WriteString(" -> " + target)
		} else if info.Mode().IsRegular() {
			b.WriteString(": " + get(t, path))
		}
		b.WriteString("\n")
		return nil
	})
	must(t, err)
	return b.String()
}

// TestEarlierVersions: they renamed the hook in its own folder; install takes that
// over, and uninstall puts it back.
func TestEarlierVersions(t *testing.T) {
	for what, cut := range map[string]bool{"whole": false, "without the new one": true} {
		o, said := recorder(t)
		bare, clone := gitRepository(t)
		hook := bare + "/hooks/post-receive"
		seen := filepath.Join(t.TempDir(), "seen")
		t.Setenv("SEEN", seen)
		put(t, hook+former, multicall)
		if !cut {
			put(t, hook, "#!/bin/sh\n# "+mark+"; an older text\n\"$0.before-busbar\"\n")
			wantState(t, o, "git", bare, "other")
		}
		change(t, o.Install, "git", bare, true)
		change(t, o.Install, "git", bare, false)
		run(t, clone, "git", "push", "-q", bare, "HEAD:refs/heads/a")
		if !strings.Contains(get(t, seen), "refs/heads/a") || !strings.Contains(get(t, said), "refs/heads/a") || exists(hook+former) {
			t.Errorf("%s: the former reads %q, ours %q", what, get(t, seen), get(t, said))
		}
		change(t, o.Uninstall, "git", bare, true)
		if get(t, hook) != multicall {
			t.Errorf("%s: put back is %q", what, get(t, hook))
		}
	}
}

var errCut = errors.New("the power is cut")

// TestCutAnywhere stops installing and uninstalling before each of their steps:
// the repository's own hook runs, and the same command again finishes it.
func TestCutAnywhere(t *testing.T) {
	cuts := 0
	for name, build := range map[string]func(*testing.T, string){"new": chains["functions beside it"], "by a link": chains["one program for all, beside them"],
		"of an earlier version": func(t *testing.T, bare string) {
			put(t, bare+"/hooks/post-receive"+former, "#!/bin/sh\ncat >>\"$SEEN\"\n")
			put(t, bare+"/hooks/post-receive", "#!/bin/sh\n# "+mark+"; an older text\n\"$0.before-busbar\"\n")
		}} {
		o, _ := recorder(t)
		for _, act := range []string{"install", "uninstall"} {
			for step, done := 0, false; !done; step++ {
				bare, clone := gitRepository(t)
				build(t, bare)
				seen := filepath.Join(t.TempDir(), "seen")
				t.Setenv("SEEN", seen)
				whole, cut := Options.Install, o
				if act == "uninstall" {
					whole = Options.Uninstall
					change(t, o.Install, "git", bare, true)
				}
				left := step
				cut.disk.step = func() error {
					if left--; left < 0 {
						return errCut
					}
					return nil
				}
				_, err := whole(cut, "git", bare)
				if done = err == nil; !done && !errors.Is(err, errCut) {
					t.Fatal(err)
				}
				cuts++
				run(t, clone, "git", "push", "-q", bare, "HEAD:refs/heads/cut")
				if got := get(t, seen); strings.Count(got, "refs/heads/cut") != 1 {
					t.Errorf("%s, %s cut before step %d: the own hook reads %q", name, act, step, got)
				}
				if _, err := whole(o, "git", bare); err != nil {
					t.Errorf("%s, %s after a cut before step %d: %v", name, act, step, err)
				}
				run(t, clone, "git", "push", "-q", bare, "HEAD:refs/heads/end")
				if got := get(t, seen); strings.Count(got, "refs/heads/end") != 1 {
					t.Errorf("%s, %s again after step %d: the own hook reads %q", name, act, step, got)
				}
				wantState(t, o, "git", bare, map[string]string{"install": "wired", "uninstall": "unwired"}[act])
				if act == "uninstall" && exists(bare+"/hooks"+beside) {
					t.Errorf("%s: after step %d the folder is left", name, step)
				}
			}
		}
	}
	t.Logf("cut %d times", cuts)
}

// TestByHand: a hook that calls scmhook by itself is wired, and left alone.
func TestByHand(t *testing.T) {
	for text, want := range map[string]string{
		"#!/bin/bash\ntee >(scmhook git) | mail-it\n":                "wired",
		"#!/bin/sh\npee \"/usr/bin/scmhook git --spool /x\" other\n": "wired",
		"#!/bin/sh\nexec '/usr/bin/scmhook' git\n":                   "wired",
		"#!/bin/sh\n# scmhook git\nexit 0\n":                         "unwired",
		"#!/bin/sh\nscmhook svn \"$@\"\n":                            "unwired",
		"#!/bin/sh\nnotscmhook git\n":                                "unwired",
	} {
		o, _ := recorder(t)
		bare, _ := gitRepository(t)
		put(t, bare+"/hooks/post-receive", text)
		wantState(t, o, "git", bare, want)
		change(t, o.Uninstall, "git", bare, false)
		change(t, o.Install, "git", bare, want == "unwired")
	}
	o, _ := recorder(t)
	bare, _ := gitRepository(t)
	part(t, bare+"/hooks/post-receive.d/log")
	put(t, bare+"/hooks/post-receive.d/tell", "#!/bin/sh\nscmhook git\n")
	put(t, bare+"/hooks/post-receive", "#!/bin/sh\npee hooks/post-receive.d/*\n")
	wantState(t, o, "git", bare, "wired")
}

// TestExitCode: whatever becomes of ours, the hook exits with 0, also where the
// kernel refuses the program's runtime its memory.
func TestExitCode(t *testing.T) {
	program := filepath.Join(t.TempDir(), "scmhook")
	run(t, ".", "go", "build", "-o", program, "busbar/scmhook")
	for _, o := range []Options{{Program: program, Spool: "/nowhere"}, {Program: "/nowhere/scmhook"}} {
		bare, clone := gitRepository(t)
		change(t, o.Install, "git", bare, true)
		for _, limit := range []string{"true", "ulimit -v 60000", "ulimit -n 16"} {
			out := run(t, bare, "/bin/sh", "-c", limit+"; printf 'x\\n' | hooks/post-receive; echo exit $?")
			if !strings.HasSuffix(out, "exit 0\n") {
				t.Errorf("%s, %s: %s", o.Program, limit, out)
			}
		}
		run(t, clone, "git", "push", "-q", bare, "HEAD:refs/heads/a")
	}
}
