package proof

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	dnsPatience = 5 * time.Second
	keepKey     = 10 * time.Minute
	maxKept     = 1000
	maxKeysFile = 16 << 20
)

// A Keys looks up the keys of domains, in a file first, which has them where there is no
// DNS, or where they must not change.
type Keys struct {
	File map[string][]string
	DNS  bool // also ask the DNS

	mu   sync.Mutex
	kept map[string]kept
}

type kept struct {
	records []string
	err     error
	until   time.Time
}

// ReadKeys reads a file of keys: lines NAME TEXT, such as
// "mail._domainkey.example.org v=DKIM1; k=rsa; p=…"; # begins a comment line.
func ReadKeys(file string) (map[string][]string, error) {
	if info, err := os.Stat(file); err != nil {
		return nil, err
	} else if info.Size() > maxKeysFile {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", file, info.Size(), maxKeysFile)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	keys := map[string][]string{}
	for n, line := range strings.Split(string(b), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, text, ok := strings.Cut(line, " ")
		if !ok || !strings.Contains(name, "._domainkey.") {
			return nil, fmt.Errorf("%s line %d: want a name such as mail._domainkey.example.org, a blank, and its record", file, n+1)
		}
		name = strings.ToLower(strings.TrimSuffix(name, "."))
		keys[name] = append(keys[name], strings.TrimSpace(text))
	}
	return keys, nil
}

// Lookup gives the records of a name.
func (k *Keys) Lookup(name string) ([]string, error) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if records, ok := k.File[name]; ok {
		return records, nil
	}
	if !k.DNS {
		return nil, errors.New("it is not in the file of keys")
	}
	now := time.Now()
	k.mu.Lock()
	known, ok := k.kept[name]
	k.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.records, known.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), dnsPatience)
	defer cancel()
	records, err := net.DefaultResolver.LookupTXT(ctx, name)
	var d *net.DNSError
	switch {
	case err == nil:
	case errors.As(err, &d) && d.IsNotFound:
		err = errors.New("there is no such key")
	default:
		return nil, &Temporary{fmt.Errorf("asking the DNS for %s: %w", name, err)}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.kept) >= maxKept || k.kept == nil {
		k.kept = map[string]kept{}
	}
	k.kept[name] = kept{records, err, now.Add(keepKey)}
	return records, err
}
