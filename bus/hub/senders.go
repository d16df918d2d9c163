package hub

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"busbar/common/show"
	"busbar/common/webhook"
)

// Senders are those who may push: by a secret that signs their requests, by a token,
// or by a certificate that the TLS connection showed.
type senders struct {
	paths  []string // files of secrets, or folders of them
	tokens string   // file of tokens
	log    *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	looked  time.Time
	failed  error
	secrets map[string]webhook.Secrets // by the sender's name
	byToken map[[sha256.Size]byte]string
}

const (
	// lookEvery is how soon a changed file counts.
	lookEvery  = 5 * time.Second
	maxSenders = 1000
	minToken   = 32
	// maxTried bounds what is summed to find an unnamed sender's secret: bytes of the
	// body, for each secret. A second of work, or less.
	maxTried = 256 << 20
)

// Why a request is refused, beside what common/webhook says.
var (
	errToken   = errors.New("its token is not known here")
	errSender  = errors.New("no sender of that name is known here")
	errUnnamed = errors.New("its sender is not named, and too much would be tried: post to /push/NAME")
)

func newSenders(paths []string, tokens string, log *slog.Logger) (*senders, error) {
	s := &senders{paths: paths, tokens: tokens, log: log, now: time.Now}
	return s, s.read()
}

// read reads all files. After an error what was known stays.
func (s *senders) read() error {
	secrets := map[string]webhook.Secrets{}
	for _, path := range s.paths {
		files, err := filesOf(path)
		if err != nil {
			return fmt.Errorf("reading [hub] push: %w", err)
		}
		for _, file := range files {
			one, err := webhook.ReadSecrets(file)
			if err != nil {
				return fmt.Errorf("reading [hub] push: %w", err)
			}
			name := strings.TrimSuffix(filepath.Base(file), ".secret")
			if secrets[name] != nil {
				return fmt.Errorf("reading [hub] push: two files are of the sender %s", name)
			}
			secrets[name] = one
		}
	}
	if len(secrets) > maxSenders {
		return fmt.Errorf("reading [hub] push: there are %d senders, more than %d", len(secrets), maxSenders)
	}
	byToken, err := readTokens(s.tokens)
	if err == nil {
		s.secrets, s.byToken = secrets, byToken
	}
	return err
}

// filesOf is a file, or the files in a folder. Those whose names begin with a dot are
// somebody's leftovers.
func filesOf(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	entries, err := os.ReadDir(path)
	var files []string
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !strings.HasSuffix(e.Name(), "~") {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	return files, err
}

// readTokens reads a file with a sender's name and its token in each line. Of tokens,
// digests are kept.
func readTokens(file string) (map[[sha256.Size]byte]string, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading [hub] push_tokens: %w", err)
	}
	list := map[[sha256.Size]byte]string{}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		if len(fields) != 2 || len(fields[1]) < minToken {
			return nil, fmt.Errorf("reading [hub] push_tokens: line %d of %s is not NAME TOKEN, with %d characters at least (make one with: openssl rand -hex 32)", n, file, minToken)
		}
		list[sha256.Sum256([]byte(fields[1]))] = fields[0]
	}
	return list, nil
}

// known is who is known now: files that changed are read again.
func (s *senders) known() (map[string]webhook.Secrets, map[[sha256.Size]byte]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); now.Sub(s.looked) >= lookEvery {
		s.looked = now
		err := s.read()
		if err != nil && s.failed == nil {
			s.log.Warn("who may push cannot be read: those who were known stay", "error", err)
		}
		s.failed = err
	}
	return s.secrets, s.byToken
}

// check says whose a request is. A signature decides where there is one and secrets
// are known; without, the certificate, and then the token.
func (s *senders) check(r *http.Request, body []byte) (name string, err error) {
	secrets, tokens := s.known()
	signed := r.Header.Get(webhook.HeaderSignature) != ""
	if signed && len(secrets) > 0 {
		return signer(secrets, r, body, s.now())
	}
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return r.TLS.VerifiedChains[0][0].Subject.CommonName, nil
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		if name := tokens[sha256.Sum256([]byte(strings.TrimSpace(token)))]; name != "" {
			return name, nil
		}
		return "", errToken
	}
	return "", webhook.ErrUnsigned
}

// unproved says that a request cannot be anybody's, whatever its body.
func (s *senders) unproved(r *http.Request) bool {
	return r.Header.Get(webhook.HeaderSignature) == "" && r.Header.Get("Authorization") == "" && (r.TLS == nil || len(r.TLS.VerifiedChains) == 0)
}

// signer finds whose secret signed a request: of the sender that the path names, or of
// any.
func signer(secrets map[string]webhook.Secrets, r *http.Request, body []byte, now time.Time) (string, error) {
	if name := r.PathValue("sender"); name != "" {
		one, ok := secrets[name]
		if !ok {
			return "", fmt.Errorf("%w: %s", errSender, show.OneLine(name))
		}
		_, err := one.Verify(r.Header, body, now)
		return name, err
	}
	if len(secrets)*len(body) > maxTried {
		return "", errUnnamed
	}
	err := error(webhook.ErrForged)
	for name, one := range secrets {
		if _, err = one.Verify(r.Header, body, now); err == nil {
			return name, nil
		}
		if !errors.Is(err, webhook.ErrForged) {
			return "", err
		}
	}
	return "", err
}
