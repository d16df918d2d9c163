package pages

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"busbar/bus/notify/openid"
	"busbar/bus/notify/self"
)

const (
	finishesOfPeer = 60 // answers of a provider in an hour: each makes us ask it
	wayFor         = 10 * time.Minute
)

// away is the cookie of a browser whose person is on their way to a provider and back.
func (s *site) away() string { return s.named("busbar-openid") }

// traveller is what this browser alone knows, and whether it knows it already: two tabs
// may be on their way.
func (v *visit) traveller() (string, bool) {
	c, err := v.r.Cookie(v.away())
	if err != nil || len(c.Value) != 32 {
		return "", false
	}
	return c.Value, true
}

// goOut leads to the provider. It is a page that leads on, and no redirect: browsers hold
// a redirect of a form against form-action, with all that the provider redirects to.
func (v *visit) goOut() error {
	browser, ok := v.traveller()
	if !ok {
		b := make([]byte, 16)
		_, _ = rand.Read(b) // which never fails
		browser = hex.EncodeToString(b)
	}
	to, err := v.OpenID.Begin(v.r.Context(), browser, v.peer())
	if err != nil {
		return v.unsigned(err)
	}
	v.set(v.away(), browser, wayFor)
	v.w.Header().Set("Refresh", "0; url="+to)
	return v.show(http.StatusOK, "out", "Sign in", map[string]string{"Name": v.OpenID.Name(), "To": to})
}

// back signs in who comes back from the provider: as the address that it has verified,
// as if they had followed a link that was mailed there.
func (v *visit) back() error {
	if v.r.Method != http.MethodGet { // a HEAD would use the answer up
		v.line(http.StatusMethodNotAllowed, "That is no page to look at.")
		return nil
	}
	browser, _ := v.traveller()
	said, err := v.OpenID.Finish(v.r.Context(), browser, v.r.URL.Query(), v.mayFinish)
	if _, theirs := errors.AsType[*openid.Error](err); theirs {
		return v.unsigned(err)
	}
	if err != nil {
		return err
	}
	person, err := self.Address(said)
	if err != nil {
		return err
	}
	var session string
	err = v.do(func(t *self.Tx) error {
		if err := t.Admit(person); err != nil {
			return err
		}
		session, err = t.NewToken(self.Session, person, "")
		return err
	})
	if err != nil {
		return err
	}
	v.set(v.session(), session, self.Session.GoodFor())
	v.set(v.before(), "", -time.Second)
	v.set(v.away(), "", -time.Second)
	v.to("/", "")
	return nil
}

func (v *visit) mayFinish() error {
	return v.do(func(t *self.Tx) error {
		ok, err := t.Allow("sign-in of", v.peer(), finishesOfPeer, time.Hour)
		if err == nil && !ok {
			err = self.Refusal("Too many have signed in from where you are. Try again in an hour.")
		}
		return err
	})
}

// unsigned is the first page, with why somebody is not signed in.
func (v *visit) unsigned(err error) error {
	reason := openid.ReasonOf(err)
	if reason != openid.Stale && v.r.Context().Err() == nil { // of which anybody can make any number
		v.Log.Warn("nobody is signed in by OpenID Connect", "error", err)
	}
	name := v.OpenID.Name()
	code, text := http.StatusForbidden, ""
	switch reason {
	case openid.Away:
		code, text = http.StatusServiceUnavailable, name+" does not answer as it should. Try again in a while, or have a link mailed to you."
	case openid.Busy:
		code, text = http.StatusServiceUnavailable, "Many sign in at once just now. Try again in a minute."
	case openid.Stale:
		text = "This sign-in was begun in another browser, was used, or is older than ten minutes. Begin again."
	case openid.Declined:
		text = "You are not signed in: " + name + " says that it was not wanted, or may not be."
	case openid.Unproven:
		text = "What " + name + " says could not be verified. Begin again, or have a link mailed to you."
	case openid.Unverified:
		text = name + " does not say that your mail address is verified. Verify it there, or have a link mailed to you."
	}
	return v.first(code, text)
}

// first is the page of who is not signed in.
func (v *visit) first(code int, wrong string) error {
	page := map[string]string{"Mail": v.Mail, "Wrong": wrong}
	if v.OpenID != nil {
		page["Provider"] = v.OpenID.Name()
	}
	return v.show(code, "start", "Sign in", page)
}
