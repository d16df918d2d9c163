package pages

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/self"
	"busbar/bus/web"
)

// A visit is one request.
type visit struct {
	*site
	w      http.ResponseWriter
	r      *http.Request
	person string // who is signed in; empty: nobody
	cookie string // by which forms are known: of the session, or of who is not signed in
}

// The names of cookies. __Secure- has browsers take them over TLS alone.
func (s *site) session() string { return s.named("busbar") }
func (s *site) before() string  { return s.named("busbar-form") }

func (s *site) named(name string) string {
	if s.secure {
		return "__Secure-" + name
	}
	return name
}

// recognize finds out who is signed in.
func (v *visit) recognize() error {
	if c, err := v.r.Cookie(v.session()); err == nil && v.Store.Ours(self.Session, c.Value) {
		err := v.do(func(t *self.Tx) (err error) {
			person, _, ok, err := t.Look(self.Session, c.Value)
			if ok {
				v.person, v.cookie = person, c.Value
			}
			return err
		})
		if err != nil || v.person != "" {
			return err
		}
	}
	if c, err := v.r.Cookie(v.before()); err == nil && len(c.Value) == 32 {
		v.cookie = c.Value
	}
	return nil
}

// form is the text that marks the forms of this browser; who is not signed in gets a cookie
// for it.
func (v *visit) form() string {
	if v.cookie == "" {
		b := make([]byte, 16)
		_, _ = rand.Read(b) // which never fails
		v.cookie = hex.EncodeToString(b)
		v.set(v.before(), v.cookie, time.Hour)
	}
	return v.Store.Sealed(v.cookie)
}

// genuine says whether a form is one that this browser got of us.
func (v *visit) genuine() bool {
	return v.cookie != "" && hmac.Equal([]byte(v.r.PostFormValue("form")), []byte(v.Store.Sealed(v.cookie)))
}

func (v *visit) set(name, value string, age time.Duration) {
	http.SetCookie(v.w, &http.Cookie{Name: name, Value: value, Path: v.base + "/", MaxAge: int(age.Seconds()), HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode})
}

func (v *visit) do(change func(*self.Tx) error) error { return v.Store.Do(v.r.Context(), change) }

// peer names who asks, for limits.
func (v *visit) peer() string {
	host, _, err := net.SplitHostPort(v.r.RemoteAddr)
	if err != nil {
		return v.r.RemoteAddr
	}
	if a, err := netip.ParseAddr(host); err == nil && slices.Contains(v.Peers, a.Unmap()) {
		list := strings.Split(strings.Join(v.r.Header.Values("X-Forwarded-For"), ","), ",")
		host = strings.TrimSpace(list[len(list)-1]) // what the proxy itself wrote
	}
	return web.PeerName(host)
}

// Limits on mails that a stranger can have sent.
const (
	linksToOne  = 3 // links to one address in an hour
	linksToPeer = 20
	linksToAll  = 600
)

func (v *visit) start() error {
	if v.person == "" {
		return v.first(http.StatusOK, "")
	}
	return v.rules()
}

// signIn mails a link to an address. What the page says is the same whoever it is.
func (v *visit) signIn() error {
	address, err := self.Address(v.r.PostFormValue("address"))
	if err != nil {
		return err
	}
	enough := false
	err = v.do(func(t *self.Tx) error {
		if ok, err := t.Allow("link of", v.peer(), linksToPeer, time.Hour); !ok || err != nil {
			enough = !ok
			return err
		}
		if ok, err := t.Allow("link to", address, linksToOne, time.Hour); !ok || err != nil {
			return err
		}
		if ok, err := t.Allow("link to", "anybody", linksToAll, time.Hour); !ok || err != nil { // last: what is refused must not count
			return err
		}
		token, err := t.NewToken(self.SignIn, address, "")
		if err != nil {
			return err
		}
		return t.Send("mail", v.note(address, "mail", address, "Your link to Busbar",
			"Somebody, perhaps you, wants to sign in to Busbar as "+address+". Follow this link,\nand press the button there:\n\n"+v.Public+"/me/enter/"+token+
				"\n\nIt can be used once, within 15 minutes. If you did not ask for it, do nothing.\n"))
	})
	if err != nil {
		return err
	}
	if enough {
		v.line(http.StatusTooManyRequests, "Too many links were asked for from where you are. Try again in an hour.")
		return nil
	}
	v.line(http.StatusOK, "If links can be sent to "+address+", one is on its way. It is good for 15 minutes. No more than three are sent in an hour.")
	return nil
}

// note is one to a person at a place, about what they did here.
func (v *visit) note(person, way, to, subject, text string) dest.Note {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // which never fails
	return dest.Note{ID: hex.EncodeToString(b), Person: v.Known(person), To: to, Kind: dest.Answer, Rule: "answers", Time: v.Now().UTC(), Subject: subject, Text: text}
}

const badLink = "This link is not one of ours, was used, or is older than 15 minutes. Ask for another."

// enter asks whether to sign in: a link is not used up by who looks at it.
func (v *visit) enter() error {
	var person string
	var ok bool
	if token := v.r.PathValue("token"); v.Store.Ours(self.SignIn, token) {
		err := v.do(func(t *self.Tx) (err error) {
			person, _, ok, err = t.Look(self.SignIn, token)
			return err
		})
		if err != nil {
			return err
		}
	}
	if !ok {
		v.line(http.StatusNotFound, badLink)
		return nil
	}
	return v.show(http.StatusOK, "enter", "Sign in", person)
}

// entered signs in, and uses the link up.
func (v *visit) entered() error {
	var session string
	if token := v.r.PathValue("token"); v.Store.Ours(self.SignIn, token) {
		err := v.do(func(t *self.Tx) error {
			person, _, ok, err := t.Use(self.SignIn, token)
			if !ok || err != nil {
				return err
			}
			if err := t.Admit(person); err != nil {
				return err
			}
			session, err = t.NewToken(self.Session, person, "")
			return err
		})
		if err != nil {
			return err
		}
	}
	if session == "" {
		v.line(http.StatusNotFound, badLink)
		return nil
	}
	v.set(v.session(), session, self.Session.GoodFor())
	v.set(v.before(), "", -time.Second)
	v.to("/", "")
	return nil
}

func (v *visit) signOut() error {
	err := v.do(func(t *self.Tx) error {
		if v.r.PostFormValue("everywhere") != "" {
			return t.EndSessions(v.person)
		}
		_, _, _, err := t.Use(self.Session, v.cookie)
		return err
	})
	if err == nil {
		v.set(v.session(), "", -time.Second)
		v.to("/", "out")
	}
	return err
}
