package intake

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ErrGone says that the daemon has ended, or does not take any more.
var ErrGone = errors.New("the daemon has ended; import again, and it goes on behind the last mail that was stored")

// What may be on its way and is not known to be on disk.
const (
	maxMails = 512
	maxBytes = 32 << 20
)

// Send sends mails to the daemon until next says io.EOF, and returns when all of them
// are on disk. waiting, if set, is called where another import is before this one.
// stored is called with the number of mails that are on disk.
func Send(ctx context.Context, conn net.Conn, next func() (Mail, error), waiting func(), stored func(int64)) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	r := bufio.NewReader(conn)
	late := time.AfterFunc(2*time.Second, func() {
		if waiting != nil {
			waiting()
		}
	})
	line, err := r.ReadString('\n')
	late.Stop()
	if err != nil || strings.TrimSpace(line) != hello {
		return errors.Join(ctx.Err(), ErrGone)
	}
	s := &sending{stored: stored}
	s.moved.L = &s.mu
	var wg sync.WaitGroup
	wg.Go(func() { s.listen(r) })
	read, err := s.send(conn, next)
	if err == nil {
		err = s.wait(0, 0)
	}
	err = errors.Join(read, err)
	conn.Close()
	wg.Wait()
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// sending is what is on its way.
type sending struct {
	stored func(int64)

	mu    sync.Mutex
	moved sync.Cond
	sizes []int // of the mails that are not known to be on disk
	bytes int
	n     int64
	err   error
}

// send sends until next gives an error, which is read unless it is io.EOF, or the daemon
// takes no more.
func (s *sending) send(conn net.Conn, next func() (Mail, error)) (read, err error) {
	for {
		m, err := next()
		if err == io.EOF {
			return nil, nil
		}
		if err != nil {
			return err, nil
		}
		if err := s.wait(maxMails-1, max(maxBytes-len(m.Raw), 0)); err != nil {
			return nil, err
		}
		s.mu.Lock()
		s.sizes = append(s.sizes, len(m.Raw))
		s.bytes += len(m.Raw)
		s.mu.Unlock()
		if err := m.write(deadlines{conn}); err != nil {
			return nil, fmt.Errorf("%w (%w)", ErrGone, err)
		}
	}
}

// wait waits until no more than so many mails and bytes are on their way.
func (s *sending) wait(mails, bytes int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && (len(s.sizes) > mails || s.bytes > bytes) {
		s.moved.Wait()
	}
	if len(s.sizes) == 0 {
		return nil
	}
	return s.err
}

// listen hears how many are on disk.
func (s *sending) listen(r *bufio.Reader) {
	for {
		line, err := r.ReadString('\n')
		n, perr := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		s.mu.Lock()
		if err == nil && perr == nil && n-s.n <= int64(len(s.sizes)) {
			for ; s.n < n; s.n++ {
				s.bytes -= s.sizes[0]
				s.sizes = s.sizes[1:]
			}
		} else {
			s.err = ErrGone
		}
		s.moved.Broadcast()
		ended := s.err != nil
		s.mu.Unlock()
		if ended {
			return
		}
		s.stored(n)
	}
}

// deadlines has each write end.
type deadlines struct{ net.Conn }

func (d deadlines) Write(p []byte) (int, error) {
	// The daemon waits while the journal cannot store: that may take its time.
	if err := d.SetWriteDeadline(time.Now().Add(time.Hour)); err != nil {
		return 0, err
	}
	return d.Conn.Write(p)
}
