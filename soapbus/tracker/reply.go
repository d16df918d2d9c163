package tracker

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"busbar/adapters/debbugs"
	"busbar/soapbus/soap"
)

// A Reply is what a captured answer says; which member is there depends on the
// method.
type Reply struct {
	Method   string           `json:"method,omitempty"`
	Bugs     []int            `json:"bugs,omitempty"`     // get_bugs, newest_bugs
	Statuses []debbugs.Status `json:"statuses,omitempty"` // get_status
	Log      []debbugs.Entry  `json:"log,omitempty"`      // get_bug_log
	Usertags map[string][]int `json:"usertags,omitempty"` // get_usertag
	// Pairs are the rows of get_versions (version, and time if asked for),
	// binary_to_source (source, version) and source_to_binary (binary, version,
	// architecture).
	Pairs [][]string  `json:"pairs,omitempty"`
	Fault *soap.Fault `json:"fault,omitempty"`
}

// ReadReply reads a captured answer: a whole HTTP reply, or XML alone. With a
// *BrokenError, the reply holds all that could be read.
func ReadReply(raw []byte) (Reply, error) {
	n, err := decode(raw)
	if fault, ok := errors.AsType[*soap.Fault](err); ok {
		return Reply{Fault: fault}, nil
	}
	if err != nil {
		return Reply{}, err
	}
	method, ok := strings.CutSuffix(n.Name, "Response")
	if !ok {
		return Reply{}, fmt.Errorf("%w: an element METHODResponse was expected, and it is %.60q; is it a request?", soap.ErrShape, n.Name)
	}
	r := Reply{Method: method}
	if err := r.read(value(n)); err != nil {
		return r, fmt.Errorf("reading the answer to %.60s: %w", method, err)
	}
	return r, nil
}

func (r *Reply) read(n *soap.Node) (err error) {
	switch r.Method {
	case "get_bugs", "newest_bugs":
		r.Bugs, err = numbers(n)
	case "get_status":
		var broken map[int]error
		r.Statuses, broken, err = statuses(n)
		if err == nil && len(broken) > 0 {
			err = &BrokenError{broken}
		}
	case "get_bug_log":
		r.Log, err = messages(n)
	case "get_usertag":
		r.Usertags, err = usertags(n)
	case "get_versions", "binary_to_source", "source_to_binary":
		r.Pairs, err = rows(n)
	default:
		err = fmt.Errorf("%w: this method is not known here", soap.ErrShape)
	}
	return err
}

func decode(raw []byte) (*soap.Node, error) {
	if !bytes.HasPrefix(raw, []byte("HTTP/")) {
		return soap.Decode(bytes.NewReader(raw), "", soap.Limits{})
	}
	resp, err := httpReply(raw)
	if err != nil {
		return nil, err
	}
	return soap.Read(resp, soap.Limits{})
}

// httpReply takes a captured reply apart. Whoever captured it may have unpacked
// the body and left the fields that tell how it was packed, so what it looks
// like counts.
func httpReply(raw []byte) (*http.Response, error) {
	in := bufio.NewReader(bytes.NewReader(raw))
	tp := textproto.NewReader(in)
	first, err := tp.ReadLine()
	if err != nil {
		return nil, fmt.Errorf("reading the first line of an HTTP reply: %w", err)
	}
	_, status, _ := strings.Cut(first, " ")
	code, err := strconv.Atoi(strings.TrimSpace(status[:min(len(status), 3)]))
	if err != nil || code < 100 {
		return nil, fmt.Errorf("reading an HTTP reply: %.60q has no status", first)
	}
	header, err := tp.ReadMIMEHeader()
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("reading the header of an HTTP reply: %.200s", strings.ToValidUTF8(err.Error(), "\uFFFD")) // it quotes the whole line
	}
	resp := &http.Response{StatusCode: code, Header: http.Header(header), Body: io.NopCloser(in)}
	if packed, _ := in.Peek(2); string(packed) == "\x1f\x8b" {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("unpacking an HTTP reply: %w", err)
		}
		resp.Body = unpacked
	}
	return resp, nil
}
