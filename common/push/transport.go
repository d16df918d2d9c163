package push

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"busbar/common/secret"
	"busbar/common/webhook"
)

const (
	dialTimeout = 10 * time.Second
	idleTimeout = 90 * time.Second
)

// transport makes connections. It verifies the receiver, and goes through the proxy
// that the environment names (HTTPS_PROXY).
func (s *Sink) transport() (*http.Transport, error) {
	config, err := s.tls()
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: dialTimeout,
		IdleConnTimeout:     idleTimeout,
		MaxConnsPerHost:     1,
	}, nil
}

func (s *Sink) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("reading [push] ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading [push] ca: %s holds no certificate in PEM", s.CA)
		}
	}
	if s.Cert != "" {
		own, err := tls.LoadX509KeyPair(s.Cert, s.Key)
		if err != nil {
			return nil, fmt.Errorf("reading [push] certificate and key: %w", err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}

// Check reads secret and certificates, and looks whether the receiver answers and is
// who it says. It posts nothing. The first error is of our own files, the second of
// the receiver.
func (s *Sink) Check(ctx context.Context) (own, away error) {
	if _, err := webhook.ReadSecrets(s.SecretFile); err != nil {
		return err, nil
	}
	config, err := s.tls()
	if err != nil {
		return err, nil
	}
	u, err := url.Parse(s.URL.Reveal())
	if err != nil {
		return secret.Hide(s.URL.Reveal(), err), nil
	}
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); err != nil || proxy != nil {
		return err, nil // what is behind it shows when something is posted
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	address := net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), map[bool]string{true: "443", false: "80"}[u.Scheme == "https"]))
	dial := (&tls.Dialer{Config: config}).DialContext
	if u.Scheme != "https" {
		dial = (&net.Dialer{}).DialContext
	}
	c, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c.Close()
	return nil, nil
}
