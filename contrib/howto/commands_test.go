package howto

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

// commands shows that the program has the commands of all programs.
func commands(t *testing.T, bin string) {
	s := newSite(t, bin)
	s.says(0, []string{"log2bus development"}, "version")
	s.says(78, []string{"fail  log ", "correct [log] file"}, "check")
	s.says(78, []string{"file must be set"}, "--set", "log.file=", "status")
	if err := s.write("# tea\n2026-07-06T10:00:00Z pot 1: Earl Grey\nno pot\n"); err != nil {
		t.Fatal(err)
	}
	s.says(0, []string{"ok    log "}, "check")
	s.says(0, []string{"skipped: comment", "kettle.pot.boil", "pot 1 boils, for Earl Grey", "POISON: no line of a kettle"}, "explain", s.log)
	s.says(0, []string{"count=1"}, "poll")
	s.says(0, nil, "poll")
	s.says(0, []string{"numbers 1 to 1", "duplicates 0", "poison     1 kept", "skipped    1: comment"}, "status")
	s.says(0, []string{"1 attempts", "kettle: no line of a kettle"}, "poison", "list")
	s.says(0, []string{"no pot"}, "poison", "show", "1")

	daemon := s.start()
	s.says(0, []string{"item 1 is requeued"}, "poison", "retry")
	s.wait("the requeued line is read again", func(context.Context) bool {
		out, err := s.command("poison", "list").Output()
		return err == nil && strings.Contains(string(out), "2 attempts")
	})
	if err := s.write("2026-07-06T10:00:01Z pot 2: Assam\n"); err != nil {
		t.Fatal(err)
	}
	const number = `busbar_journal_last_seq{program="log2bus",publisher="log2bus"} 2`
	s.wait("the metrics have the second line", func(ctx context.Context) bool { return strings.Contains(page(ctx, s.metrics), number) })
	s.says(0, []string{"runs as process", "numbers 1 to 2", "duplicates 0"}, "status")
	s.says(75, []string{"fail  poison", "in use: the daemon runs"}, "check")
	s.stop(daemon)
}

// page is what the daemon says of its metrics; empty: it does not answer yet.
func page(ctx context.Context, address string) string {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return ""
	}
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return ""
	}
	return string(text)
}
