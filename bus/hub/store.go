package hub

import (
	"context"

	"busbar/common/archive"
)

// A store puts into the archive what comes other than by the intake. All that waits
// while a transaction runs shares the next one, for it is the disk that takes time.
type store struct {
	archive *archive.Archive
	// followed says that the intake gets a sequence, too, and asks for what is missing.
	followed func(publisher, epoch string) bool
	waiting  chan *brought
}

// A brought is messages, and whoever waits until they are on disk.
type brought struct {
	messages []archive.Incoming
	relayed  bool // what is passed over may come by another way
	done     chan error
}

func newStore(a *archive.Archive, followed func(publisher, epoch string) bool) *store {
	return &store{archive: a, followed: followed, waiting: make(chan *brought)}
}

// put returns when the messages are on disk: nil, whether they are new or were there.
func (s *store) put(ctx context.Context, messages []archive.Incoming, relayed bool) error {
	b := &brought{messages, relayed, make(chan error, 1)}
	select {
	case s.waiting <- b:
		return <-b.done
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run stores what is put, until ctx ends.
func (s *store) run(ctx context.Context) error {
	for {
		select {
		case first := <-s.waiting:
			list := s.gather(first)
			_, err := s.archive.Append(ctx, s.batch(list))
			for _, b := range list {
				b.done <- err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// gather takes what waits beside the first.
func (s *store) gather(first *brought) []*brought {
	list, count, size := []*brought{first}, 0, 0
	for b := first; ; {
		count += len(b.messages)
		for _, m := range b.messages {
			size += len(m.Wire)
		}
		if count >= batchMessages || size >= batchBytes {
			return list
		}
		select {
		case b = <-s.waiting:
			list = append(list, b)
		default:
			return list
		}
	}
}

func (s *store) batch(list []*brought) archive.Batch {
	var b archive.Batch
	alone := map[sequence]bool{}
	for _, one := range list {
		for _, m := range one.messages {
			k := sequence{m.Envelope.Publisher, m.Envelope.Epoch}
			if _, known := alone[k]; !known {
				alone[k] = !s.followed(k.publisher, k.epoch)
			}
			m.Alone = alone[k] && !one.relayed
			b.Messages = append(b.Messages, m)
		}
	}
	return b
}
