package canary

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/translate"
)

// Pass, Miss and Return are what can be said of a channel's canaries.
const (
	Pass   = "pass"   // one came through
	Miss   = "miss"   // none came for two intervals
	Return = "return" // one came after that
)

// A Canary is the value of a marked item, and what the events are made of.
type Canary struct {
	What      string    `json:"what"` // pass, miss or return
	Adapter   string    `json:"adapter"`
	Publisher string    `json:"publisher"`
	Channel   string    `json:"channel"`
	Number    int64     `json:"number"`            // of one that came through; miss and return: of the last one before
	Sent      time.Time `json:"sent,omitzero"`     // pass
	Seen      time.Time `json:"seen,omitzero"`     // pass, return: when it came out
	Last      time.Time `json:"last,omitzero"`     // miss, return: when the last one before came; zero: none ever did
	Noticed   time.Time `json:"noticed,omitzero"`  // miss
	Interval  int64     `json:"interval_ms"`       // between two
	Reason    string    `json:"reason,omitempty"`  // miss: what is known of the cause
	Refused   string    `json:"refused,omitempty"` // why the item is no canary that passed
}

// Passed is the body of busbar.canary.pass.
type Passed struct {
	Adapter    string `json:"adapter" doc:"the program: mail2bus, dbpoll, scmhook, soapbus"`
	Publisher  string `json:"publisher" doc:"which instance of it"`
	Channel    string `json:"channel" doc:"the channel's name in that instance: a Maildir, a table, a repository, a tracker"`
	Number     int64  `json:"number" doc:"grows with each one that comes through this channel"`
	Sent       string `json:"sent" doc:"when it was sent"`
	Seen       string `json:"seen" doc:"when it came out of the channel"`
	TookMS     int64  `json:"took_ms" doc:"how long that took, in milliseconds"`
	IntervalMS int64  `json:"interval_ms" doc:"how often one is sent, in milliseconds; if none comes for twice as long, the channel is broken"`
}

// Missed is the body of busbar.canary.miss.
type Missed struct {
	Adapter    string `json:"adapter" doc:"the program: mail2bus, dbpoll, scmhook, soapbus"`
	Publisher  string `json:"publisher" doc:"which instance of it"`
	Channel    string `json:"channel" doc:"the channel's name in that instance"`
	Number     int64  `json:"number" doc:"of the last one that came out; 0: none ever did"`
	Last       string `json:"last,omitempty" doc:"when that was"`
	IntervalMS int64  `json:"interval_ms" doc:"how often one is sent, in milliseconds"`
	Reason     string `json:"reason,omitempty" doc:"what is known of the cause"`
}

// Returned is the body of busbar.canary.return.
type Returned struct {
	Adapter   string `json:"adapter" doc:"the program: mail2bus, dbpoll, scmhook, soapbus"`
	Publisher string `json:"publisher" doc:"which instance of it"`
	Channel   string `json:"channel" doc:"the channel's name in that instance"`
	Number    int64  `json:"number" doc:"of the last one before the break, as in busbar.canary.miss"`
	Last      string `json:"last,omitempty" doc:"when that came out"`
	Seen      string `json:"seen" doc:"when the first one after it came out"`
}

// Topics is what the full topics of all these events hold, and no other's.
const Topics = ".busbar.canary."

const service = "busbar.canary."

var (
	passKind = event.Define(service+Pass, "a canary came through a channel: the channel works, whether or not its service has anything to say",
		func(b Passed) string {
			return fmt.Sprintf("A canary came through %s of %s in %s", b.Channel, b.Publisher, time.Duration(b.TookMS)*time.Millisecond)
		}, nil)
	missKind = event.Define(service+Miss, "no canary came through a channel for two intervals: the channel is broken",
		func(b Missed) string {
			s := fmt.Sprintf("No canary has come through %s of %s", b.Channel, b.Publisher)
			if b.Last != "" {
				s += " since " + b.Last
			}
			if b.Reason != "" {
				s += ": " + b.Reason
			}
			return s
		}, nil)
	returnKind = event.Define(service+Return, "canaries come through a channel again",
		func(b Returned) string {
			return fmt.Sprintf("Canaries come through %s of %s again, since %s", b.Channel, b.Publisher, b.Seen)
		}, nil)
)

// Kinds is every kind that canaries yield.
func Kinds() event.Catalog { return event.Catalog{passKind, missKind, returnKind} }

// Topic reports what a full topic says of canaries: Pass, Miss or Return; empty: it is
// of something else.
func Topic(topic string) string {
	for _, what := range []string{Pass, Miss, Return} {
		if strings.HasSuffix(topic, Topics+what) {
			return what
		}
	}
	return ""
}

// Read is the body of a message about canaries: a Passed, a Missed or a Returned; ok
// is false where the message is about something else, or cannot be read.
func Read(e event.Envelope) (body any, ok bool) {
	what := Topic(e.Topic)
	if what == "" {
		return nil, false
	}
	k, _ := Kinds().ByTopic(service + what)
	text, err := e.BodyJSON()
	if err != nil {
		return nil, false
	}
	body, err = k.Decode(text)
	return body, err == nil
}

// Translator is the row of a program's table for marked items.
func Translator() translate.Translator[Canary] {
	return translate.Translator[Canary]{Name: "canary", Kinds: Kinds(), Translate: func(it translate.Item[Canary]) ([]event.Event, error) {
		c := it.Value
		if c.Refused != "" {
			return nil, translate.Ignore("canary: " + c.Refused)
		}
		e, err := c.Event()
		if err != nil {
			return nil, translate.Poison("%v", err)
		}
		return []event.Event{e}, nil
	}}
}

// Event is what is published of it. An adapter and a hub that see the same break say
// the same fact.
func (c Canary) Event() (event.Event, error) {
	text := func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
	e := event.Event{Key: "canary/" + strings.ReplaceAll(c.Publisher+"/"+c.Channel, "\x00", "") + "/" + c.What + "/" + strconv.FormatInt(c.Number, 10)}
	adapter, publisher, channel := text(c.Adapter), text(c.Publisher), text(c.Channel)
	switch c.What {
	case Pass:
		e.Kind, e.Time = passKind, c.Seen
		e.Body = Passed{adapter, publisher, channel, c.Number, event.Stamp(c.Sent), event.Stamp(c.Seen), max(0, c.Seen.Sub(c.Sent).Milliseconds()), c.Interval}
	case Miss:
		e.Kind, e.Time = missKind, c.Noticed
		e.Body = Missed{adapter, publisher, channel, c.Number, event.Stamp(c.Last), c.Interval, text(c.Reason)}
	case Return:
		e.Kind, e.Time = returnKind, c.Seen
		e.Body = Returned{adapter, publisher, channel, c.Number, event.Stamp(c.Last), event.Stamp(c.Seen)}
	default:
		return e, fmt.Errorf("saying what became of a canary: %q is neither %s, %s nor %s", c.What, Pass, Miss, Return)
	}
	return e, nil
}
