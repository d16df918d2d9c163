package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"busbar/contrib/trials/trial"
)

const smallDisk = 6 << 20

// actFull fills the disk under journal and spool.
func actFull(ctx context.Context, o options, at *trial.Site) (result, error) {
	small, err := at.SmallDisk("small", smallDisk)
	if err != nil {
		return result{}, err
	}
	s, err := install(at, small)
	if err != nil {
		return result{}, err
	}
	if err := s.daemon.Start(); err != nil {
		return result{}, err
	}
	b := newBook()
	next := 1
	send := func(upTo int) error {
		for ; next <= upTo; next++ {
			if next%2 == 0 {
				if err := s.byMaildir(b, next); err != nil {
					return err
				}
			} else if err := s.byDeliver(ctx, b, next, 0); err != nil {
				return err
			}
		}
		return nil
	}
	if err := errors.Join(send(o.full/4), s.drained(ctx)); err != nil {
		return result{}, err
	}
	filler := small + "/filler"
	if err := trial.Fill(filler, smallDisk); err != nil {
		return result{}, err
	}
	// A few blocks are left to both at first, so that they fill up themselves.
	if err := os.Truncate(filler, max(fileSize(filler)-64<<10, 0)); err != nil {
		return result{}, err
	}
	if err := send(o.full / 2); err != nil {
		return result{}, err
	}
	if err := trial.Fill(filler, smallDisk); err != nil {
		return result{}, err
	}
	if err := send(o.full * 3 / 4); err != nil {
		return result{}, err
	}
	time.Sleep(time.Second) // the daemon tries again and again meanwhile
	restarts, err := s.revive()
	if err != nil {
		return result{}, err
	}
	if len(b.refused) == 0 {
		return result{}, errors.New("the disk was full and deliver never answered 75")
	}
	if err := os.Remove(filler); err != nil {
		return result{}, err
	}
	if err := send(o.full); err != nil {
		return result{}, err
	}
	again, err := s.revive()
	if err != nil {
		return result{}, err
	}
	r, err := s.close(ctx, b, 2, nil)
	r.what = fmt.Sprintf("mails %d, half of them on a full disk of %d MiB, daemon restarted %d times", o.full, smallDisk>>20, restarts+again)
	return r, err
}

// revive starts the daemon as systemd would, if it has ended.
func (s *site) revive() (int, error) {
	if s.daemon.Ended() {
		return 1, s.daemon.Start()
	}
	return 0, nil
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
