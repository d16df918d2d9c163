package survey

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"busbar/common/discovery"
	"busbar/common/program"
)

// When something is spoken of.
const (
	endsSoon  = 30 * 24 * time.Hour
	skewWrong = 600.0 // seconds: subscribers say so, too
	// SkewWarn is from how many seconds on clocks are said to differ.
	SkewWarn = 5.0
)

// judging is what findings depend on, beside the report.
type judging struct {
	beat     time.Duration // where none was said
	waited   time.Duration
	verified bool
}

// judge fills in what is wrong.
func (r *Report) judge(j judging) {
	r.Findings = []program.Finding{}
	if len(r.Sources) == 0 || len(r.Endpoints) == 0 {
		r.find("discovery", fail("nobody is found who publishes (set [bus] subscribe, or look at the lists in [bus] discover)"))
	}
	for _, s := range r.Sources {
		r.find(s.Source, ofSource(s))
	}
	if !j.verified {
		r.find("signing", warn("no authority is known, so that anybody can say anything (give --ca and --crl, or --keyring, or set [sign] ca and crl, or keyring)"))
	}
	lies := r.lies()
	for i := range r.Endpoints {
		e := &r.Endpoints[i]
		e.Findings = []program.Finding{}
		e.judge(j, r.Time)
		for _, lie := range lies[i] {
			e.find(lie)
		}
		if finding, ok := r.misplaced(e); ok {
			e.find(finding)
		}
	}
	r.clocks()
}

func (r *Report) find(what string, f program.Finding) {
	if f.Level != "" {
		f.What = what
		r.Findings = append(r.Findings, f)
	}
}

func (e *Endpoint) find(f program.Finding) {
	f.What = e.Address
	e.Findings = append(e.Findings, f)
}

func fail(format string, args ...any) program.Finding {
	return program.Finding{Level: "fail", Detail: fmt.Sprintf(format, args...)}
}

func warn(format string, args ...any) program.Finding {
	return program.Finding{Level: "warn", Detail: fmt.Sprintf(format, args...)}
}

// away is a failure that may pass by itself.
func away(format string, args ...any) program.Finding {
	return program.Away("", fmt.Errorf(format, args...))
}

func ofSource(s discovery.Status) program.Finding {
	switch s.State {
	case discovery.Unreadable:
		return fail("it cannot be read, and what was known before stays: %s", s.Error)
	case discovery.Absent:
		return warn("it is not there (make it, or take it out of [bus] discover)")
	case discovery.Empty:
		return warn("it names nobody")
	}
	return program.Finding{}
}

// judge says what is wrong with one endpoint by itself.
func (e *Endpoint) judge(j judging, now time.Time) {
	switch {
	case !e.Asked:
		e.find(away("it was not asked within the time (wait longer: --wait)"))
		return
	case e.Error != "" && e.Version != "" && e.Version < "3":
		e.find(fail("it speaks ZMTP %s, and 3.0 or later is needed (its libzmq must be 4 or later)", e.Version))
	case e.Error != "" && e.Socket == "":
		e.find(away("nobody answers: %s; look whether the publisher runs, and if it moved, say so where it is found", bare(e.Error)))
	case e.Error != "":
		e.find(fail("%s (discovery names a wrong address, or replay belongs into replay_endpoints)", e.Error))
	}
	if e.Replay != "" && e.ReplayError != "" {
		e.find(away("replay is not answered at %s: %s", e.Replay, bare(e.ReplayError)))
	}
	for _, refused := range e.Refusals {
		e.find(ofRefusal(refused))
	}
	if more := e.Refused - int64(len(e.Refusals)); more > 0 && len(e.Refusals) > 0 {
		e.find(fail("%d more messages are refused", more))
	}
	if e.Error == "" && len(e.Speakers) == 0 && e.Refused == 0 {
		e.find(warn("nothing was said within %s, so who it is cannot be told (wait longer: --wait)", j.waited.Round(time.Second)))
	}
	if e.Others > 0 {
		e.find(warn("more than %d publishers speak here; the others are not shown", maxSpeakers))
	}
	for _, s := range e.Speakers {
		e.speaker(s, j, now)
	}
}

// where is what errors begin with of where they happened, which stands before them.
var where = regexp.MustCompile(`^(?:fetching messages .* from tcp://[^ ]+: )?(?:connecting to tcp://[^ ]+: )?(?:dial tcp [^ ]+: )?(?:connect: )?`)

// bare is an error without that.
func bare(text string) string { return strings.TrimPrefix(text, where.FindString(text)) }

// ofRefusal says what a message that is not believed means.
func ofRefusal(r Refusal) program.Finding {
	who := r.Publisher
	if who == "" {
		who = "somebody"
	}
	if r.Certificate != "" {
		who += " (certificate " + r.Certificate + ")"
	}
	return fail("a message of %s is refused: %s (if it is ours, look at its certificate or key, and at [sign] ca, crl, keyring and policy; if not, take it out of discovery)", who, r.Reason)
}

// Who names a speaker.
func (s Speaker) Who() string {
	switch {
	case s.Publisher != "":
		return s.Publisher
	case s.Certificate != "":
		return s.Certificate
	}
	return "somebody"
}

// every is how often it says heartbeats.
func (s Speaker) every(otherwise time.Duration) time.Duration {
	if s.Interval > 0 {
		return time.Duration(s.Interval * float64(time.Second))
	}
	return otherwise
}

// Silent says that heartbeats are overdue: none for twice the interval, and for half a
// minute at least.
func (s Speaker) Silent(now time.Time) bool {
	return !s.Heartbeat.IsZero() && now.Sub(s.Heartbeat) > max(2*s.every(0)+time.Second, 30*time.Second)
}

func (e *Endpoint) speaker(s Speaker, j judging, now time.Time) {
	every := s.every(j.beat)
	switch {
	case e.Error != "":
	case s.Silent(now):
		e.find(away("%s is silent: its newest heartbeat is %s old, and they come every %s (look whether it runs)", s.Who(), now.Sub(s.Heartbeat).Round(time.Second), every))
	case s.Heartbeat.IsZero() && s.Publisher != "" && j.waited > 2*every+time.Second:
		e.find(away("%s said no heartbeat within %s (look at its [bus] heartbeat)", s.Who(), j.waited.Round(time.Second)))
	}
	if s.Publisher != "" && e.Answers == "" && e.Error == "" {
		e.find(warn("%s answers no replay, so what a subscriber misses cannot be had again%s", s.Who(), because(e.ReplayError)))
	}
	if s.Certificate == "" && j.verified { // it is not believed either
		e.find(fail("%s does not sign", s.Who()))
	}
	if left := s.Until.Sub(now); !s.Until.IsZero() && left < endsSoon {
		e.find(warn("the certificate of %s ends on %s (make a new one with `bus keys issue`)", s.Certificate, s.Until.Format(time.DateOnly)))
	}
}

func because(text string) string {
	if text == "" {
		return ""
	}
	return ": " + bare(text)
}

// clocks compares those of the publishers with ours: if all differ in the same way, it
// is ours that is wrong. What a hub says again is older, so of each publisher the
// heartbeat counts that differs least.
func (r *Report) clocks() {
	type clock struct {
		e *Endpoint
		s Speaker
	}
	var all []clock
	for i := range r.Endpoints {
		e := &r.Endpoints[i]
		for _, s := range e.Speakers {
			if s.Heartbeat.IsZero() {
				continue
			}
			switch known := slices.IndexFunc(all, func(c clock) bool { return c.s.same(s) }); {
			case known < 0:
				all = append(all, clock{e, s})
			case math.Abs(s.Skew) < math.Abs(all[known].s.Skew):
				all[known] = clock{e, s}
			}
		}
	}
	if len(all) == 0 {
		return
	}
	slices.SortStableFunc(all, func(a, b clock) int { return cmp.Compare(a.s.Skew, b.s.Skew) })
	middle := all[len(all)/2].s.Skew
	if same := all[0].s.Skew*all[len(all)-1].s.Skew > 0; len(all) > 1 && same && math.Abs(middle) >= SkewWarn {
		r.find("clock", warn("the clocks of all %d publishers are about %s ours: this machine's is wrong (let NTP keep it)", len(all), ahead(middle)))
		return
	}
	for _, c := range all {
		switch off := math.Abs(c.s.Skew); {
		case off < SkewWarn:
		case off < skewWrong:
			c.e.find(warn("the clock of %s is %s ours (let NTP keep both)", c.s.Who(), ahead(c.s.Skew)))
		default:
			c.e.find(fail("the clock of %s is %s ours, or what it says is old (let NTP keep both)", c.s.Who(), ahead(c.s.Skew)))
		}
	}
}

func ahead(seconds float64) string {
	d := time.Duration(math.Abs(seconds) * float64(time.Second)).Round(time.Second)
	if seconds < 0 {
		return d.String() + " behind"
	}
	return d.String() + " ahead of"
}
