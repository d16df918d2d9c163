// Package chart draws how many messages came over a time, bar by bar: as SVG and PNG
// for pages, feeds and mails, and as text or sixels for terminals.
//
// Not here: who counts (common/archive).
package chart

import (
	"bytes"
	"fmt"
	"time"

	"busbar/common/archive"
)

// Bars are numbers of messages, of equal times one behind the other.
type Bars struct {
	From   time.Time // when the first begins, UTC
	Each   time.Duration
	Counts []int64
}

// The size of a picture, in its own units; pages stretch it.
const (
	width  = 960
	height = 160
)

// New makes bars of counts by the hour: of so many hours from one on, gathered where
// they are more than most.
func New(counts []archive.HourCount, from time.Time, hours, most int) Bars {
	each := max(1, (hours+most-1)/most)
	b := Bars{From: from, Each: time.Duration(each) * time.Hour, Counts: make([]int64, (hours+each-1)/each)}
	for _, h := range counts {
		if at := int(h.Hour.Sub(from)/time.Hour) / each; !h.Hour.Before(from) && at < len(b.Counts) {
			b.Counts[at] += h.Count
		}
	}
	return b
}

// Total is how many there are, and most how many of one bar.
func (b Bars) Total() (total, most int64) {
	for _, n := range b.Counts {
		total, most = total+n, max(most, n)
	}
	return total, most
}

// at is when a bar begins.
func (b Bars) at(i int) time.Time { return b.From.Add(time.Duration(i) * b.Each) }

const minute = "2006-01-02 15:04"

// Caption says in words what is drawn.
func (b Bars) Caption() string {
	unit := "hour"
	if b.Each > time.Hour {
		unit = fmt.Sprintf("%d hours", b.Each/time.Hour)
	}
	total, most := b.Total()
	return fmt.Sprintf("%d messages since %s UTC; at most %d in %s", total, b.From.Format(minute), most, unit)
}

// SVG is a picture that follows light and dark (SVG 1.1). Each bar says what it is.
func (b Bars) SVG() []byte {
	_, most := b.Total()
	var to bytes.Buffer
	fmt.Fprintf(&to, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" preserveAspectRatio="none"><title>%s</title>`, width, height, b.Caption())
	to.WriteString(`<style>rect{fill:#0b6e75}line{stroke:#8a9499;stroke-width:1}@media(prefers-color-scheme:dark){rect{fill:#5cc3c9}}</style>`)
	each := float64(width) / float64(len(b.Counts))
	for i, n := range b.Counts {
		if n == 0 {
			continue
		}
		tall := max(2, float64(height-4)*float64(n)/float64(most))
		fmt.Fprintf(&to, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f"><title>%s: %d</title></rect>`,
			float64(i)*each, height-1-tall, max(1, each-1), tall, b.at(i).Format(minute), n)
	}
	fmt.Fprintf(&to, `<line x1="0" y1="%[1]d.5" x2="%[2]d" y2="%[1]d.5"/></svg>`, height-1, width)
	return to.Bytes()
}
