package pages

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"busbar/bus/notify/dest/webpush"
	"busbar/bus/notify/keyword"
	"busbar/bus/notify/rule"
	"busbar/bus/notify/self"
)

func (v *visit) subscribe() error {
	name, err := self.Package(strings.TrimSpace(v.r.PostFormValue("package")))
	if err == nil {
		err = v.do(func(t *self.Tx) error {
			_, err := t.Subscribe(v.person, name)
			return err
		})
	}
	if err == nil {
		v.to("/", "subscribed")
	}
	return err
}

func (v *visit) showPackage() error {
	name := v.r.PathValue("name")
	var words []string
	err := v.do(func(t *self.Tx) (err error) {
		words, err = t.Keywords(v.person, name)
		return err
	})
	if err != nil {
		return err
	}
	if words == nil {
		return self.Refusal("You do not subscribe to this package.")
	}
	return v.show(http.StatusOK, "package", name, map[string]any{"Package": name, "Keywords": words, "All": keyword.All()})
}

func (v *visit) savePackage() error {
	name := v.r.PathValue("name")
	said := "kept"
	err := v.do(func(t *self.Tx) error {
		if v.r.PostFormValue("remove") != "" {
			said = "removed"
			_, err := t.Unsubscribe(v.person, name)
			return err
		}
		return t.SetKeywords(v.person, name, v.r.PostForm["keyword"])
	})
	if err == nil {
		v.to("/", said)
	}
	return err
}

// A shownPlace is a destination with what its person needs to know.
type shownPlace struct {
	self.Place
	Own      bool   // the address by which they sign in
	Secret   string // of a webhook
	Endpoint string // of a browser: by it the page's script knows its own
}

// placeLabel is a destination as people see it.
func placeLabel(way, to string) string {
	if way == pushWay {
		return webpush.Label(to)
	}
	return way + ":" + to
}

// pushWay are browsers.
const pushWay = "webpush"

func (v *visit) showPlaces() error { return v.places(http.StatusOK, nil) }

func (v *visit) places(code int, wrong error) error {
	var list []self.Place
	err := v.do(func(t *self.Tx) (err error) {
		list, err = t.Places(v.person)
		return err
	})
	if err != nil {
		return err
	}
	shown := make([]shownPlace, len(list))
	for i, p := range list {
		shown[i] = shownPlace{Place: p, Own: i == 0}
		if p.Way == pushWay {
			shown[i].Endpoint = webpush.Endpoint(p.To)
		}
		if p.Way == "webhook" && v.Secret != nil {
			shown[i].Secret = v.Secret(v.Known(v.person), p.To)
		}
	}
	page := map[string]any{"Places": shown, "Ways": slices.DeleteFunc(slices.Clone(v.Ways), func(way string) bool { return way == pushWay }), "Push": v.Push, "Error": "", "Address": ""}
	if v.r.PostFormValue("way") != pushWay {
		page["Address"] = v.r.PostFormValue("address")
	}
	if v.Push != "" {
		v.w.Header().Set("Content-Security-Policy", pushPolicy)
	}
	if wrong != nil {
		page["Error"] = wrong.Error()
	}
	return v.show(code, "places", "Destinations", page)
}

const (
	codesOfOne = 10 // codes that one person can have sent in an hour
	codesToOne = 3  // and to one address
)

// changePlaces adds a destination, takes its code, or removes it.
func (v *visit) changePlaces() error {
	text := strings.TrimSpace(v.r.PostFormValue("place"))
	if way := v.r.PostFormValue("way"); way != "" {
		to, err := strings.TrimSpace(v.r.PostFormValue("address")), error(nil)
		if way == pushWay { // what a browser says of itself is not what its page says
			to, err = webpush.Named(to, webpush.Browser(v.r.UserAgent()))
		}
		if err != nil {
			return v.places(http.StatusUnprocessableEntity, err)
		}
		text = way + ":" + to
	}
	a, err := rule.ParseAddress(text)
	if err == nil && v.r.PostFormValue("remove") == "" {
		if a.Way == "mail" {
			a.To, err = self.Address(a.To)
		}
		if err == nil {
			err = v.Check(a)
		}
	}
	if err != nil {
		return v.places(http.StatusUnprocessableEntity, err)
	}
	said, wrong := "code", error(nil)
	err = v.do(func(t *self.Tx) (err error) {
		switch {
		case v.r.PostFormValue("remove") != "":
			said = "removed"
			return t.DropPlace(v.person, a)
		case v.r.PostForm.Has("code"):
			said = "verified"
			wrong, err = t.Verify(v.person, a, strings.TrimSpace(v.r.PostFormValue("code")))
			return err
		}
		for _, one := range []struct {
			kind, who string
			most      int
		}{{"code of", v.person, codesOfOne}, {"code to", a.String(), codesToOne}} {
			if ok, err := t.Allow(one.kind, one.who, one.most, time.Hour); err != nil {
				return err
			} else if !ok {
				return self.Refusal("Too many codes were asked for. Try again in an hour.")
			}
		}
		code, err := t.AddPlace(v.person, a)
		if err != nil {
			return err
		}
		// The code is in the text alone: subjects are in the history, which its person sees.
		n := v.note(v.person, a.Way, a.To, "Your code for Busbar",
			v.person+" wants notes of Busbar to come here. If that is you, enter this code on the page\nof destinations within an hour:\n\n"+code+"\n\nIf it is not you, do nothing.\n")
		if a.Way == pushWay { // which shows two lines or three, and opens the page itself
			n.Text, n.Link = code+"\nEnter it on the page of destinations within an hour.\n", v.Public+"/me/places"
		}
		return t.Send(a.Way, n)
	})
	if refused, ok := errors.AsType[self.Refusal](errors.Join(err, wrong)); ok {
		return v.places(http.StatusUnprocessableEntity, self.Refusal(strings.ReplaceAll(string(refused), a.String(), placeLabel(a.Way, a.To))))
	}
	if err == nil {
		v.to("/places", said)
	}
	return err
}

// A settingsForm is the page of settings.
type settingsForm struct {
	Zone, Quiet, Limit, Within string
	Keywords, All              []string
	Mail                       string
	Error                      string
}

func (v *visit) showSettings() error {
	var f settingsForm
	err := v.do(func(t *self.Tx) error {
		set, err := t.Settings(v.person)
		if err != nil {
			return err
		}
		f.Zone, f.Quiet = set.Zone, set.Quiet
		if set.Limit == (rule.Limit{}) {
			set.Limit = rule.DefaultLimit()
		}
		f.Limit, f.Within = strconv.Itoa(set.Limit.Notes), short(set.Limit.Within)
		f.Keywords, err = t.Keywords(v.person, "")
		return err
	})
	if err != nil {
		return err
	}
	return v.settings(http.StatusOK, f)
}

func (v *visit) settings(code int, f settingsForm) error {
	f.All, f.Mail = keyword.All(), v.Mail
	return v.show(code, "settings", "Settings", f)
}

func (v *visit) saveSettings() error {
	p := v.r.PostForm
	f := settingsForm{Zone: strings.TrimSpace(p.Get("zone")), Quiet: strings.TrimSpace(p.Get("quiet")), Limit: strings.TrimSpace(p.Get("limit")), Within: strings.TrimSpace(p.Get("within")), Keywords: p["keyword"]}
	notes, err := strconv.Atoi(f.Limit)
	within, wrong := time.ParseDuration(f.Within)
	if err != nil || wrong != nil {
		f.Error = "the limit is a number of notes, and a time such as 1h"
		return v.settings(http.StatusUnprocessableEntity, f)
	}
	err = v.do(func(t *self.Tx) error {
		before, err := t.Settings(v.person)
		if err != nil {
			return err
		}
		if err := t.Set(v.person, self.Settings{Zone: f.Zone, Quiet: f.Quiet, Limit: rule.Limit{Notes: notes, Within: within}, Paused: before.Paused}); err != nil {
			return err
		}
		return t.SetKeywords(v.person, "", f.Keywords)
	})
	if refused, ok := errors.AsType[self.Refusal](err); ok {
		f.Error = refused.Error()
		return v.settings(http.StatusUnprocessableEntity, f)
	}
	if err == nil {
		v.to("/settings", "kept")
	}
	return err
}

// pause has nothing sent, or goes on.
func (v *visit) pause() error {
	said := "on again"
	err := v.do(func(t *self.Tx) error {
		set, err := t.Settings(v.person)
		if err != nil {
			return err
		}
		if set.Paused = v.r.PostFormValue("on") == ""; set.Paused {
			said = "paused"
		}
		return t.Set(v.person, set)
	})
	if err == nil {
		v.to("/", said)
	}
	return err
}

func (v *visit) askForget() error {
	return v.show(http.StatusOK, "forget", "Delete everything of mine", len(v.Given(v.Known(v.person))) > 0)
}

// forget deletes all that is the person's.
func (v *visit) forget() error {
	if v.r.PostFormValue("sure") == "" {
		return self.Refusal("Nothing is deleted: the box was not ticked.")
	}
	err := v.do(func(t *self.Tx) error { return t.Forget(v.person, v.Known(v.person)) })
	if err == nil {
		v.set(v.session(), "", -time.Second)
		v.to("/", "forgotten")
	}
	return err
}
