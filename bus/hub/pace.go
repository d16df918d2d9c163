package hub

import (
	"sync"
	"time"
)

// A pace bounds how often each of many may do something: so many a second, and so many
// at once.
type pace struct {
	rate, burst float64

	mu   sync.Mutex
	left map[string]allowance
}

// An allowance is how many are left as of a time.
type allowance struct {
	left float64
	at   time.Time
}

// maxPaced is how many are remembered.
const maxPaced = 4096

func newPace(rate, burst float64) *pace {
	return &pace{rate: rate, burst: burst, left: map[string]allowance{}}
}

// owes is how long it is too early for one more; what is not too early is counted.
func (p *pace) owes(who string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.of(who, now)
	if a.left < 1 {
		return time.Duration((1 - a.left) / p.rate * float64(time.Second))
	}
	a.left--
	p.put(who, a)
	return 0
}

// exhausted says that none is left, and counts nothing.
func (p *pace) exhausted(who string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of(who, now).left < 1
}

func (p *pace) of(who string, now time.Time) allowance {
	a, known := p.left[who]
	if !known {
		return allowance{p.burst, now}
	}
	return allowance{min(p.burst, a.left+now.Sub(a.at).Seconds()*p.rate), now}
}

func (p *pace) put(who string, a allowance) {
	if len(p.left) >= maxPaced { // so many are one, or have been gone for long
		clear(p.left)
	}
	p.left[who] = a
}
