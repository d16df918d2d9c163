package badges

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"busbar/bus/badges/ledger"
	"busbar/bus/badges/rule"
	"busbar/common/archive"
	"busbar/common/event"
)

// A source reads an archive on this machine.
type source struct {
	*archive.Reader
	path, prefix string
	file         os.FileInfo
}

func openSource(ctx context.Context, path, prefix string) (*source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("opening archive %s: %w", path, err)
	}
	r, err := archive.OpenReader(ctx, path)
	if err != nil {
		return nil, err
	}
	return &source{r, path, prefix, info}, nil
}

// there says whether the file is still in its place.
func (s *source) there() bool {
	info, err := os.Stat(s.path)
	return err == nil && os.SameFile(info, s.file)
}

// A place is where a reading ended.
type place struct {
	ledger.Position
	again bool // copies have begun again with their numbers
}

// Bounds on what is read at once.
const (
	readAtOnce  = 8000
	bytesAtOnce = 16 << 20
)

// next reads what is behind a position: messages in the order in which they came, and
// then copies, which are other publishers' words for the same facts. Nothing: that is
// all.
func (s *source) next(ctx context.Context, from ledger.Position) ([]ledger.Read, place, error) {
	to := place{Position: from}
	var list []ledger.Read
	var wires [][]byte
	for size := 0; len(list) < readAtOnce && size < bytesAtOnce; {
		messages, err := s.After(ctx, to.N, 0)
		if err != nil {
			return nil, to, err
		}
		if len(messages) == 0 {
			break
		}
		for _, m := range messages {
			list, wires = append(list, ledger.Read{N: m.N}), append(wires, m.Wire)
			to.N, size = m.N, size+len(m.Wire)
		}
	}
	if len(list) == 0 {
		last, err := s.LastCopy(ctx)
		if err != nil {
			return nil, to, err
		}
		if to.again = last < from.Copies; to.again {
			return nil, to, nil
		}
		copies, err := s.CopiesBehind(ctx, from.Copies, 0)
		if err != nil {
			return nil, to, err
		}
		for _, c := range copies {
			list, wires = append(list, ledger.Read{Copy: c.Row}), append(wires, c.Wire)
			to.Copies = c.Row
		}
	}
	s.parse(list, wires)
	return list, to, nil
}

// parse reads messages, on all processors. What is no message any more means nothing.
func (s *source) parse(list []ledger.Read, wires [][]byte) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
				_, e, err := event.ParseMessage(wires[i])
				if err != nil {
					e = event.Envelope{}
				}
				list[i].Event = rule.NewEvent(s.prefix, e)
			}
		})
	}
	wg.Wait()
}
