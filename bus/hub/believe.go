package hub

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/sign"
	"busbar/common/wire"
)

// maxName bounds a publisher's name or epoch, as for what comes from publishers.
const maxName = 256

// errNotNow says that a message cannot be judged now: it may be good.
var errNotNow = errors.New("it cannot be verified now")

// believe reads and verifies a message that its publisher did not say to us itself:
// one that was pushed, or said to the relay. It may be old, for it waited.
func believe(v *sign.Verifier, line []byte) (archive.Incoming, error) {
	tree, e, err := event.ParseMessage(line)
	if err != nil {
		return archive.Incoming{}, err
	}
	switch {
	case e.Topic == "" || len(e.Topic) > event.MaxTopic || !utf8.ValidString(e.Topic):
		return archive.Incoming{}, fmt.Errorf("its topic %.80q is none", e.Topic)
	case strings.HasSuffix(e.Topic, "."+wire.HeartbeatTopic):
		return archive.Incoming{}, errors.New("a heartbeat is not kept")
	case e.Seq < 0 || e.Seq > wire.MaxSeq:
		return archive.Incoming{}, fmt.Errorf("its number %d counts nothing", e.Seq)
	}
	for _, name := range []string{e.Publisher, e.Epoch} {
		if len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			return archive.Incoming{}, fmt.Errorf("the publisher's name or epoch %.40q is longer than %d bytes, or no text", name, maxName)
		}
	}
	if v != nil {
		switch verdict := v.VerifySaid(tree, e.Timestamp); {
		case verdict.Ours:
			return archive.Incoming{}, fmt.Errorf("%w: %s", errNotNow, verdict.Reason)
		case !verdict.OK:
			return archive.Incoming{}, errors.New(verdict.Reason)
		}
	}
	return archive.Incoming{Envelope: e, Wire: line}, nil
}
