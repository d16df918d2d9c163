package chart

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"busbar/common/archive"
)

var from = time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)

func TestNew(t *testing.T) {
	var counts []archive.HourCount
	for hour, n := range map[int]int64{-1: 100, 0: 1, 1: 2, 5: 4, 6: 100} {
		counts = append(counts, archive.HourCount{Hour: from.Add(time.Duration(hour) * time.Hour), Count: n})
	}
	for most, want := range map[int][]int64{6: {1, 2, 0, 0, 0, 4}, 3: {3, 0, 4}, 4: {3, 0, 4}, 1: {7}} {
		if got := New(counts, from, 6, most).Counts; !cmp.Equal(got, want) {
			t.Errorf("at most %d: %v, want %v", most, got, want)
		}
	}
	b := New(counts, from, 6, 3)
	if got := b.Caption(); got != "7 messages since 2026-11-29 00:00 UTC; at most 4 in 2 hours" {
		t.Errorf("it says %q", got)
	}
	if svg := string(b.SVG()); strings.Count(svg, "<rect") != 2 || !strings.Contains(svg, "<title>2026-11-29 04:00: 4</title>") {
		t.Errorf("it is drawn as %s", svg)
	}
}

func TestBraille(t *testing.T) {
	for want, b := range map[string]Bars{
		"⣿⣿\n⣿⣿\n": {Counts: []int64{8, 8, 8, 8}},
		"⠀⢸\n⣀⣸\n": {Counts: []int64{1, 1, 1, 8}},
		"⠀⡇\n⠀⡇\n": {Counts: []int64{0, 0, 8}},
		"\n\n":     {Counts: []int64{0, 0, 0}},
		"⣿⣿\n⣿⣿":   {Counts: []int64{4, 4, 4, 4, 4, 4, 4, 4}}, // two each
	} {
		if got := b.Braille(2, 2); strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") {
			t.Errorf("%v is drawn as\n%swant\n%s", b.Counts, got, want)
		}
	}
}

func TestPNG(t *testing.T) {
	raw, err := Bars{From: from, Each: time.Hour, Counts: []int64{0, 10}}.PNG()
	if err != nil {
		t.Fatal(err)
	}
	p, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	at := func(x, y int) bool { _, _, _, a := p.At(x, y).RGBA(); return a != 0 }
	size := p.Bounds().Max
	if at(size.X/4, size.Y/2) || !at(size.X*3/4, size.Y/2) || !at(size.X/4, size.Y-1) {
		t.Error("the second bar alone should be drawn, and the line")
	}
}

func TestSixel(t *testing.T) {
	got := Bars{Counts: []int64{0, 1}}.Sixel(4, 8)
	want := "\x1bP0;1;0q\"1;1;4;8#1;2;4;54;57#2;2;54;58;60" +
		"#1!2?!2w$#2!4?$-" + // rows 3 to 5 of the second bar
		"#1!2?!2@$#2!4A$-\x1b\\" // row 6, and the line
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
