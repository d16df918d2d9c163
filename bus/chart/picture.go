package chart

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

// Colours of a picture, by their places in its palette. Who shows it may be dark or
// light: the ground is nothing.
const (
	_ uint8 = iota // the ground
	bar
	line
)

var palette = color.Palette{color.Transparent, color.RGBA{0x0b, 0x8a, 0x93, 0xff}, color.RGBA{0x8a, 0x94, 0x99, 0xff}}

// picture draws the bars, each a pixel and more wide, on a line.
func (b Bars) picture(wide, tall int) *image.Paletted {
	p := image.NewPaletted(image.Rect(0, 0, wide, tall), palette)
	_, most := b.Total()
	for i, n := range b.Counts {
		if n == 0 {
			continue
		}
		from, to := i*wide/len(b.Counts), (i+1)*wide/len(b.Counts)
		if to-from > 2 {
			to-- // a gap
		}
		high := max(2, int(float64(tall-4)*float64(n)/float64(most)))
		for x := from; x < max(to, from+1); x++ {
			for y := tall - 1 - high; y < tall-1; y++ {
				p.SetColorIndex(x, y, bar)
			}
		}
	}
	for x := range wide {
		p.SetColorIndex(x, tall-1, line)
	}
	return p
}

// PNG is a picture for who shows no SVG: mails, feeds, chats. Its pixels are double, for
// sharp screens.
func (b Bars) PNG() ([]byte, error) {
	var to bytes.Buffer
	if err := png.Encode(&to, b.picture(2*width, 2*height)); err != nil {
		return nil, fmt.Errorf("drawing: %w", err)
	}
	return to.Bytes(), nil
}

// Sixel is a picture for terminals that show such (DEC STD 070, §9.5), of so many pixels.
func (b Bars) Sixel(wide, tall int) string {
	p := b.picture(wide, tall)
	var to bytes.Buffer
	fmt.Fprintf(&to, "\x1bP0;1;0q\"1;1;%d;%d", wide, tall)
	for _, c := range []uint8{bar, line} {
		red, green, blue, _ := palette[c].RGBA()
		fmt.Fprintf(&to, "#%d;2;%d;%d;%d", c, red*100/0xffff, green*100/0xffff, blue*100/0xffff)
	}
	for top := 0; top < tall; top += 6 {
		for _, c := range []uint8{bar, line} {
			fmt.Fprintf(&to, "#%d", c)
			for x := 0; x < wide; {
				now, run := sixel(p, x, top, c), 1
				for x+run < wide && sixel(p, x+run, top, c) == now {
					run++
				}
				fmt.Fprintf(&to, "!%d%c", run, now)
				x += run
			}
			to.WriteByte('$')
		}
		to.WriteByte('-')
	}
	to.WriteString("\x1b\\")
	return to.String()
}

// sixel is six pixels, one below the other, as a character: a bit for each that has the
// colour.
func sixel(p *image.Paletted, x, top int, c uint8) byte {
	var bits byte
	for i := range min(6, p.Rect.Dy()-top) {
		if p.ColorIndexAt(x, top+i) == c {
			bits |= 1 << i
		}
	}
	return '?' + bits
}
