//go:build browser

package listen

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"busbar/common/programtest"
)

// evil is a text that means harm: tags, attributes, a terminal's colours, writing from
// right to left.
const evil = `<script>window.evil=1</script>"'><img src=x onerror=window.evil=1>` + "\u202egpj.exe"

// TestPeoplesPagesInBrowser opens people's own pages with all that can stand in them, also
// what means harm, as TestPagesInBrowser does those of the hub.
func TestPeoplesPagesInBrowser(t *testing.T) {
	s := newSite(t)
	pages := s.notes("")
	b := newBrowser(t, s.dir)
	for _, page := range []string{"", "enter/none"} {
		look(t, b, strings.TrimSuffix(pages, "/me/"), "/me/"+page)
	}
	tab := b.open("about:blank")
	tab.call(tab.session, "Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil) // all of it is there without
	s.signIn(tab, pages, "jane@example.org")

	// By keyboard: a package, a rule whose name and words mean harm, a destination.
	tab.tabTo(`document.activeElement.name == "package"`)
	tab.types("teapot")
	tab.presses("Enter")
	tab.becomes(`document.querySelector(".done")?.textContent`, "You are subscribed.")
	for _, name := range []string{"tea", evil, strings.Repeat("w", 100)} {
		tab.goes(pages + "rule/new")
		tab.tabTo(`document.activeElement.name == "name"`)
		tab.types(name)
		tab.tabTo(`document.activeElement.name == "filter"`)
		tab.types(`package:teapot "` + strings.NewReplacer(`"`, "", `-`, "").Replace(evil) + strings.Repeat("w", 300) + `"`)
		tab.tabTo(`document.activeElement.textContent.startsWith("Keep it")`)
		tab.presses("Enter")
		tab.becomes(`document.querySelector(".done")?.textContent`, "It is kept.")
	}
	tab.goes(pages + "places")
	tab.tabTo(`document.activeElement.name == "address"`)
	tab.types("work" + strings.Repeat("w", 50) + "@example.org")
	tab.presses("Enter")
	tab.becomes(`document.querySelector(".done")?.textContent.startsWith("A code is on its way")`, true)
	tab.close()

	paths := []string{"", "rule/new", "rule/1", "rule/2", "rule/2/preview", "package/teapot", "places", "history", "settings", "forget", "rule/99"}
	for _, path := range paths {
		t.Run(strings.ReplaceAll("me/"+path, "/", "_"), func(t *testing.T) { look(t, b, strings.TrimSuffix(pages, "/me/"), "/me/"+path) })
	}
}

// evilBadges are badges whose words mean harm.
const evilBadges = `
[[badge]]
name = "evil"
title = '''%[1]s'''
text = '''did %[1]s %[2]s'''
criterion = "distinct"
of = "bug"
query = "topic:debbugs.bug.create"
levels = [1, 3, 1000]
[[badge]]
name = "plain"
title = "Reporter"
text = "reported a bug"
sign = "bug"
criterion = "count"
query = "topic:debbugs.bug.create"
[[badge]]
name = "never"
title = "Never"
text = "did what nobody does"
criterion = "count"
query = "topic:debbugs.bug.archive"
`

// TestBadgesInBrowser opens the pages of badges, and of how things are now, with names and
// words that mean harm.
func TestBadgesInBrowser(t *testing.T) {
	s := newSite(t)
	from := []byte("Nora Ortega")
	if n := strings.Count(string(s.report), string(from)); n == 0 {
		t.Fatal("the report is by somebody else")
	}
	s.set("[hub]", "[badges]\nrules = %q\nfile = %q\njournal = %q\nname = \"badges.test\"\n[hub]\nbadges = %[2]q", s.path("b.toml"), s.path("badges.db"), s.path("badges-journal.db"))
	s.write("b.toml", fmt.Sprintf(evilBadges, strings.ReplaceAll(evil, "\u202e", ""), strings.Repeat("w", 200)))
	s.serve()
	s.deliver(5)
	// A name and a package of harm.
	plain := string(s.report)
	s.report = []byte(strings.NewReplacer("Nora Ortega <nora", `"<script>window.evil=1</script><img src=x onerror=window.evil=1>`+strings.Repeat("W", 150)+`" <evil`, "Subject: ", "Subject: <script>window.evil=1</script> "+strings.Repeat("w", 150)+" ").Replace(plain))
	s.deliver(3)
	b := newBrowser(t, s.dir)
	tab := b.open(s.hub + "/")
	tab.becomes(`document.querySelectorAll("#lines .title").length`, 8.0)
	for end := time.Now().Add(programtest.Patience); ; time.Sleep(200 * time.Millisecond) {
		out, err := exec.Command(s.program("bus"), "badges", "--config", s.path("bus.toml"), "--set", "sign.backend=none", "run", "--once").CombinedOutput()
		if err == nil {
			break
		}
		t.Logf("%v: %s", err, out)
		if time.Now().After(end) {
			t.Fatalf("%v: %s", err, out)
		}
	}
	tab.goes(s.hub + "/badges")
	tab.tabTo(`document.activeElement.classList.contains("medal")`) // the keyboard comes to each
	tab.presses("Enter")
	tab.becomes(`location.pathname.startsWith("/badges/")`, true)
	tab.goes(s.hub + "/badges/plain")
	person := tab.value(`document.querySelector(".earned .title").getAttribute("href")`)
	const state = "/state/bugs"
	tab.goes(s.hub + state)
	one := tab.value(`document.querySelector(".states tbody a").getAttribute("href")`)
	tab.close()
	for _, path := range []any{"/badges", "/badges/evil", "/badges/plain", "/badges/never", person, "/badges/person/nobody", "/state", state, one, "/state?package=teapot", "/state/none"} {
		t.Run(strings.NewReplacer("/", "_", "?", "_").Replace(fmt.Sprint(path)), func(t *testing.T) { look(t, b, s.hub, fmt.Sprint(path)) })
	}
}
