package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"busbar/fixtures/corpus"
)

// counterparts says which line of which script is what a captured transcript
// becomes: pushes that were made on real systems, and what today's tools, KGB and
// irker, told of them.
var counterparts = []struct {
	capture string // the beginning of a path below the captures
	script  string
	line    string
}{
	{"scm/git-hooks/01-", "transcripts", "scm.branch.create hello refs/heads/master 1 of 1 commits"},
	{"scm/git-hooks/02-", "transcripts", `scm.commit.create hello [master] "Fix crash in main()" modified:src/a.c`},
	{"scm/git-hooks/03-", "transcripts", `scm.commit.create hello [master] "Add f3 — ünïcode ☃ 3" added:src/f3.c`},
	{"scm/git-hooks/04-", "pushes", "scm.branch.create hello refs/heads/side 1 of 1 commits"},
	{"scm/git-hooks/05-", "pushes", `scm.branch.update hello refs/heads/side 2 of 2 commits`},
	{"scm/git-hooks/06-", "pushes", `scm.commit.create hello [lonely] "merge" merge`},
	{"scm/git-hooks/07-", "pushes", "scm.branch.update hello refs/heads/main forced 1 of 1 commits"},
	{"scm/git-hooks/08-", "pushes", "scm.branch.delete hello refs/heads/copy"},
	{"scm/git-hooks/09-", "pushes", "scm.tag.create hello refs/tags/heavy annotated"},
	{"scm/git-hooks/10-", "pushes", "scm.tag.delete hello refs/tags/blob"},
	{"scm/git-hooks/11-", "pushes", "scm.tag.update hello refs/tags/light"},
	{"scm/git-hooks/12-", "pushes", "stdout 'scm.branch.update hello refs/heads/main 5 of 25 commits truncated'"},
	{"scm/git-hooks/13-", "transcripts", "scm.branch.update hello refs/heads/master 3 of 3 commits options:ci.skip,wéird=1"},
	{"scm/git-hooks/14-", "transcripts", `scm.commit.create hello [master] "Rename, delete, mode change" modified:src/a.c removed:src/f2.c renamed:src/renamed.c from:src/f1.c`},
	{"scm/git-hooks/15-", "transcripts", "scm.tag.create hello refs/tags/debian/1.7"},
	{"scm/git-hooks/16-", "pushes", "scm.ref.update hello refs/notes/commits"},
	{"scm/git-hooks/17-", "pushes", "scm.branch.create hello refs/heads/lonely 2 of 2 commits"},
	{"scm/git-hooks/18-", "pushes", "scm.branch.create hello refs/heads/copy"},
	{"scm/git-hooks/19-", "transcripts", "scm.branch.create hello refs/heads/weird,name=%(x)"},
	{"scm/git-hooks/20-", "transcripts", "scm.branch.create hello refs/heads/renamed"},
	{"scm/git-hooks/21-", "transcripts", "scm.branch.create hello refs/heads/instead"},
	{"scm/git-hooks/22-", "transcripts", `scm.commit.create hello [master] "latin1 message éè" modified:src/a.c`},
	{"scm/git-hooks/23-", "transcripts", `scm.commit.create hello [master] "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" added:src/blob.bin truncated`},
	{"scm/irker/", "transcripts", `scm.commit.create hello [master] "Fix crash in main()" modified:src/a.c`},

	{"scm/svn-hooks/0", "transcripts", `scm.commit.create proj r3 [trunk] "Modify + property" modified:hello/trunk/a.c`},
	{"scm/svn-hooks/1", "transcripts", `scm.commit.create proj r6 [] "Tag 1.0" copied:hello/tags/1.0/ from:hello/trunk/:r5`},
	{"scm/svn-hooks/20", "transcripts", `scm.commit.create proj r7 [] "Two modules at once" modified:hello/trunk/a.c added:website/index.html`},
	{"scm/svn-hooks/21", "transcripts", `scm.commit.create proj r7 [] "Two modules at once" modified:hello/trunk/a.c added:website/index.html`},
	{"scm/svn-hooks/22", "transcripts", `scm.commit.create proj r8 [trunk] "" removed:hello/trunk/a.c`},
	{"scm/svn-hooks/23", "transcripts", `scm.commit.create proj r8 [trunk] "" removed:hello/trunk/a.c`},
	{"scm/svn-hooks/24", "transcripts", `scm.commit.create proj r8 [trunk] "" removed:hello/trunk/a.c`},
	{"scm/svn-hooks/25", "transcripts", `scm.property.update proj r3 svn:log modified "Modify + property"`},
	{"scm/svn-hooks/26", "transcripts", `scm.property.update proj r3 svn:log modified "Modify + property"`},

	// One push calls several of hg's hooks: those before the fact tell nothing.
	{"scm/hg-hooks/00", "transcripts", "scm.branch.create lib refs/heads/default 2 of 2 commits"},
	{"scm/hg-hooks/01", "transcripts", "scm.branch.create lib refs/heads/default 2 of 2 commits"},
	{"scm/hg-hooks/02", "svn-hg", "scm.branch.create lib refs/heads/stable 2 of 2 commits"},
	{"scm/hg-hooks/03", "svn-hg", "scm.bookmark.update lib refs/bookmarks/mark"},
	{"scm/hg-hooks/04", "transcripts", `scm.commit.create lib [default] "another head" added:b`},
	{"scm/hg-hooks/05", "svn-hg", "scm.tag.create lib refs/tags/v1"},

	// KGB tells of the pushes of git-hooks and svn-hooks; these are its words.
	{"kgb/relay_message/00", "transcripts", `scm.commit.create hello [master] "Initial commit" added:debian/changelog added:src/a.c`},
	{"kgb/relay_message/01", "pushes", "scm.tag.create hello refs/tags/heavy annotated"},
	{"kgb/relay_message/02", "pushes", "scm.branch.create hello refs/heads/copy"},
	{"kgb/svn/", "transcripts", `scm.commit.create proj r2 [trunk] "Add files" added:hello/trunk/a.c`},
}

// elsewhere are captures that are no push to this program: CVS has no command
// (docs/howto/svn-hg-hooks.md), KGB's older clients spoke to KGB, mails are read
// by adapters/scm and webhooks by scmhook/webhook, each with its own test.
var elsewhere = []string{"scm/README.md", "scm/cvs-hooks/", "scm/commit-mail/", "scm/webhooks/", "kgb/README.md", "kgb/cvs/", "kgb/older-protocols/", "kgb/irc-output-of-kgb-bot.txt"}

// TestEveryTranscript: each captured transcript has its line in a script, which
// TestScripts plays with the real git, svn and hg.
func TestEveryTranscript(t *testing.T) {
	scripts := map[string]string{}
	for _, c := range counterparts {
		if scripts[c.script] == "" {
			raw, err := os.ReadFile("testdata/script/" + c.script + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			scripts[c.script] = string(raw)
		}
		if !strings.Contains(scripts[c.script], "\n"+c.line) {
			t.Errorf("%s: %s.txt has no line %s", c.capture, c.script, c.line)
		}
	}
	captures, ok := corpus.Captures(t)
	if !ok {
		return // each line is there, and that is the whole promise
	}
	for _, dir := range []string{"scm", "kgb"} {
		err := filepath.WalkDir(filepath.Join(captures, dir), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name := strings.TrimPrefix(path, captures+"/")
			for _, other := range elsewhere {
				if strings.HasPrefix(name, other) {
					return nil
				}
			}
			for _, c := range counterparts {
				if strings.HasPrefix(name, c.capture) {
					return nil
				}
			}
			t.Errorf("%s has no counterpart", name)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
