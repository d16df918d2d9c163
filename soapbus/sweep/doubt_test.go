package sweep

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"busbar/common/journal"
	"busbar/fixtures/bugtracker"
)

// lie answers some questions for a method, from the nth on, with an array of
// numbers.
func (p *place) lie(method string, from, many int, numbers ...int) {
	honest, asked := p.tracker.Handler(), 0
	p.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("SOAPAction"), "#"+method) {
			if asked++; asked >= from && asked < from+many {
				var items strings.Builder
				for _, n := range numbers {
					fmt.Fprintf(&items, `<item xsi:type="xsd:int">%d</item>`, n)
				}
				w.Header().Set("Content-Type", "text/xml")
				fmt.Fprintf(w, `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" `+
					`xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body>`+
					`<%sResponse xmlns="Debbugs/SOAP"><soapenc:Array soapenc:arrayType="xsd:int[%d]" xsi:type="soapenc:Array">%s</soapenc:Array></%[1]sResponse></soap:Body></soap:Envelope>`,
					method, len(numbers), &items)
				return
			}
		}
		honest.ServeHTTP(w, r)
	})
}

// TestFirstAnswer: a highest number that is no bug's is not believed, at first
// no more easily than later, and what is right is.
func TestFirstAnswer(t *testing.T) {
	for name, numbers := range map[string][]int{"far": {1_000_000_000}, "beside a bug": {700040, 1_000_000_000}, "near": {702_000}, "another's": {12}} {
		p := newPlace(t, 40)
		p.lie("newest_bugs", 1, 1, numbers...)
		if list, err := p.try(p.sweep(), nil); err == nil || !strings.Contains(err.Error(), "not accepted") {
			t.Errorf("%s: told %v, %v", name, list, err)
		}
		p.want(p.published())
		p.report()
		p.want(p.published(), "41 new 1")
	}
	p := newPlace(t, 40)
	p.o.Once, p.o.Interval, p.o.Backoff, p.o.Now = false, time.Millisecond, time.Millisecond, time.Now
	p.lie("newest_bugs", 1, missingPatience-1)
	s := p.sweep()
	for range missingPatience - 1 {
		if _, _, _, err := s.Next(context.Background()); err == nil || !strings.Contains(err.Error(), "not accepted") {
			t.Errorf("no bug at all is believed: %v", err)
		}
	}
}

// TestBelievedBefore: what an earlier wrong answer left in the journal heals, and
// what was reported since is published.
func TestBelievedBefore(t *testing.T) {
	for name, wrong := range map[string]position{
		"taking note": {Begun: true, High: 1_000_000_000, Base: 1_000_000_000, Cursor: 700491},
		"all noted":   {Begun: true, High: 701_100, Base: 701_100, Based: true, Cursor: 700001, Swept: 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, 40)
			p.want(p.published())
			value, _ := json.Marshal(wrong)
			if _, err := p.journal.Append(context.Background(), journal.Record{Source: p.o.Source, Position: value}); err != nil {
				t.Fatal(err)
			}
			p.report()
			var got []string
			for range missingPatience + 1 {
				got = append(got, p.published()...)
			}
			p.want(got, "41 new 1")
			p.report()
			p.want(p.published(), "42 new 1")
			if s := p.sweep(); s.load(context.Background()) != nil || s.pos.High != 700042 {
				t.Errorf("the position is %+v", s.pos)
			}
		})
	}
}

// TestLowerForAWhile: numbers that are lower than they were, while the tracker
// knows the higher ones, or we do, are doubted and change nothing.
func TestLowerForAWhile(t *testing.T) {
	p := newPlace(t, 40)
	p.want(p.published())
	p.lie("newest_bugs", 1, 3, 700_010)
	for range 3 {
		s := p.sweep()
		if list, err := p.try(s, nil); err != nil || len(list) > 0 || !strings.Contains(s.Stats().Doubt, "700010") {
			t.Errorf("told %v, %v; doubt %q", list, err, s.Stats().Doubt)
		}
	}
	s := p.sweep()
	if list, err := p.try(s, nil); err != nil || len(list) > 0 || s.Stats().Doubt != "" {
		t.Errorf("told %v, %v; doubt %q", list, err, s.Stats().Doubt)
	}
	p.report()
	p.want(p.published(), "41 new 1")
}

// twins are two servers behind one address, equal so far.
func twins(t *testing.T, bugs int) (p *place, other *bugtracker.Tracker) {
	p = newPlace(t, 0)
	other = bugtracker.New(bugtracker.Options{First: 700001, Clock: func() time.Time { return p.now }})
	for range bugs {
		l := p.letter()
		for _, tr := range []*bugtracker.Tracker{p.tracker, other} {
			tr.Report(bugtracker.Report{Package: "tea", Version: "1-1", Letter: l})
		}
	}
	p.pass(3 * time.Hour)
	return p, other
}

// TestMirrors: of two servers that disagree the older word is not published, however
// often it comes, until the newer is no longer given.
func TestMirrors(t *testing.T) {
	p, lags := twins(t, 40)
	p.want(p.published())
	p.pass(2 * time.Hour)
	p.command("severity 700005 serious")
	p.tracker.Mail(700006, "done", p.letter())
	p.pass(2 * time.Hour)
	p.want(p.published(), "5 1", "6 1")
	for range 5 {
		p.server.Config.Handler = lags.Handler()
		for range 3 {
			p.pass(time.Hour)
			p.want(p.published())
		}
		p.server.Config.Handler = p.tracker.Handler()
		p.want(p.published())
	}
	p.server.Config.Handler = lags.Handler() // it was put back
	for range backPatience - 1 {
		p.pass(time.Hour)
		p.want(p.published())
	}
	p.want(p.published(), "5 0", "6 0")
}

// TestWrongAtFirst: what a bug was noted with, and was not, is no change.
func TestWrongAtFirst(t *testing.T) {
	p, was := twins(t, 10)
	p.command("retitle 700005 nonsense")
	p.pass(2 * time.Hour)
	p.want(p.published())
	p.server.Config.Handler = was.Handler()
	for range backPatience + 1 {
		p.want(p.published())
	}
	was.Mail(700005, "", p.letter())
	p.pass(2 * time.Hour)
	p.want(p.published(), "5 1")
}

// TestManyMissing: half of the bugs that are missing for a while are neither
// deletions nor new bugs, and that is said; what is missing for a day is gone.
func TestManyMissing(t *testing.T) {
	p, half := twins(t, 50)
	for b := 700001; b <= 700024; b++ {
		half.Delete(b)
	}
	p.want(p.published())
	whole := p.tracker.Handler()
	p.server.Config.Handler = half.Handler()
	for range 5 {
		s := p.sweep()
		if list, err := p.try(s, nil); err != nil || len(list) > 0 || !strings.Contains(s.Stats().Doubt, "700001") {
			t.Errorf("told %v, %v; doubt %q", list, err, s.Stats().Doubt)
		}
	}
	p.server.Config.Handler = whole
	s := p.sweep()
	if list, err := p.try(s, nil); err != nil || len(list) > 0 || s.Stats().Doubt != "" {
		t.Errorf("told %v, %v; doubt %q", list, err, s.Stats().Doubt)
	}
	p.server.Config.Handler = half.Handler()
	for range 3 {
		p.want(p.published())
	}
	p.pass(massPatience)
	if got := p.published(); len(got) != 24 {
		t.Errorf("after a day told %q", got)
	}
	p.want(p.published())
}

// TestFirstUsertags: two answers that differ are no beginning.
func TestFirstUsertags(t *testing.T) {
	p, other := twins(t, 5)
	p.o.Users = []string{"qa@example.org"}
	p.tracker.Usertag("qa@example.org", "cold", []int{700001}, nil)
	turn, lies := 0, true
	p.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("SOAPAction"), "#get_usertag") {
			if turn++; turn%2 == 1 && lies {
				other.Handler().ServeHTTP(w, r)
				return
			}
		}
		p.tracker.Handler().ServeHTTP(w, r)
	})
	if list, err := p.try(p.sweep(), nil); err == nil || !strings.Contains(err.Error(), "differ") {
		t.Errorf("told %v, %v", list, err)
	}
	lies = false
	p.want(p.published())
	p.tracker.Usertag("qa@example.org", "cold", []int{700002}, nil)
	p.want(p.published(), "cold +[700002] -[] #1")
}

// TestUnlikelyNumbers: a list of bugs that cannot be there is left out, and said.
func TestUnlikelyNumbers(t *testing.T) {
	p := newPlace(t, 10)
	p.o.Watch = Watch{Packages: []string{"tea"}}
	p.lie("get_bugs", 1, 1, 700001, 2_000_000_000)
	s := p.sweep()
	if list, err := p.try(s, nil); err != nil || len(list) > 0 || !strings.Contains(s.Stats().Doubt, "2000000000") || len(s.list) != 1 {
		t.Errorf("told %v, %v; doubt %q; list %d", list, err, s.Stats().Doubt, s.list)
	}
	p.want(p.published())
}
