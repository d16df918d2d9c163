// Package progress says on standard error how far a long work is: a bar where that is a
// terminal, else a plain line now and then, so that no pipe and no log gets what moves a
// cursor.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"busbar/common/runes"
	"busbar/common/show"
)

// A State is how far a work is. The zero State is not worth a line.
type State struct {
	Text      string // what is done, and how much of it; it may be a stranger's
	Done, All int64  // in any unit; All is 0 where nobody knows how much it will be
}

const (
	often  = 200 * time.Millisecond // a bar is drawn so often,
	seldom = 10 * time.Second       // and a line is written so often
	bar    = 24                     // columns
	// widest is how much of the text stands before a bar, in bytes: the line must
	// not break.
	widest = 40
)

// Show asks again and again for the state, and shows it at w, until stop is called; then
// it asks once more, with ended, and leaves that as a line. ask is called by one at a
// time.
func Show(w io.Writer, terminal bool, ask func(ended bool) State) (stop func()) {
	every, d := seldom, drawer(plain{w})
	if terminal {
		every, d = often, &drawn{w: w}
	}
	return showEvery(every, d, ask)
}

func showEvery(every time.Duration, d drawer, ask func(ended bool) State) (stop func()) {
	ended := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				if s := ask(false); s != (State{}) {
					d.draw(s)
				}
			}
		}
	})
	return func() {
		close(ended)
		wg.Wait()
		d.end(ask(true))
	}
}

// A drawer shows states. Who cannot be told is not.
type drawer interface {
	draw(State)
	end(State)
}

// plain writes lines.
type plain struct{ w io.Writer }

func (p plain) draw(s State) {
	if s.Text != "" {
		line := show.OneLine(s.Text)
		if s.All > 0 {
			line = fmt.Sprintf("%s, %d %%", line, 100*min(s.Done, s.All)/s.All)
		}
		_, _ = show.Fprintln(p.w, line)
	}
}
func (p plain) end(s State) { p.draw(s) }

// drawn is a bar, which begins with the first state that is worth one.
type drawn struct {
	w   io.Writer
	bar *progressbar.ProgressBar
	all int64
}

func (d *drawn) draw(s State) {
	all := max(s.All, s.Done)
	if s.All <= 0 {
		all = -1 // a spinner
	}
	if d.bar == nil || all != d.all { // another work, such as the next file
		d.clear()
		d.all = all
		d.bar = progressbar.NewOptions64(all, progressbar.OptionSetWriter(d.w), progressbar.OptionSetWidth(bar), progressbar.OptionUseANSICodes(true),
			progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(all > 0), progressbar.OptionSpinnerType(9), progressbar.OptionSetSpinnerChangeInterval(0), progressbar.OptionSetRenderBlankState(false))
	}
	if all > 0 {
		_ = d.bar.Set64(min(s.Done, all-1)) // at the end it would stop by itself
	} else {
		_ = d.bar.Add(1)
	}
	text, _ := runes.Cut(show.OneLine(s.Text), widest)
	d.bar.Describe(show.Sprintf("%s", text)) // which draws it
}

// end takes the bar away, and leaves a line.
func (d *drawn) end(s State) {
	d.clear()
	plain{d.w}.draw(s)
}

func (d *drawn) clear() {
	if d.bar != nil {
		_ = d.bar.Clear()
		d.bar = nil
	}
}
