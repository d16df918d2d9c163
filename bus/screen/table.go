package screen

import (
	"io"
	"slices"
	"strings"
	"unicode"

	"busbar/common/show"
)

// A Cell is one text of a table.
type Cell struct {
	Text  string
	Style Style
}

// A Column is what the cells below each other have in common.
type Column struct {
	Title string
	Right bool // numbers stand to the right
	// Least is to how many columns its texts may be cut where there is no room; 0: they
	// are never cut. Rank says which columns go altogether where that is not enough: the
	// highest first; 0: never.
	Least, Rank int
	Wide        int  // at least so many columns, so that tables below each other agree
	End         bool // of its texts the end matters: they are cut at the beginning
}

// A Table is rows of cells.
type Table struct {
	Columns []Column
	Rows    [][]Cell
	Indent  int
}

// Add adds a row.
func (t *Table) Add(cells ...Cell) { t.Rows = append(t.Rows, cells) }

const apart = 2 // columns between two columns

// Write writes the table within the screen's width. Texts are made fit for a terminal.
func (t *Table) Write(w io.Writer, s Screen) error {
	shown, widths := t.layout(s.Width)
	title := false
	for _, c := range t.Columns {
		title = title || c.Title != ""
	}
	if title {
		head := make([]Cell, len(t.Columns))
		for i, c := range t.Columns {
			head[i] = Cell{c.Title, Dim}
		}
		if err := t.line(w, s, head, shown, widths); err != nil {
			return err
		}
	}
	for _, row := range t.Rows {
		if err := t.line(w, s, row, shown, widths); err != nil {
			return err
		}
	}
	return nil
}

// layout is which columns are shown, and how wide each is.
func (t *Table) layout(most int) (shown []int, widths []int) {
	widths = make([]int, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = Columns(c.Title)
		for _, row := range t.Rows {
			if i < len(row) {
				widths[i] = max(widths[i], Columns(show.Line(row[i].Text)))
			}
		}
		if widths[i] > 0 {
			widths[i] = max(widths[i], c.Wide)
			shown = append(shown, i)
		}
	}
	if most <= 0 {
		return shown, widths
	}
	for {
		over := t.total(shown, widths) - most
		if over <= t.slack(shown, widths) {
			t.shrink(shown, widths, over)
			return shown, widths
		}
		last := -1
		for at, i := range shown {
			if r := t.Columns[i].Rank; r > 0 && (last < 0 || r > t.Columns[shown[last]].Rank) {
				last = at
			}
		}
		if last < 0 {
			t.shrink(shown, widths, over)
			return shown, widths
		}
		shown = slices.Delete(shown, last, last+1)
	}
}

func (t *Table) total(shown, widths []int) int {
	n := t.Indent - apart
	for _, i := range shown {
		n += widths[i] + apart
	}
	return n
}

// slack is how much all columns together may be cut.
func (t *Table) slack(shown, widths []int) (n int) {
	for _, i := range shown {
		if least := t.Columns[i].Least; least > 0 {
			n += max(0, widths[i]-least)
		}
	}
	return n
}

// shrink takes what is over from the columns that may be cut: first from those that
// might have gone, and of these from the widest.
func (t *Table) shrink(shown, widths []int, over int) {
	for _, ranked := range []bool{true, false} {
		for ; over > 0; over-- {
			widest := -1
			for _, i := range shown {
				if c := t.Columns[i]; c.Rank > 0 == ranked && c.Least > 0 && widths[i] > c.Least && (widest < 0 || widths[i] > widths[widest]) {
					widest = i
				}
			}
			if widest < 0 {
				break
			}
			widths[widest]--
		}
	}
}

func (t *Table) line(w io.Writer, s Screen, row []Cell, shown, widths []int) error {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", t.Indent))
	pending := 0 // blanks before the next text: none stand at the end of a line
	for at, i := range shown {
		if at > 0 {
			pending += apart
		}
		var c Cell
		if i < len(row) {
			c = row[i]
		}
		text := show.Line(c.Text)
		if t.Columns[i].End {
			text = s.CutStart(text, widths[i])
		} else {
			text = s.Cut(text, widths[i])
		}
		free := widths[i] - Columns(text)
		if t.Columns[i].Right {
			pending, free = pending+free, 0
		}
		if text != "" {
			b.WriteString(strings.Repeat(" ", pending))
			b.WriteString(string(s.Paint(c.Style, text)))
			pending = 0
		}
		pending += free
	}
	_, err := show.Fprintln(w, show.Clean(b.String()))
	return err
}

// isMark tells characters that stand on the one before them.
func isMark(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Me) }
