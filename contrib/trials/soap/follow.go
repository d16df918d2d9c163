package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/adapters/debbugs"
	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/contrib/trials/trial"
)

// actFollow has a soapbus that follows mail2bus: what mail tells it does not, and
// what was in the mails that never arrive it does, marked as recovered.
func actFollow(ctx context.Context, o options, s *site) (string, error) {
	p, err := s.pair(ctx, 5, fmt.Sprintf("follow = true\npatience = %q\n", o.patience))
	if err != nil {
		return "", err
	}
	if err := p.live(ctx, o.both, 8); err != nil {
		return "", err
	}
	var l following
	err = trial.Await(ctx, "the bus to say what the tracker has", 6*o.patience+2*time.Minute, func() (bool, error) {
		l = p.settled()
		return l.wrong == 0 && l.lost == 0, nil
	})
	if err != nil {
		err = fmt.Errorf("%w: %s", err, strings.Join(l.where[:min(len(l.where), 10)], "; "))
	}
	if err == nil { // and nothing comes besides
		err = p.sub.Quiet(ctx, 3*time.Second)
	}
	l = p.settled()
	received, eerr := p.sub.End()
	if err == nil && eerr == nil {
		err = l.verdict()
	}
	if err == nil {
		err = eerr
	}
	text := fmt.Sprintf("%s; %d mails, %d of them withheld; %s; of the wire: %d seen twice", p.world, p.mails, len(p.withheld), l, received.Dropped)
	if err != nil {
		return text, err
	}
	states, err := s.present(ctx)
	return text + "; " + states, err
}

// A following is the ledger of what two publishers said between them.
type following struct {
	mail, soap       int // facts by each
	recovered        int // of those by SOAP
	unmarked         int // by SOAP, of what mail tells, and not marked
	both             int // facts told by both
	messages, lost   int // facts in withheld mails alone, and those that nobody told
	bugs, wrong      int
	where            []string
	byMail, bySOAPID map[string]bool
}

func (l following) String() string {
	return fmt.Sprintf("facts by mail %d, by SOAP %d, %d of them recovered, not marked so %d; facts told by both %d; of %d facts in withheld mails alone lost %d; of %d bugs the bus has wrong %d",
		l.mail, l.soap, l.recovered, l.unmarked, l.both, l.messages, l.lost, l.bugs, l.wrong)
}

func (l following) verdict() error {
	err := trial.Verdict([]trial.Count{{N: l.both, What: "told by both"}, {N: l.lost, What: "lost"}, {N: l.wrong, What: "wrong"},
		{N: l.unmarked, What: "not marked as recovered"}}, l.where...)
	if err == nil && (l.recovered == 0 || l.messages == 0 || l.mail == 0) {
		return trial.Broken(fmt.Errorf("nothing was recovered: %s", l))
	}
	return err
}

// settled reads what came so far.
func (p *pair) settled() following {
	p.mu.Lock()
	came, withheld := slices.Clone(p.came), slices.Clone(p.withheld)
	p.mu.Unlock()
	l := following{byMail: map[string]bool{}, bySOAPID: map[string]bool{}}
	told := &told{ids: map[string]bool{}, bugs: map[int]*state{}, tags: usertagsOf(p.books), base: p.books}
	for _, e := range came {
		l.take(e, told)
	}
	for _, raw := range withheld {
		l.withheld(raw)
	}
	for _, bug := range p.books.tracker.Bugs() {
		l.bugs++
		want, _ := p.books.tracker.Status(bug)
		if diff := told.bug(bug).differs(want); diff != "" {
			l.wrong++
			l.where = append(l.where, fmt.Sprintf("bug %d: %s", bug, diff))
		}
	}
	return l
}

// take counts a message. What SOAP says must be news: a fact that was on the bus
// already was told by both.
func (l *following) take(e event.Envelope, told *told) {
	id := e.MsgID[5:]
	_, topic, _ := strings.Cut(e.Topic, ".debbugs.")
	if topic == "" {
		return // the old names, and the publishers' own
	}
	var idle ledger
	told.note(e, &idle)
	if e.Publisher == "mail2bus.trial" {
		l.mail++
		if l.byMail[id] = true; l.bySOAPID[id] {
			l.both++
			l.where = append(l.where, "by SOAP, and then by mail: "+e.Title)
		}
		return
	}
	l.soap++
	if l.bySOAPID[id] = true; l.byMail[id] || idle.idle > 0 {
		l.both++
		l.where = append(l.where, fmt.Sprintf("by mail, and then by SOAP: %s %v", e.Title, idle.where))
	}
	body, _ := e.Msg.(map[string]any)
	switch {
	case e.Recovered:
		l.recovered++
	case body["quiet"] != true && body["automatic"] != true && topic != "usertag.update":
		l.unmarked++
		l.where = append(l.where, "not marked: "+e.Title)
	}
}

// withheld looks for the facts of a mail that never came: those whose id both
// channels know.
func (l *following) withheld(raw []byte) {
	it := translate.Item[*mail.Message]{Value: mail.Parse(raw, mail.Limits{})}
	o, err := translate.Run([]translate.Translator[*mail.Message]{debbugs.Translator()}, it)
	if err != nil {
		return
	}
	for _, e := range o.Events {
		switch e.Body.(type) {
		case debbugs.Created, debbugs.Commented, debbugs.Closed:
		default:
			continue
		}
		id := e.UUID().String()
		if l.byMail[id] {
			continue // another copy came
		}
		l.messages++
		if !l.bySOAPID[id] {
			l.lost++
			l.where = append(l.where, "nobody told: "+e.Title())
		}
	}
}

// usertagsOf is a copy of those that were there.
func usertagsOf(b *books) map[string]map[int]bool {
	all := map[string]map[int]bool{}
	for tag, bugs := range b.tags {
		all[tag] = map[int]bool{}
		for bug := range bugs {
			all[tag][bug] = true
		}
	}
	return all
}
