package subscribe

import (
	"errors"

	"busbar/common/replay"
)

// What an answer to a question is worth, where another address may know better.
const (
	behindUs   = iota + 1 // a hub does not have it, or not yet
	notHere               // no replay, or another sequence
	droppedIt             // it is gone from there
	unreadable            // it is there, and cannot be read
	unanswered            // nothing is known: nobody answered
	decides               // the publisher's own word: nobody is asked further
)

// weight orders answers: what is known of several addresses is what the weightiest of
// them says.
func weight(err error) int {
	var gone *replay.GoneError
	var absent *replay.AbsentError
	var hole *holeError
	switch {
	case err == errNowhere:
		return 0
	case behind(err):
		return behindUs
	case elsewhere(err):
		return notHere
	case errors.As(err, &gone):
		return droppedIt
	case errors.Is(err, replay.ErrUnreadable):
		return unreadable
	case errors.As(err, &absent), errors.As(err, &hole), errors.Is(err, replay.ErrRefused), errors.Is(err, errTurned), errors.Is(err, errSigner), errors.Is(err, ErrClosed):
		return decides
	}
	return unanswered
}

// weightier gives the weightier of two; of two where it is gone, the one that keeps more.
func weightier(a, b error) error {
	var one, two *replay.GoneError
	switch {
	case weight(a) != droppedIt || weight(b) != droppedIt:
		if weight(b) > weight(a) {
			return b
		}
	case errors.As(a, &one) && errors.As(b, &two) && two.Oldest > 0 && (one.Oldest == 0 || two.Oldest < one.Oldest):
		return b
	}
	return a
}

// behind says that who answers is no publisher, and may not know yet.
func behind(err error) bool {
	var absent *replay.AbsentError
	var epoch *replay.EpochError
	return errors.As(err, &absent) && absent.Archive || errors.As(err, &epoch) && epoch.Archive
}

// elsewhere says that another address may know more.
func elsewhere(err error) bool {
	var epoch *replay.EpochError
	return errors.Is(err, replay.ErrNoReplay) || errors.As(err, &epoch)
}
