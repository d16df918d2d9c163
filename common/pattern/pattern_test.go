package pattern

import (
	"regexp"
	"sync"
	"testing"
)

// TestRegexp: it matches as regexp does, from several goroutines at once, and a wrong
// one harms nobody who does not use it.
func TestRegexp(t *testing.T) {
	r, wrong := New(`(t)ea{1,3}`), New(`tea(`)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := r.FindStringSubmatch("green teaa"); len(got) != 2 || got[0] != "teaa" || got[1] != "t" {
				t.Errorf("found %q", got)
			}
		})
	}
	all.Wait()
	std := regexp.MustCompile(`(t)ea{1,3}`)
	if got, want := r.ReplaceAllString("tea, teaa", "$1"), std.ReplaceAllString("tea, teaa", "$1"); got != want {
		t.Errorf("replaced: %q, want %q", got, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("a wrong expression does not panic")
		}
	}()
	wrong.MatchString("tea")
}
