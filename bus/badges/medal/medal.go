// Package medal draws badges, as SVG that needs nothing beside itself.
package medal

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strings"
)

// signs are what can stand in a badge's middle: paths in a square of 24, drawn as lines.
var signs = map[string]string{
	"arrow":  "M12 20V5M5.5 11.5 12 5l6.5 6.5",
	"bolt":   "M13.5 2.5 5.5 13.5h5.5l-1 8 8-11.5H12z",
	"branch": "M7 7.5v9M17 7.5c0 5-10 3.5-10 8M7 2.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM17 2.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM7 16.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
	"bug":    "M8 10.5a4 4 0 0 1 8 0v5a4 4 0 0 1-8 0zM12 10.5v9M8 13H3.5M16 13h4.5M8.2 10.2 4.5 7M15.8 10.2 19.5 7M8.3 16.5l-3.8 3.2M15.7 16.5l3.8 3.2M9.5 7.2a2.6 2.6 0 0 1 5 0",
	"check":  "M4.5 12.5 10 18 19.5 6.5",
	"cube":   "M12 2.8 20 7.2v9.2L12 21l-8-4.6V7.2zM4 7.2l8 4.6 8-4.6M12 11.8V21",
	"flame":  "M12.5 2.5c.5 4 5.5 5.8 5.5 11a6 6 0 0 1-12 0c0-2.6 1.2-4.2 2.6-5.5.3 2 1.1 2.9 2 3.1C10.4 8.2 10.8 5 12.5 2.5z",
	"flag":   "M6 21.5V3.5M6 4.2h12.5l-3 4.3 3 4.3H6",
	"heart":  "M12 20.5S3.5 15.2 3.5 9.2A4.6 4.6 0 0 1 12 6.8a4.6 4.6 0 0 1 8.5 2.4c0 6-8.5 11.3-8.5 11.3z",
	"key":    "M8 11.5a4.3 4.3 0 1 0 .01 0zM11 12.8 20 3.8M16.2 7.6l3 3M13.6 10.2l2 2",
	"letter": "M3 5.5h18v13H3zM3.3 6l8.7 7 8.7-7",
	"moon":   "M19.5 14.5A8.2 8.2 0 1 1 9.8 4.2a6.7 6.7 0 0 0 9.7 10.3z",
	"shield": "M12 2.5 19.5 5.5v5.8c0 5-3.2 8.2-7.5 10.2-4.3-2-7.5-5.2-7.5-10.2V5.5z",
	"star":   "M12 3l2.78 5.82 6.38.84-4.66 4.44 1.17 6.34L12 17.34 6.33 20.44 7.5 14.1 2.84 9.66l6.38-.84z",
	"sun":    "M12 7.5a4.5 4.5 0 1 0 .01 0zM12 1.8v2.4M12 19.8v2.4M1.8 12h2.4M19.8 12h2.4M4.8 4.8l1.7 1.7M17.5 17.5l1.7 1.7M4.8 19.2l1.7-1.7M17.5 6.5l1.7-1.7",
	"tree":   "M12 2.5 17 9h-2.5l4.5 6.5H5L9.5 9H7zM12 15.5V21.5",
}

// Signs are the names of what can stand in the middle.
func Signs() []string { return slices.Sorted(maps.Keys(signs)) }

// rims are the metals of a badge's levels, from the lowest on: of the edge, and of what
// stands on it.
var rims = []struct{ edge, line string }{
	{"#b4764a", "#8b5530"}, {"#9aa5ad", "#6c7881"}, {"#d0a42c", "#9a7413"}, {"#5aa08f", "#35705f"}, {"#8d7cc3", "#63539a"},
}

// A Medal is what is drawn.
type Medal struct {
	Name  string // the badge's: it gives the colour
	Sign  string
	Rank  int // of the level among the badge's, from 0
	Ranks int // how many levels it has
	Level int // what stands below, where there are several; 0: nothing
}

// Possible says whether it can be drawn.
func (m Medal) Possible() bool {
	return signs[m.Sign] != "" && len(m.Name) <= 64 && m.Rank >= 0 && m.Rank <= 100 && m.Ranks >= 0 && m.Ranks <= 100 && m.Level >= 0 && m.Level <= 1_000_000
}

// SVG draws it in a square of 120.
func (m Medal) SVG() []byte {
	var b bytes.Buffer
	rim := rims[min(max(m.Rank, 0), len(rims)-1)]
	if m.Ranks <= 1 {
		rim = rims[2]
	}
	hue := hueOf(m.Name)
	fmt.Fprint(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120" width="120" height="120">`)
	fmt.Fprintf(&b, `<path d="%s" fill="%s"/>`, scallops(60, 56, 56, 53.2, 16+4*min(max(m.Rank, 0), 4)), rim.edge)
	fmt.Fprintf(&b, `<circle cx="60" cy="56" r="47.5" fill="none" stroke="%s" stroke-width="1.5"/>`, rim.line)
	fmt.Fprintf(&b, `<circle cx="60" cy="56" r="44" fill="hsl(%d,46%%,36%%)"/>`, hue)
	fmt.Fprintf(&b, `<path d="M60 12a44 44 0 0 1 0 88z" fill="hsl(%d,46%%,32%%)"/>`, hue)
	fmt.Fprintf(&b, `<circle cx="60" cy="56" r="38.5" fill="none" stroke="hsl(%d,50%%,72%%)" stroke-opacity=".55" stroke-width="1" stroke-dasharray="1.5 4.5" stroke-linecap="round"/>`, hue)
	top, fill := "32.6", "none"
	if m.Level > 0 {
		top = "29"
	}
	if strings.HasSuffix(signs[m.Sign], "z") {
		fill = "#fff" // its lines go around something
	}
	fmt.Fprintf(&b, `<g transform="translate(36.6 %s) scale(1.95)" fill="%s" fill-opacity=".14" stroke="#fff" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"><path d="%s"/></g>`,
		top, fill, signs[m.Sign])
	if m.Level > 0 {
		text := fmt.Sprint(m.Level)
		half := 13 + 4.2*float64(len(text))
		fmt.Fprintf(&b, `<path d="M%[1]s 86H%[2]s l4.5 11-4.5 11H%[1]s l-4.5-11z" fill="%[3]s" stroke="#fff" stroke-opacity=".85" stroke-width="1.6"/>`, number(60-half), number(60+half), rim.line)
		fmt.Fprintf(&b, `<text x="60" y="102.3" text-anchor="middle" font-family="system-ui,sans-serif" font-size="15" font-weight="700" fill="#fff">%s</text>`, text)
	}
	fmt.Fprint(&b, `</svg>`)
	return b.Bytes()
}

// hueOf is a colour that a name always has: one of so many as eyes can tell apart.
func hueOf(name string) int {
	h := fnv.New32a()
	h.Write([]byte(name))
	return int(h.Sum32()%18) * 20
}

// scallops is a round edge of so many bows between two radii.
func scallops(x, y, outer, inner float64, n int) string {
	var b bytes.Buffer
	for i := range n {
		at := func(part, r float64) (float64, float64) {
			a := 2*math.Pi*(float64(i)+part)/float64(n) - math.Pi/2
			return x + r*math.Cos(a), y + r*math.Sin(a)
		}
		x0, y0 := at(0, inner)
		cx, cy := at(.5, 2*outer-inner)
		x1, y1 := at(1, inner)
		if i == 0 {
			fmt.Fprintf(&b, "M%s %s", number(x0), number(y0))
		}
		fmt.Fprintf(&b, "Q%s %s %s %s", number(cx), number(cy), number(x1), number(y1))
	}
	return b.String() + "z"
}

func number(f float64) string { return fmt.Sprintf("%.1f", f) }
