package check

import (
	"fmt"
	"math"
	"strings"
	"time"

	"busbar/bus/screen"
	"busbar/bus/survey"
	"busbar/common/discovery"
	"busbar/common/program"
)

// publishers is what was seen of them: a line for each place where they are found, for
// each endpoint, and for the clock.
func publishers(r survey.Report) []program.Finding {
	var list []program.Finding
	wrong := map[string]bool{}
	for _, f := range r.Findings {
		switch f.What {
		case "signing":
			f.What = "authority"
		case "clock", "discovery":
		default:
			wrong[f.What] = true
			f.What, f.Detail = "discovery", f.What+": "+f.Detail
		}
		list = append(list, f)
	}
	for _, s := range r.Sources {
		if s.State == discovery.Found && !wrong[s.Source] && !strings.HasPrefix(s.Source, "tcp://") {
			list = append(list, program.Found("discovery", nil, fmt.Sprintf("%s names %d", s.Source, s.Endpoints)))
		}
	}
	for _, e := range r.Endpoints {
		for _, f := range e.Findings {
			f.What, f.Detail = "publisher", e.Address+": "+f.Detail
			list = append(list, f)
		}
		if len(e.Findings) == 0 {
			list = append(list, program.Found("publisher", nil, e.Address+": "+well(e, r.Time)))
		}
	}
	return append(list, clock(r)...)
}

// well describes an endpoint with which nothing is wrong.
func well(e survey.Endpoint, now time.Time) string {
	text := e.Socket
	if e.Answers != "" {
		text += " and " + e.Answers
	}
	text += ", ZMTP " + e.Version
	for _, s := range e.Speakers {
		text += "; " + s.Who()
		if s.Certificate != "" {
			text += " with the certificate of " + s.Certificate + " until " + s.Until.Format(time.DateOnly)
		}
		if !s.Heartbeat.IsZero() {
			text += ", heartbeat " + screen.Age(now, s.Heartbeat) + " old"
		}
	}
	return text
}

// clock says that ours goes with those of the publishers; where it does not, they have
// findings.
func clock(r survey.Report) []program.Finding {
	n, worst := 0, 0.0
	for _, e := range r.Endpoints {
		for _, s := range e.Speakers {
			if !s.Heartbeat.IsZero() {
				n++
				worst = max(worst, math.Abs(s.Skew))
			}
		}
	}
	switch {
	case n == 0:
		return []program.Finding{{What: "clock", Level: "warn", Detail: "no heartbeat came, so there is no clock to compare this machine's with"}}
	case worst < survey.SkewWarn:
		return []program.Finding{program.Found("clock", nil, fmt.Sprintf("within %.0fs of those of publishers, of whom there are %d", max(1, worst), n))}
	}
	return nil
}
