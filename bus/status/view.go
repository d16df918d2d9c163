package status

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"busbar/bus/screen"
	"busbar/common/show"
)

// write shows the state to people. Where all is well, nothing stands out.
func (s state) write(w io.Writer, on screen.Screen) error {
	if err := s.head(w, on); err != nil {
		return err
	}
	for _, t := range []*screen.Table{s.publisherTable(on), s.hubTable(on), s.forwardTable(on), s.notifyTable(on), s.canaryTable(on), s.journalTable(on)} {
		if len(t.Rows) == 0 {
			continue
		}
		show.Fprintln(w)
		if err := t.Write(w, on); err != nil {
			return err
		}
	}
	return s.writeFindings(w, on)
}

// head is one line: which bus, how it is, when.
func (s state) head(w io.Writer, on screen.Screen) error {
	failed, warned := 0, 0
	for _, f := range s.Findings {
		switch f.Level {
		case "fail":
			failed++
		case "warn":
			warned++
		}
	}
	level, text := "ok", "all is well"
	switch {
	case failed > 0 && warned > 0:
		level, text = "fail", fmt.Sprintf("%d wrong, %s", failed, plural(warned, "warning"))
	case failed > 0:
		level, text = "fail", fmt.Sprintf("%d wrong", failed)
	case warned > 0:
		level, text = "warn", plural(warned, "warning")
	}
	mark, at := on.Mark(level), s.Time.Format("2006-01-02 15:04:05 UTC")
	left := mark.Text + "  " + s.Topics + "  " + text
	for _, shorter := range []string{s.Time.Format("15:04:05"), ""} {
		if on.Width > 0 && screen.Columns(left)+2+len(at) > on.Width {
			at = shorter
		}
	}
	gap := "  "
	if at == "" {
		gap = ""
	} else if free := on.Width - screen.Columns(left) - len(at); free > 2 {
		gap = strings.Repeat(" ", free)
	}
	_, err := show.Fprintf(w, "%s  %s  %s%s%s\n", on.Paint(mark.Style, mark.Text), on.Paint(screen.Bold, s.Topics), on.Paint(mark.Style, text), gap, on.Paint(screen.Dim, at))
	return err
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// names is how wide the first column of each table is, so that they agree.
func (s state) names() (n int) {
	for _, p := range s.Publishers {
		n = max(n, screen.Columns(show.Line(p.Name)))
	}
	for _, h := range s.Hubs {
		n = max(n, screen.Columns(show.Line(h.URL)))
	}
	for _, f := range s.Forwards {
		n = max(n, screen.Columns(show.Line(f.Name())))
	}
	for _, one := range s.Notifies {
		n = max(n, screen.Columns(show.Line(one.Name())))
	}
	for _, j := range s.Journals {
		n = max(n, screen.Columns(show.Line(j.Publisher)))
	}
	return min(n, 32)
}

func (s state) publisherTable(on screen.Screen) *screen.Table {
	t := &screen.Table{Columns: []screen.Column{
		{}, {Title: "PUBLISHER", Least: 12, Wide: s.names()}, {Title: "NEWEST", Right: true}, {Title: "MESSAGE", Right: true, Rank: 1}, {Title: "HEARTBEAT", Right: true},
		{Title: "PER MIN", Right: true, Rank: 2}, {Title: "HUB LAG", Right: true, Rank: 3}, {Title: "AT", Least: 14, Rank: 4},
	}}
	for _, p := range s.Publishers {
		row := []screen.Cell{on.Mark(p.Level), {Text: p.Name}}
		at := screen.Cell{Text: strings.TrimPrefix(strings.Join(p.Endpoints, " "), "tcp://"), Style: screen.Dim}
		at.Text = strings.ReplaceAll(at.Text, " tcp://", " ")
		if p.Away != "" {
			row[0] = on.Mark(levelAway(p))
			t.Add(append(row, screen.Cell{}, screen.Cell{}, screen.Cell{Text: p.Away, Style: screen.Dim}, screen.Cell{}, screen.Cell{}, at)...)
			continue
		}
		t.Add(append(row,
			number(p.Newest), screen.Cell{Text: screen.Age(s.Time, p.Message)}, beat(p, s.Time), rate(p.Rate), lag(p.Lag), at)...)
	}
	return t
}

func levelAway(p publisher) string {
	if p.Level == "ok" {
		return "away"
	}
	return p.Level
}

func number(n int64) screen.Cell {
	if n == 0 {
		return screen.Cell{}
	}
	return screen.Cell{Text: screen.Count(n)}
}

// beat is red where heartbeats are overdue.
func beat(p publisher, now time.Time) screen.Cell {
	c := screen.Cell{Text: screen.Age(now, p.Heartbeat)}
	if p.Silent(now) {
		c.Style = screen.Red
	}
	return c
}

// rate has as many digits as mean something.
func rate(r *float64) screen.Cell {
	if r == nil {
		return screen.Cell{}
	}
	digits := 1
	if *r >= 10 || *r == 0 {
		digits = 0
	}
	return screen.Cell{Text: strconv.FormatFloat(*r, 'f', digits, 64)}
}

func lag(n *int64) screen.Cell {
	if n == nil {
		return screen.Cell{}
	}
	c := screen.Cell{Text: screen.Count(*n)}
	if *n == 0 {
		c.Style = screen.Dim
	}
	return c
}

func (s state) hubTable(on screen.Screen) *screen.Table {
	t := &screen.Table{Columns: []screen.Column{
		{}, {Title: "HUB", Least: 12, Wide: s.names()}, {Title: "ARRIVALS", Right: true}, {Title: "PUBLISHERS", Right: true, Rank: 2}, {Title: "LISTENERS", Right: true, Rank: 1}, {Title: "GAPS", Right: true}, {Title: "", Least: 10, Rank: 3},
	}}
	for _, h := range s.Hubs {
		if h.Error != "" {
			t.Add(on.Mark("fail"), screen.Cell{Text: h.URL}, screen.Cell{}, screen.Cell{}, screen.Cell{}, screen.Cell{}, screen.Cell{Text: "does not answer", Style: screen.Dim})
			continue
		}
		t.Add(on.Mark(levelOf(h.Findings(s.Time))), screen.Cell{Text: h.URL}, number(h.Archive.Newest), screen.Cell{Text: screen.Count(int64(len(h.Publishers)))},
			screen.Cell{Text: screen.Count(int64(h.Listeners))}, screen.Cell{Text: screen.Count(int64(len(h.Gaps)))})
	}
	return t
}

func (s state) forwardTable(on screen.Screen) *screen.Table {
	t := &screen.Table{Columns: []screen.Column{
		{}, {Title: "FORWARD", Least: 12, Wide: s.names()}, {Title: "FORWARDED", Right: true}, {Title: "UNDER WAY", Right: true, Rank: 1}, {Title: "REFUSED", Right: true}, {Title: "INTO", Least: 10, Rank: 2},
	}}
	for _, f := range s.Forwards {
		into := screen.Cell{Text: strings.TrimSpace(f.Stream.Stream + " " + f.Stream.Server), Style: screen.Dim}
		row := []screen.Cell{on.Mark(levelOf(f.Findings())), {Text: f.Name()}}
		switch {
		case f.URL == "":
			into.Text = "cannot be asked"
			t.Add(append(row, screen.Cell{}, screen.Cell{}, screen.Cell{}, into)...)
		case f.Error != "":
			into.Text = "does not answer"
			t.Add(append(row, screen.Cell{}, screen.Cell{}, screen.Cell{}, into)...)
		default:
			t.Add(append(row, screen.Cell{Text: screen.Count(f.Forwarded)}, screen.Cell{Text: screen.Count(int64(f.Waiting))}, screen.Cell{Text: screen.Count(int64(f.Missed))}, into)...)
		}
	}
	return t
}

func (s state) notifyTable(on screen.Screen) *screen.Table {
	t := &screen.Table{Columns: []screen.Column{
		{}, {Title: "NOTIFY", Least: 12, Wide: s.names()}, {Title: "PEOPLE", Right: true, Rank: 2}, {Title: "RULES", Right: true, Rank: 3}, {Title: "SENT", Right: true}, {Title: "WAITING", Right: true}, {Title: "NOT SENT", Right: true, Rank: 1},
	}}
	for _, n := range s.Notifies {
		row := []screen.Cell{on.Mark(levelOf(n.Findings())), {Text: n.Name()}}
		if n.URL == "" || n.Error != "" {
			t.Add(append(row, screen.Cell{}, screen.Cell{}, screen.Cell{Text: "away", Style: screen.Dim}, screen.Cell{}, screen.Cell{})...)
			continue
		}
		waiting, sent, dead := n.Totals()
		for _, count := range []int64{int64(n.People), int64(n.Rules), sent, waiting, dead} {
			row = append(row, screen.Cell{Text: screen.Count(count)})
		}
		t.Add(row...)
	}
	return t
}

func (s state) canaryTable(on screen.Screen) *screen.Table {
	t := &screen.Table{Columns: []screen.Column{{}, {Title: "CANARY THROUGH", Least: 12, Wide: s.names()}, {Title: "OF", Least: 12}, {Title: "CAME", Right: true}, {Title: "TOOK", Right: true, Rank: 1}}}
	for _, h := range s.Hubs {
		for _, c := range h.Canaries {
			level, came, took := "ok", "never", ""
			if c.Overdue() {
				level = "fail"
			}
			if c.Seen != nil {
				came, took = screen.Age(s.Time, *c.Seen), (time.Duration(c.TookMS) * time.Millisecond).String()
			}
			t.Add(on.Mark(level), screen.Cell{Text: c.Channel}, screen.Cell{Text: c.Publisher}, screen.Cell{Text: came}, screen.Cell{Text: took})
		}
	}
	return t
}

func (s state) journalTable(on screen.Screen) *screen.Table {
	t := &screen.Table{Columns: []screen.Column{
		{}, {Title: "JOURNAL HERE", Least: 12, Wide: s.names()}, {Title: "NEWEST", Right: true}, {Title: "MESSAGE", Right: true, Rank: 1}, {Title: "UNSENT", Right: true}, {Title: "POISON", Right: true, Rank: 3},
		{Title: "SIZE", Right: true, Rank: 2}, {Title: "FILE", Least: 14, Rank: 4, End: true},
	}}
	for _, j := range s.Journals {
		name := screen.Cell{Text: j.Publisher}
		if name.Text == "" {
			name = screen.Cell{Text: "cannot be read", Style: screen.Dim}
		}
		file := screen.Cell{Text: j.File, Style: screen.Dim}
		if j.Error != "" {
			t.Add(on.Mark(levelOf(j.Findings())), name, screen.Cell{}, screen.Cell{}, screen.Cell{}, screen.Cell{}, screen.Cell{}, file)
			continue
		}
		t.Add(on.Mark(levelOf(j.Findings())), name, number(j.Newest), screen.Cell{Text: screen.Age(s.Time, j.Message)}, quiet(j.Behind), quiet(j.Poisoned), screen.Cell{Text: size(j.Bytes)}, file)
	}
	return t
}

// quiet is a number that should be 0.
func quiet(n int64) screen.Cell {
	if n == 0 {
		return screen.Cell{Text: "0", Style: screen.Dim}
	}
	return screen.Cell{Text: screen.Count(n)}
}

// size is a number of bytes.
func size(n int64) string {
	for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
		if n < 10<<10 {
			return fmt.Sprintf("%d %s", n, unit)
		}
		n >>= 10
	}
	return fmt.Sprintf("%d TiB", n)
}

// writeFindings says what is wrong: the whole text, also on a narrow terminal.
func (s state) writeFindings(w io.Writer, on screen.Screen) error {
	if len(s.Findings) > 0 {
		show.Fprintln(w)
	}
	return screen.Findings(w, on, s.Findings)
}
