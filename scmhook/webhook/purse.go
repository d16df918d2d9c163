package webhook

import (
	"errors"
	"io"
	"sync/atomic"
)

var errFull = errors.New("the bodies that are being read fill the memory set aside for them")

// A purse reads a body and pays for each byte from what is free. Anybody may
// send a body, and only all of it shows whether its signature is right.
type purse struct {
	r    io.Reader
	free *atomic.Int64
	paid int64
}

func (p *purse) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.paid += int64(n)
	if p.free.Add(-int64(n)) < 0 {
		return 0, errFull
	}
	return n, err
}

func (p *purse) release() {
	p.free.Add(p.paid)
	p.paid = 0
}
