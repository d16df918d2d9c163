package debbugs

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"busbar/common/event"
	"busbar/fixtures/corpus"
)

// What every transcript says was done is told, and nothing else: held to what
// people read in the mails, for our own and for those that were seen.
func TestTranscripts(t *testing.T) {
	t.Run("own", func(t *testing.T) { heldTo(t, "testdata/own.txt", "../../fixtures/debbugs/*.mail") })
	if dir, ok := corpus.Captures(t); ok {
		for _, version := range []string{"out-2.6", "out-master"} {
			t.Run(version, func(t *testing.T) { heldTo(t, "testdata/captured.txt", dir+"/debbugs-mail/"+version+"/*.eml") })
		}
	}
}

var counter = regexp.MustCompile(`^\d{4}\.`)

func heldTo(t *testing.T, expectation, pattern string) {
	want := expected(t, expectation)
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	seen, changes := map[string]bool{}, 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := load(raw)
		if m.Header.Get("X-Debian-PR-Message") != "transcript" {
			continue
		}
		name := counter.ReplaceAllString(strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".eml"), ".mail"), "")
		lines, ok := want[name]
		if !ok {
			t.Errorf("%s: nobody wrote what it says", name)
			continue
		}
		seen[name] = true
		var got []string
		if o := run(t, m); o.Poison != "" {
			got = []string{"poison " + o.Poison}
		} else {
			for _, e := range o.Events {
				got = append(got, brief(e))
			}
		}
		changes += len(lines)
		if !slices.Equal(got, lines) {
			t.Errorf("%s tells\n\t%s\nand says\n\t%s", name, strings.Join(got, "\n\t"), strings.Join(lines, "\n\t"))
		}
	}
	for name := range want {
		if !seen[name] {
			t.Errorf("%s: there is no such transcript", name)
		}
	}
	t.Logf("%d transcripts, %d facts", len(seen), changes)
}

// expected reads what a person wrote: names, and below each its lines.
func expected(t *testing.T, file string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, text2, _ := strings.Cut(string(text), "\n\n") // the first paragraph is for people
	all, name := map[string][]string{}, ""
	for l := range strings.Lines(text2) {
		l = strings.TrimRight(l, "\n")
		if fact, ok := strings.CutPrefix(l, "\t"); ok {
			all[name] = append(all[name], fact)
		} else {
			name = l
		}
	}
	if len(slices.Collect(maps.Keys(all))) == 0 {
		t.Fatalf("%s says nothing", file)
	}
	return all
}

// brief is an event in the words of those files.
func brief(e event.Event) string {
	plusMinus := func(added, removed []string) string {
		s := ""
		for _, a := range added {
			s += " +" + a
		}
		for _, r := range removed {
			s += " -" + r
		}
		return s
	}
	who := func(p *event.Person) string {
		if p == nil || p.Email == "" {
			return "-"
		}
		return p.Email
	}
	what := strings.TrimSuffix(strings.TrimPrefix(e.Kind.Topic, "debbugs.bug."), ".update")
	switch b := e.Body.(type) {
	case SeverityUpdated:
		return fmt.Sprintf("%s %d %s > %s", what, b.Bug.Bug, b.Previous, b.Severity)
	case TitleUpdated:
		return fmt.Sprintf("%s %d %s > %s", what, b.Bug.Bug, b.Previous, b.Title)
	case NamesUpdated:
		return fmt.Sprintf("%s %d%s", what, b.Bug.Bug, plusMinus(b.Added, b.Removed))
	case FoundUpdated:
		return fmt.Sprintf("%s %d%s%s", what, b.Bug.Bug, plusMinus(b.Added, b.Removed), map[bool]string{true: " reopened"}[b.Reopened])
	case PackageUpdated:
		return fmt.Sprintf("%s %d %s > %s", what, b.Bug.Bug, strings.Join(b.From, ","), strings.Join(b.To, ","))
	case Closed:
		return strings.TrimSpace(fmt.Sprintf("%s %d %s", what, b.Bug.Bug, b.Version))
	case Reopened:
		return fmt.Sprintf("%s %d %s", what, b.Bug.Bug, who(&b.DoneBy))
	case Forwarded:
		return fmt.Sprintf("%s %d %s > %s", what, b.Bug.Bug, map[bool]string{true: "-", false: b.From}[b.From == ""], b.To)
	case Unforwarded:
		return fmt.Sprintf("%s %d %s", what, b.Bug.Bug, b.From)
	case SubmitterUpdated:
		return fmt.Sprintf("%s %d %s > %s", what, b.Bug.Bug, who(&b.From), who(&b.To))
	case OwnerUpdated:
		return fmt.Sprintf("%s %d %s > %s", what, b.Bug.Bug, who(b.Previous), who(b.Owner))
	case BlockUpdated:
		return fmt.Sprintf("%s %d%s", what, b.Bug.Bug, plusMinus(digits(b.Added), digits(b.Removed)))
	case Bugs:
		return fmt.Sprintf("%s %d %s", what, b.Bug.Bug, strings.Join(digits(b.Bugs), " "))
	case Cloned:
		return fmt.Sprintf("%s %d %s", what, b.Bug.Bug, strings.Join(digits(b.Clones), " "))
	case Archived:
		return fmt.Sprintf("%s %d", what, b.Bug.Bug)
	case TextUpdated:
		text := b.Text
		if b.Removed {
			text = "removed"
		} else if text == "" {
			text = fmt.Sprint("message ", b.MessageNumber)
		}
		return fmt.Sprintf("%s %d %s", what, b.Bug.Bug, text)
	case UsertagUpdated:
		return fmt.Sprintf("usertag %s %s%s", b.User, b.Tag, plusMinus(digits(b.Added), digits(b.Removed)))
	case UsercategoryUpdated:
		return strings.TrimSpace(fmt.Sprintf("usercategory %s %s %s", b.User, b.Name, map[bool]string{true: "removed"}[b.Removed]+map[bool]string{true: "hidden"}[b.Hidden]))
	case Failed:
		return strings.TrimSpace("fail " + b.Command)
	case Processed:
		n := 0
		for _, c := range b.Commands {
			if c.Text != "" {
				n++
			}
		}
		return fmt.Sprintf("read %d", n)
	}
	return e.Kind.Topic
}
