package child

import (
	"slices"
	"strings"
	"testing"
)

// TestLines: lines come whole, however they are written, and long ones in parts.
func TestLines(t *testing.T) {
	var out strings.Builder
	l := &lines{r: &Runner{Out: &out}}
	long := strings.Repeat("a", maxLine+5)
	for _, part := range []string{"one", " two\nth", "ree\n", "\n", long, "\nend"} {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	l.flush()
	want := []string{"one two", "three", "", long[:maxLine], long[maxLine:], "end", ""}
	if got := strings.Split(out.String(), "\n"); !slices.Equal(got, want) {
		t.Errorf("said %.300q", got)
	}
	if l.last() != (long + "\nend")[len(long)+4-maxWords:] {
		t.Errorf("the last are %q", l.last())
	}
}
