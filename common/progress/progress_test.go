package progress

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A screen is what was written, for a reader beside the writer.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// shown is what stands on a terminal of one line after all that was written.
func shown(text string) string {
	lines := strings.Split(text, "\n")
	last := lines[len(lines)-1]
	parts := regexp.MustCompile(`\r|\x1b\[2K|\x1b\[K`).Split(last, -1)
	return strings.TrimRight(parts[len(parts)-1], " ")
}

// TestPlain: where there is no terminal, each state is a line, without anything that
// moves a cursor, also a stranger's; a state without text is none.
func TestPlain(t *testing.T) {
	var w screen
	d := plain{&w}
	d.draw(State{Text: "2 mails, a\x1b[2J\rb\nc", Done: 1, All: 4})
	d.draw(State{})
	d.draw(State{Text: "3 mails", Done: 9, All: 4})
	d.end(State{Text: "4 mails were read"})
	lines := strings.Split(strings.TrimSuffix(w.String(), "\n"), "\n")
	if len(lines) != 3 || strings.ContainsAny(w.String(), "\x1b\r") || !strings.HasSuffix(lines[0], ", 25 %") || lines[1] != "3 mails, 100 %" || lines[2] != "4 mails were read" {
		t.Errorf("%q", lines)
	}
}

// TestBar: on a terminal there is one line, which changes, and begins again where
// another amount is worked on; at the end a line is left, and no bar.
func TestBar(t *testing.T) {
	var w screen
	d := &drawn{w: &w}
	d.draw(State{Text: "import: a\x1b[2J\nb", Done: 1, All: 4})
	if s := shown(w.String()); !strings.Contains(s, "25%") || !strings.Contains(s, "import: a") || strings.Contains(w.String(), "\x1b[2J") || strings.Contains(w.String(), "\n") {
		t.Errorf("%q", w.String())
	}
	d.draw(State{Text: "import: two", Done: 4, All: 4}) // it may find more to do
	d.draw(State{Text: "import: three " + strings.Repeat("long ", 100), Done: 5, All: 10})
	if s := shown(w.String()); !strings.Contains(s, "50%") || len([]rune(s)) > 100 {
		t.Errorf("%q", s)
	}
	d.draw(State{Text: "[red]nobody knows how much"})
	if s := shown(w.String()); !strings.Contains(s, "[red]nobody knows") {
		t.Errorf("%q", s)
	}
	d.end(State{Text: "4 mails were read"})
	if !strings.HasSuffix(w.String(), "\n") || shown(strings.TrimSuffix(w.String(), "\n")) != "4 mails were read" {
		t.Errorf("%q", w.String())
	}
}

// TestShow: it asks until it is stopped, and once more; nothing is shown of a work that
// is not worth a line, and nothing after the end.
func TestShow(t *testing.T) {
	for _, worth := range []bool{true, false} {
		var w screen
		asked := make(chan bool, 1)
		stop := showEvery(time.Millisecond, plain{&w}, func(ended bool) State {
			select {
			case asked <- true:
			default:
			}
			switch {
			case !worth:
				return State{}
			case ended:
				return State{Text: "done"}
			}
			return State{Text: "going on"}
		})
		<-asked
		<-asked
		stop()
		text := w.String()
		if worth != strings.HasPrefix(text, "going on\n") || worth != strings.HasSuffix(text, "\ndone\n") || !worth && text != "" {
			t.Errorf("worth %v: %q", worth, text)
		}
	}
	var w screen
	Show(&w, true, func(bool) State { return State{} })()
	Show(&w, false, func(bool) State { return State{} })()
	if w.String() != "" {
		t.Errorf("%q", w.String())
	}
}
