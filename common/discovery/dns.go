package discovery

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// udpSize is how large an answer by UDP may be: what passes networks whole.
const udpSize = 1232

// An answer is what DNS says of a name.
type answer struct {
	absent    bool // there is no such name
	endpoints []Endpoint
	ttl       time.Duration // the shortest of its records
}

// errCut says that the answer did not fit into a datagram.
var errCut = errors.New("the answer was cut")

// askOne asks one server: by UDP, and by TCP for what is too long.
func askOne(ctx context.Context, server string, name dnsmessage.Name, patience time.Duration) (answer, error) {
	id := uint16(rand.Uint32())
	question, err := query(id, name)
	if err != nil {
		return answer{}, err
	}
	a, err := exchange(ctx, "udp", server, id, name, question, patience)
	if errors.Is(err, errCut) {
		a, err = exchange(ctx, "tcp", server, id, name, question, patience)
	}
	return a, err
}

func query(id uint16, name dnsmessage.Name) ([]byte, error) {
	b := dnsmessage.NewBuilder(make([]byte, 2, 512), dnsmessage.Header{ID: id, RecursionDesired: true})
	var edns dnsmessage.ResourceHeader
	err := errors.Join(
		b.StartQuestions(),
		b.Question(dnsmessage.Question{Name: name, Type: dnsmessage.TypeSRV, Class: dnsmessage.ClassINET}),
		b.StartAdditionals(),
		edns.SetEDNS0(udpSize, dnsmessage.RCodeSuccess, false),
		b.OPTResource(edns, dnsmessage.OPTResource{}),
	)
	if err != nil {
		return nil, err
	}
	text, err := b.Finish()
	if err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint16(text, uint16(len(text)-2)) // the length, for TCP alone
	return text, nil
}

// exchange sends a question and waits for its answer. What answers another one is
// passed over: somebody may be guessing.
func exchange(ctx context.Context, network, server string, id uint16, name dnsmessage.Name, question []byte, patience time.Duration) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, server)
	if err != nil {
		return answer{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return answer{}, err
	}
	read := func() ([]byte, error) { return readDatagram(conn) }
	if network == "tcp" {
		read = func() ([]byte, error) { return readStream(conn) }
	} else {
		question = question[2:]
	}
	if _, err := conn.Write(question); err != nil {
		return answer{}, err
	}
	for {
		text, err := read()
		if err != nil {
			return answer{}, err
		}
		a, err := readAnswer(text, id, name)
		if network == "tcp" || !errors.Is(err, errOther) {
			return a, err
		}
	}
}

func readDatagram(conn net.Conn) ([]byte, error) {
	text := make([]byte, udpSize)
	n, err := conn.Read(text)
	return text[:n], err
}

func readStream(conn net.Conn) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	text := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(conn, text)
	return text, err
}

// errOther says that this is no answer to the question.
var errOther = errors.New("the server answered something else")

// readAnswer reads what a server said to a question of this id and name.
func readAnswer(text []byte, id uint16, name dnsmessage.Name) (answer, error) {
	var p dnsmessage.Parser
	h, err := p.Start(text)
	if err != nil || h.ID != id || !h.Response {
		return answer{}, errOther
	}
	q, err := p.Question()
	if err != nil || q.Type != dnsmessage.TypeSRV || q.Class != dnsmessage.ClassINET || !strings.EqualFold(q.Name.String(), name.String()) {
		return answer{}, errOther
	}
	switch {
	case h.Truncated:
		return answer{}, errCut
	case h.RCode == dnsmessage.RCodeNameError:
		return answer{absent: true}, nil
	case h.RCode != dnsmessage.RCodeSuccess:
		return answer{}, fmt.Errorf("it answered %s", strings.TrimPrefix(h.RCode.String(), "RCode"))
	}
	if err := p.SkipAllQuestions(); err != nil {
		return answer{}, fmt.Errorf("reading the answer: %w", err)
	}
	a := answer{ttl: mostTTL}
	for {
		r, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return a, nil
		}
		if err != nil {
			return answer{}, fmt.Errorf("reading the answer: %w", err)
		}
		a.ttl = min(a.ttl, time.Duration(r.TTL)*time.Second)
		if r.Type != dnsmessage.TypeSRV { // such as the CNAME that led to it
			if err := p.SkipAnswer(); err != nil {
				return answer{}, fmt.Errorf("reading the answer: %w", err)
			}
			continue
		}
		one, err := p.SRVResource()
		if err != nil {
			return answer{}, fmt.Errorf("reading the answer: %w", err)
		}
		if host := strings.TrimSuffix(one.Target.String(), "."); host != "" { // a lone dot: there is no such service (RFC 2782)
			a.endpoints = append(a.endpoints, Endpoint{Address: addressOf(host, one.Port)})
		}
	}
}
