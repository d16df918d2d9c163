package hub

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// A certificate is the hub's own, from files that whoever renews it replaces.
type certificate struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex
	now    *tls.Certificate
	looked time.Time
	made   time.Time // when the files were changed that now is of
	failed error
}

// tlsConfig serves TLS with a certificate, and believes certificates of clients that
// an authority signed. Without files it is nil. HTTP/2 is left to proxies: a stalled
// listener there stalls all of its connection.
func tlsConfig(cert, key, authority string, log *slog.Logger) (*tls.Config, error) {
	if cert == "" {
		return nil, nil
	}
	c := &certificate{cert: cert, key: key, log: log}
	if err := c.read(); err != nil {
		return nil, fmt.Errorf("reading [hub] certificate and key: %w", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: c.get}
	if authority == "" {
		return config, nil
	}
	pem, err := os.ReadFile(authority)
	if err != nil {
		return nil, fmt.Errorf("reading [hub] push_ca: %w", err)
	}
	config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading [hub] push_ca: %s holds no certificate in PEM", authority)
	}
	return config, nil
}

func (c *certificate) read() error {
	var made time.Time
	for _, file := range []string{c.cert, c.key} {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		if info.ModTime().After(made) {
			made = info.ModTime()
		}
	}
	if c.now != nil && made.Equal(c.made) {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.now, c.made = &pair, made
	return nil
}

// get is what a handshake uses. Files that cannot be read leave the last good ones in
// use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		err := c.read()
		if err != nil && c.failed == nil {
			c.log.Warn("the certificate cannot be read: the last good one stays", "error", err)
		}
		c.failed = err
	}
	if c.now == nil {
		return nil, errors.New("there is no certificate")
	}
	return c.now, nil
}
