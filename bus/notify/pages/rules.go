package pages

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"busbar/bus/notify/outbox"
	"busbar/bus/notify/rule"
	"busbar/bus/notify/self"
	"busbar/common/config"
)

// A listed rule is one in the list of a person's.
type listed struct {
	ID                     int64
	Name, Filter, When, To string
	Off                    bool
	Ready                  bool     // Filter is in plain words
	Wrong                  string   // why it does nothing
	Ended                  []string // where a link ended it
}

// rules is the first page of who is signed in.
func (v *visit) rules() error {
	page := map[string]any{"Mail": v.Mail}
	var list []listed
	ended, err := v.ended()
	if err != nil {
		return err
	}
	source := v.Source()
	err = v.do(func(t *self.Tx) error {
		set, err := t.Settings(v.person)
		if err != nil {
			return err
		}
		packages, err := t.Subscriptions(v.person)
		if err != nil {
			return err
		}
		kept, err := t.Rules(v.person)
		if err != nil {
			return err
		}
		_, wrong, err := source.Person(t, v.person)
		if err != nil {
			return err
		}
		for _, k := range kept {
			one := listed{ID: k.ID, Name: k.Form.Name, Filter: k.Form.Filter, When: "at once", To: labels(k.Form.To), Off: k.Form.Off, Ended: ended[k.Form.Name]}
			if k.Form.Ready != "" {
				one.Ready, one.Filter = true, strings.TrimSpace(readyOf(k.Form.Ready).Does+" "+one.Filter)
			}
			if w, err := rule.ParseWhen(k.Form.When, k.Form.At, k.Form.On); err == nil && w.Every != "" {
				one.When = w.String()
			}
			if one.To == "" {
				one.To = "mail:" + v.person
			}
			if err := wrong[k.Form.Name]; err != nil {
				one.Wrong = err.Error()
			}
			list = append(list, one)
		}
		page["Packages"], page["Paused"] = packages, set.Paused
		return nil
	})
	if err != nil {
		return err
	}
	var ready []rule.Ready
	for _, r := range rule.ReadyMade() {
		if !slices.ContainsFunc(list, func(l listed) bool { return l.Name == r.Name }) {
			ready = append(ready, r)
		}
	}
	page["Rules"], page["Ready"], page["Teams"], page["Given"], page["Ended"] = list, ready, teams(source), v.Given(v.Known(v.person)), ended
	return v.show(http.StatusOK, "rules", "My rules", page)
}

// labels are destinations as people see them.
func labels(list []string) string {
	shown := make([]string, len(list))
	for i, text := range list {
		shown[i] = text
		if a, err := rule.ParseAddress(text); err == nil {
			shown[i] = placeLabel(a.Way, a.To)
		}
	}
	return strings.Join(shown, ", ")
}

func readyOf(name string) rule.Ready {
	for _, r := range rule.ReadyMade() {
		if r.Name == name {
			return r
		}
	}
	return rule.Ready{}
}

// teams are the sets that the administrator has, for rules about a team's packages.
func teams(s *self.Source) (names []string) {
	for name := range s.Names.Sets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ended are the rules that were ended by links in notes, and where.
func (v *visit) ended() (map[string][]string, error) {
	stops, err := v.Outbox.Stops(v.r.Context())
	by := map[string][]string{}
	for _, s := range stops {
		if key := v.Known(v.person); s.Person == key || s.Person == v.person {
			by[s.Rule] = append(by[s.Rule], placeLabel(s.Way, s.To))
		}
	}
	return by, err
}

// short is a duration as people write it: 10m, and not 10m0s.
func short(d time.Duration) string {
	text := d.String()
	for _, end := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, end) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// A ruleForm is the page on which a rule is written.
type ruleForm struct {
	self.Kept
	Settle string
	Places []self.Place
	Teams  []string
	Days   []string
	Whens  [][3]string // as a form says it, as a rule does, and for people
	Ready  string      // what it does, of a ready-made rule
	Error  string
}

func (v *visit) ruleForm(code int, k self.Kept, wrong error) error {
	f := ruleForm{Kept: k, Ready: readyOf(k.Form.Ready).Does, Teams: teams(v.Source()), Days: []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}}
	f.Whens = [][3]string{{"now", "", "at once"}, {"hourly", "hourly", "once an hour"}, {"daily", "daily", "once a day"}, {"weekly", "weekly", "once a week"}}
	if k.Form.Settle != 0 {
		f.Settle = short(time.Duration(k.Form.Settle))
	}
	if wrong != nil {
		f.Error = wrong.Error()
	}
	err := v.do(func(t *self.Tx) (err error) {
		f.Places, err = t.Places(v.person)
		return err
	})
	if err != nil {
		return err
	}
	return v.show(code, "rule", cmp.Or(k.Form.Name, "A new rule"), f)
}

func (v *visit) newRule() error {
	return v.ruleForm(http.StatusOK, self.Kept{Form: rule.Form{Filter: v.r.URL.Query().Get("filter"), Off: true}}, nil)
}

func (v *visit) id() int64 {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil {
		return -1
	}
	return id
}

func (v *visit) kept() (k self.Kept, err error) {
	err = v.do(func(t *self.Tx) error {
		k, err = t.Rule(v.person, v.id())
		return err
	})
	return k, err
}

func (v *visit) showRule() error {
	k, err := v.kept()
	if err != nil {
		return err
	}
	return v.ruleForm(http.StatusOK, k, nil)
}

// saveRule keeps what the form says; a new rule is off until its person has seen what it
// would have said.
func (v *visit) saveRule() error {
	f := v.r.PostForm
	k := self.Kept{Form: rule.Form{Name: strings.TrimSpace(f.Get("name")), Ready: f.Get("ready"), Filter: strings.Join(strings.Fields(f.Get("filter")), " "), To: f["to"], When: f.Get("when"), Off: true}}
	if k.Form.When == "now" {
		k.Form.When = ""
	} else {
		k.Form.At = f.Get("at")
	}
	if k.Form.When == "weekly" {
		k.Form.On = f.Get("on")
	}
	for _, what := range []string{"own", "mailed"} {
		if f.Get(what) != "" {
			k.Form.Except = append(k.Form.Except, what)
		}
	}
	var wrong error
	if text := strings.TrimSpace(f.Get("settle")); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			wrong = self.Refusal("the settle time is a number with a unit, such as 10m")
		}
		k.Form.Settle = config.Duration(d)
	}
	k.ID, _ = strconv.ParseInt(f.Get("id"), 10, 64) // 0, where it is none
	return v.put(k, wrong)
}

// put stores a rule if it can be read, and leads to what it would have said.
func (v *visit) put(k self.Kept, wrong error) error {
	source := v.Source()
	err := v.do(func(t *self.Tx) error {
		p, _, err := source.Person(t, v.person)
		if err != nil {
			return err
		}
		places, err := t.Places(v.person)
		if err != nil {
			return err
		}
		if k.ID != 0 {
			before, err := t.Rule(v.person, k.ID)
			if err != nil {
				return err
			}
			k.Form.Off = before.Form.Off
		}
		if _, errs := source.Rule(p, k.Form, places); len(errs) > 0 {
			wrong = errors.Join(append([]error{wrong}, errs...)...)
		}
		if wrong != nil {
			return self.Refusal(wrong.Error())
		}
		k.ID, err = t.PutRule(v.person, k)
		return err
	})
	if refused, ok := errors.AsType[self.Refusal](err); ok {
		return v.ruleForm(http.StatusUnprocessableEntity, k, refused)
	}
	if err == nil {
		v.to("/rule/"+strconv.FormatInt(k.ID, 10)+"/preview", "kept")
	}
	return err
}

// readyRule takes a ready-made rule, or one about a team's packages.
func (v *visit) readyRule() error {
	name, team := v.r.PostFormValue("name"), v.r.PostFormValue("team")
	k := self.Kept{Form: rule.Form{Name: name, Ready: name, Off: true}}
	if team != "" {
		k.Form = rule.Form{Name: "release-critical in " + team, Filter: "package:@" + team + " severity:serious severity:grave severity:critical", Except: []string{"own"}, Off: true}
	}
	return v.put(k, nil)
}

// changeRule switches a rule on or off, or removes it.
func (v *visit) changeRule() error {
	what := v.r.PathValue("what")
	err := v.do(func(t *self.Tx) error {
		k, err := t.Rule(v.person, v.id())
		if err != nil {
			return err
		}
		switch what {
		case "remove":
			return t.DropRule(v.person, k.ID)
		case "on", "off":
			k.Form.Off = what == "off"
			_, err = t.PutRule(v.person, k)
			return err
		}
		return self.Refusal("There is nothing of this name that can be done.")
	})
	if err == nil {
		v.to("/", map[string]string{"remove": "removed", "on": "on", "off": "off"}[what])
	}
	return err
}

// preview shows what a rule would have said of what the archive has.
func (v *visit) preview() error {
	k, err := v.kept()
	if err != nil {
		return err
	}
	page := map[string]any{"Kept": k, "Archive": v.Try != nil}
	if v.Try == nil {
		return v.show(http.StatusOK, "preview", k.Form.Name, page)
	}
	var p *rule.Person
	source := v.Source()
	err = v.do(func(t *self.Tx) error {
		if p, _, err = source.Person(t, v.person); err != nil {
			return err
		}
		places, err := t.Places(v.person)
		if err != nil {
			return err
		}
		r, errs := source.Rule(p, k.Form, places)
		if r == nil {
			return self.Refusal(errors.Join(errs...).Error())
		}
		one := *p
		r.Off, one.Paused, one.Rules = false, false, []*rule.Rule{r}
		p = &one
		return nil
	})
	if err != nil {
		return err
	}
	trial, err := v.Try(v.r.Context(), p)
	if err != nil {
		return err
	}
	page["Trial"] = trial
	return v.show(http.StatusOK, "preview", k.Form.Name, page)
}

// history is what was sent to a person, and what is sent no more.
func (v *visit) history() error {
	list, err := v.Outbox.History(v.r.Context(), v.Known(v.person), v.person, 200)
	if err != nil {
		return err
	}
	paused, err := v.pausedPlaces()
	if err != nil {
		return err
	}
	for i, n := range list {
		list[i].Error = forPeople(n)
	}
	for i, p := range paused {
		if !strings.HasPrefix(p.Reason, "its mails bounced") {
			paused[i].Reason = "it refused several in a row"
		}
	}
	ended, err := v.ended()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "history", "What was sent", map[string]any{"Notes": list, "Paused": paused, "Ended": ended})
}

// forPeople is what a note's person may know of why it was not sent: an error of ours tells
// of the network here, and of others' that a person has us ask.
func forPeople(n outbox.Record) string {
	switch {
	case n.Error == "" || strings.HasPrefix(n.Error, "bounced: "):
		return n.Error
	case n.State == "dead":
		return "It could not be sent, and is not tried again."
	}
	return "It cannot be sent for now, and is tried again."
}

func (v *visit) pausedPlaces() (mine []outbox.Paused, err error) {
	var places []self.Place
	err = v.do(func(t *self.Tx) (err error) {
		places, err = t.Places(v.person)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		if at, ok, err := v.Outbox.PausedAt(v.r.Context(), p.Way, p.To); err != nil {
			return nil, err
		} else if ok && p.Verified {
			mine = append(mine, at)
		}
	}
	return mine, nil
}

// resume has a person's place get notes again, or a rule that a link ended.
func (v *visit) resume() error {
	ended := v.r.PostFormValue("rule")
	err := v.do(func(t *self.Tx) error {
		if ended != "" {
			return t.Resume(v.person, v.Known(v.person), ended)
		}
		a, err := rule.ParseAddress(v.r.PostFormValue("place"))
		if err != nil {
			return self.Refusal(err.Error())
		}
		return t.Reach(v.person, a)
	})
	if err == nil {
		v.to("/history", "on again")
	}
	return err
}
