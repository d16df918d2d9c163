// Package dest is the contract between `bus notify` and the ways in which it reaches
// people: mail, chat, push, webhooks. Each way is a package below this one, has a Config
// (a table [notify.NAME] of bus.toml), and passes the suite desttest.
//
// Not here: whom to tell what and when (bus/notify/rule), and the outbox that tries again
// what failed (bus/notify/outbox).
package dest

import (
	"context"
	"time"
)

// A Kind is why a note is sent.
type Kind string

// The kinds of notes.
const (
	Single  Kind = "single"  // one thing happened; or several that are folded into one
	Digest  Kind = "digest"  // what happened since the last one, at the time that the person chose
	Summary Kind = "summary" // what was held back, because it was too much
	Test    Kind = "test"    // of `bus notify check`
	Answer  Kind = "answer"  // to what the person did: a mail of commands, a form of a page
)

// A Note is one message to a person.
type Note struct {
	// ID is that of the outbox: the same whenever the note is tried again, and never
	// that of another. 1 to 40 letters, digits and hyphens.
	ID     string
	Person string // whom, as the rules name them
	// To is the address, in the destination's own form, which Check has accepted:
	// what stands behind "irc:" in a rule.
	To   string
	Kind Kind
	Rule string    // the name of the rule that wanted it; of a digest the first
	Time time.Time // when the newest thing in it happened

	// Subject is one line, Text are lines that end in LF. Both are UTF-8 without
	// control characters (common/show), whatever a stranger wrote; they may still be
	// longer than a protocol takes. Text does not repeat the subject.
	Subject string
	Text    string
	Link    string // http or https, to read on; empty: none
	// Thread is what belongs together: "bug/1012345", "package/hello". Empty: nothing.
	Thread string
	// Stop is the address (https) at which one POST ends the rule's mails
	// (RFC 8058). Empty: there is none.
	Stop string
	// Rules is the page (http or https) on which the person can change their rules. Empty:
	// there is none.
	Rules string
	// Re is the Message-ID, without brackets, of the mail that an Answer answers. It is
	// a stranger's.
	Re string
	// Bounce is what tells the note in the address to which its bounces go: letters,
	// digits and a hyphen. Empty: nothing does.
	Bounce string
	// Messages are what the note is about, oldest first. Those that were left out for
	// their number are counted in Text.
	Messages []Message
}

// A Message is one event that a note is about.
type Message struct {
	ID      string // its msg_id
	Topic   string // whole, as published
	Time    time.Time
	Title   string // one line, fit to be shown
	Link    string // empty: none
	Package string // the first that it names; empty: none
	Bug     int64  // 0: none
	Keyword string // that of the package tracker's mails, such as "bts"
	Thread  string
	// Wire is the message as published. It is nil in a digest or summary, and where it
	// is longer than the outbox keeps.
	Wire []byte
}

// A Destination is a way to people.
type Destination interface {
	// Send hands a note over, within the time of ctx. Nil says that the far side has
	// accepted it: it is not tried again. What another error means [Error] says; one that
	// is not wrapped in it says that the destination as a whole does not work for
	// now. Send may be called by Traits.Parallel goroutines at once, but never at the
	// same time for two notes with the same To.
	Send(ctx context.Context, n Note) error
	// Check says why an address cannot be one of this destination; nil: it may be.
	// It asks nobody.
	Check(to string) error
	Traits() Traits
	// Close ends connections and all that the destination began.
	Close() error
}

// Traits are what the outbox must know of a destination.
type Traits struct {
	Name string // as in "irc:…" and [notify.irc]; a metric's label
	// Idempotent says that the far side knows Note.ID: a note that comes to it twice is
	// seen once.
	Idempotent bool
	Parallel   int // how many may be handed over at once; 0: 1
	// Patience is how long one Send may take. 0: 30 s.
	Patience time.Duration
}

// A Stayer is a destination that is present somewhere also while there is nothing to say,
// as in a channel. Stay begins that, once; Close ends it.
type Stayer interface{ Stay() }
