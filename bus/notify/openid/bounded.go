package openid

import (
	"fmt"
	"io"
	"net/http"
)

// mostAnswer bounds each answer of a provider; real ones have a few KiB.
const mostAnswer = 256 << 10

// bounded makes requests whose answers are errors beyond mostAnswer: libraries read them
// whole.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &body{resp.Body, mostAnswer}
	return resp, nil
}

type body struct {
	io.ReadCloser
	left int
}

func (b *body) Read(p []byte) (int, error) {
	if len(p) > b.left+1 { // one more shows that there is more
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if n > b.left {
		return b.left, fmt.Errorf("the answer has more than %d bytes", mostAnswer)
	}
	b.left -= n
	return n, err
}
