package discovery

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// How long an answer of DNS holds, whatever TTL it has.
const (
	leastTTL = 30 * time.Second
	mostTTL  = time.Hour
)

// srvPrefix is where fedmsg's srv_endpoints looks for the publishers of a domain.
const srvPrefix = "_fedmsg._tcp."

// resolvConf names the DNS servers of this machine.
const resolvConf = "/etc/resolv.conf"

// srv is the publishers that DNS names. All of them are followed, so priority and
// weight, which choose one of several, mean nothing here.
type srv struct {
	domain  string // for people
	name    dnsmessage.Name
	servers []string
	least   time.Duration
	known   []Endpoint
}

func newSRV(domain string, o Options) (source, error) {
	full := strings.TrimSuffix(domain, ".") + "."
	if !strings.HasPrefix(full, "_") {
		full = srvPrefix + full
	}
	name, err := dnsmessage.NewName(full)
	if err == nil {
		_, err = query(0, name) // a part that is too long shows only here
	}
	if err != nil || full == srvPrefix+"." {
		return nil, fmt.Errorf("srv:%s: that is no name of DNS", domain)
	}
	s := &srv{domain: domain, name: name, servers: o.Servers, least: o.least}
	if s.least == 0 {
		s.least = leastTTL
	}
	return s, nil
}

func (s *srv) look(ctx context.Context) report {
	a, err := s.ask(ctx)
	r := report{again: max(s.least, min(a.ttl, mostTTL))}
	if err == nil {
		for _, e := range a.endpoints {
			e.Name = s.domain
			if err = e.check(); err != nil {
				break
			}
			r.endpoints = append(r.endpoints, e)
		}
	}
	if err == nil {
		r.endpoints, err = merge(r.endpoints)
	}
	switch {
	case err != nil:
		r.state, r.endpoints, r.again = Unreadable, s.known, s.least
		r.err = fmt.Errorf("asking DNS for %s: %w", s.name, err)
	case a.absent:
		r.state, r.again = Absent, 2*s.least
	case len(r.endpoints) == 0:
		r.state, r.again = Empty, 2*s.least
	default:
		r.state = Found
	}
	s.known = r.endpoints
	return r
}

// ask asks the servers in turn, twice, until one knows.
func (s *srv) ask(ctx context.Context) (answer, error) {
	servers := s.servers
	if len(servers) == 0 {
		var err error
		if servers, err = nameservers(resolvConf); err != nil {
			return answer{}, err
		}
	}
	var errs []error
	for _, patience := range []time.Duration{time.Second, 3 * time.Second} {
		for _, server := range servers {
			a, err := askOne(ctx, server, s.name, patience)
			if err == nil {
				return a, nil
			}
			if ctx.Err() != nil {
				return a, ctx.Err()
			}
			errs = append(errs, fmt.Errorf("server %s: %w", server, err))
		}
	}
	return answer{}, errors.Join(errs[len(errs)-len(servers):]...)
}

// nameservers reads the servers of a resolv.conf. Without one, this machine is
// asked, as resolv.conf(5) says.
func nameservers(path string) ([]string, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return []string{"127.0.0.1:53"}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for DNS servers: %w", err)
	}
	defer f.Close()
	var list []string
	lines := bufio.NewScanner(f)
	for lines.Scan() && len(list) < 3 {
		if words := strings.Fields(lines.Text()); len(words) > 1 && words[0] == "nameserver" {
			list = append(list, net.JoinHostPort(words[1], "53"))
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("looking for DNS servers in %s: %w", path, err)
	}
	if len(list) == 0 {
		list = []string{"127.0.0.1:53"}
	}
	return list, nil
}
