package survey

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// What asking a program may cost.
const (
	statusPatience = 5 * time.Second
	maxStatus      = 8 << 20
)

// urlOf is where a program that listens at an address is reached from this machine;
// empty: nowhere.
func urlOf(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// statusOf reads /status.json of the program at an address, which should be what the
// text says.
func statusOf(ctx context.Context, at, want string) ([]byte, error) {
	if u, err := url.Parse(at); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is not the address of %s", at, want)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/status.json", nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	answer, err := client.Do(request)
	if err != nil {
		var why *url.Error
		if errors.As(err, &why) {
			err = why.Err // the address stands before it
		}
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxStatus+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading its answer: %w", err)
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("it answers %s", answer.Status)
	case len(text) > maxStatus:
		return nil, fmt.Errorf("its answer has more than %d bytes", maxStatus)
	}
	return text, nil
}
