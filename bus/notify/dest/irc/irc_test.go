package irc

import (
	"strings"
	"testing"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/desttest"
	"busbar/common/config"
)

// quick is a network without waiting.
func quick(r *room) Network {
	return Network{Name: "Net", Server: r.TLS, CA: r.CA, Nick: "busbar", Burst: 1000, Pace: config.Duration(time.Millisecond), Channels: []string{"#a"}}
}

func open(t *testing.T, networks ...Network) dest.Destination {
	t.Helper()
	d, err := Config{networks}.Open()
	if err != nil {
		t.Fatal(err)
	}
	d.(dest.Stayer).Stay()
	return d
}

func TestDestination(t *testing.T) {
	t.Parallel()
	desttest.Run(t, func(t *testing.T) desttest.Far {
		r := newRoom(t)
		return desttest.Far{
			Open: func(t *testing.T) dest.Destination { return open(t, quick(r)) },
			To:   func(i int) string { return [...]string{"net/#a", "net/#b", "net/jane"}[i] },
			Got: func() []desttest.Arrived {
				got := r.got()
				for i := range got {
					got[i].To = "net/" + got[i].To
				}
				return got
			},
			Stop: r.stop, Start: r.start,
			Stall: func() func() {
				if err := r.Freeze(); err != nil {
					t.Fatal(err)
				}
				return func() {
					if err := r.Thaw(); err != nil {
						t.Error(err)
					}
				}
			},
			Refuse: func(to string) {
				r.person.say("MODE " + strings.TrimPrefix(to, "net/") + " +m")
				r.person.sees(func(line string) bool { return strings.Contains(line, "MODE #a +m") })
			},
			Wrong: []string{"", "net/", "#a b", "#a,#b", "other/#a", "NickServ", "net/memoserv", "net/a!b@c", "net/#", "0", ":x", "#a\x07"},
		}
	})
}
