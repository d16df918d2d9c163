package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/textproto"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A client asks JetStream of one stream. It asks its leader alone: what another
// server of a cluster has may be older, and what is read there decides what is
// published again. (The library's own client would ask any.)
type client struct {
	nc     *nats.Conn
	prefix string // of JetStream's subjects
	stream string
}

func apiPrefix(domain string) string {
	if domain == "" {
		return "$JS.API."
	}
	return "$JS." + domain + ".API."
}

// Errors of JetStream by their codes (nats-server, server/errors.json).
const (
	codeNoStream     = 10059
	codeNoMessage    = 10037
	codeNameInUse    = 10058
	codeOtherStream  = 10060
	codeNotEnabled   = 10076
	codeNotOfAccount = 10039
	codeTooLarge     = 10054
	codeStoreFailed  = 10077 // limits are reached and discard is new, among others
)

// conflicts are the codes of errors that say that another message stands before ours: by
// its id, by its number, and by its number in newer clusters.
var conflicts = []jetstream.ErrorCode{10070, 10071, 10164}

var (
	errNoStream  = errors.New("the stream is not there")
	errNoMessage = errors.New("the stream does not have this message")
)

// ask sends a request and reads the answer.
func (c client) ask(ctx context.Context, what string, request, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	var body []byte
	if request != nil {
		var err error
		if body, err = json.Marshal(request); err != nil {
			return err
		}
	}
	m, err := c.nc.RequestWithContext(ctx, c.prefix+what+"."+c.stream, body)
	if err != nil {
		return fmt.Errorf("asking JetStream for %s: %w", what, err)
	}
	var failed struct {
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &failed); err != nil {
		return fmt.Errorf("reading what JetStream answers to %s: %w", what, err)
	}
	switch e := failed.Error; {
	case e == nil:
	case e.ErrorCode == codeNoStream:
		return errNoStream
	case e.ErrorCode == codeNoMessage:
		return errNoMessage
	default:
		return e
	}
	if err := json.Unmarshal(m.Data, answer); err != nil {
		return fmt.Errorf("reading what JetStream answers to %s: %w", what, err)
	}
	return nil
}

func (c client) info(ctx context.Context, deleted bool) (*jetstream.StreamInfo, error) {
	var info jetstream.StreamInfo
	err := c.ask(ctx, "STREAM.INFO", map[string]bool{"deleted_details": deleted}, &info)
	return &info, err
}

func (c client) create(ctx context.Context, config jetstream.StreamConfig) (*jetstream.StreamInfo, error) {
	var info jetstream.StreamInfo
	err := c.ask(ctx, "STREAM.CREATE", config, &info)
	return &info, err
}

// A stored message is what of one we look at.
type stored struct {
	subject, id string
}

// get reads message seq; errNoMessage if it was deleted, or is not there yet.
func (c client) get(ctx context.Context, seq uint64) (stored, error) {
	var answer struct {
		Message struct {
			Subject string `json:"subject"`
			Seq     uint64 `json:"seq"`
			Header  []byte `json:"hdrs"`
		} `json:"message"`
	}
	if err := c.ask(ctx, "STREAM.MSG.GET", map[string]uint64{"seq": seq}, &answer); err != nil {
		return stored{}, err
	}
	if answer.Message.Seq != seq {
		return stored{}, fmt.Errorf("asking for message %d of the stream: %d came", seq, answer.Message.Seq)
	}
	return stored{answer.Message.Subject, headerID(answer.Message.Header)}, nil
}

// headerID is the Nats-Msg-Id of a header as it is on the wire (NATS/1.0, and lines
// as those of MIME); empty if there is none.
func headerID(header []byte) string {
	for line := range strings.SplitSeq(string(header), "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && textproto.CanonicalMIMEHeaderKey(name) == idHeader {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

const (
	idHeader       = "Nats-Msg-Id"
	expectHeader   = "Nats-Expected-Last-Sequence"
	expectIDHeader = "Nats-Expected-Last-Msg-Id"
	expectedStream = "Nats-Expected-Stream"
)

// explain says what a person can do.
func explain(err error) error {
	hint := ""
	var api *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrNoResponders):
		hint = "JetStream is off at the server, or the stream has no leader now: look at its log, and at `nats server report jetstream`"
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked):
		hint = "look at [forward] user, password_file, token_file, nkey and credentials, and at the server's users"
	case errors.Is(err, nats.ErrPermissionViolation):
		hint = "the account's user must be allowed to publish to the stream's subjects and to $JS.API.STREAM.*, and to subscribe to _INBOX.>"
	case errors.Is(err, nats.ErrSecureConnWanted):
		hint = "the server has no TLS: use nats://, and no [forward] ca and certificate"
	case errors.Is(err, errNoStream):
		hint = "make it, or set [forward] create"
	case errors.As(err, &api):
		hint = map[jetstream.ErrorCode]string{
			codeNotEnabled:   "start the servers with JetStream (-js, or jetstream {} in the configuration)",
			codeNotOfAccount: "let the account use JetStream",
			codeOtherStream:  "another stream takes this subject: look at [forward] stream and subjects",
			codeNameInUse:    "a stream of this name was made meanwhile",
			codeStoreFailed:  "the stream is full and its policy is to refuse what is new, or the server's disk is; the messages wait",
		}[api.ErrorCode]
	}
	if hint == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, hint)
}
