package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

const smallDisk = 6 << 20

// actFull fills the disk under journal and spool.
func actFull(ctx context.Context, o options, s *site) (result, error) {
	small := s.path("small")
	if err := os.Mkdir(small, 0o700); err != nil {
		return result{}, err
	}
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, fmt.Sprintf("size=%d", smallDisk)); err != nil {
		return result{}, fmt.Errorf("%w: a small disk could not be mounted (%w); run as root", errSkipped, err)
	}
	s.undo = append(s.undo, func() error { return syscall.Unmount(small, syscall.MNT_DETACH) })
	if err := s.install(small); err != nil {
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
	filler, err := fill(small + "/filler")
	if err != nil {
		return result{}, err
	}
	// A few blocks are left to both at first, so that they fill up themselves.
	if err := os.Truncate(filler, max(fileSize(filler)-64<<10, 0)); err != nil {
		return result{}, err
	}
	if err := send(o.full / 2); err != nil {
		return result{}, err
	}
	if err := fillMore(filler); err != nil {
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

// fill writes until the disk is full.
func fill(path string) (string, error) {
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	return path, fillMore(path)
}

func fillMore(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 4096)
	for range 2 * smallDisk / len(block) {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return errors.New("filling the disk: it never became full")
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
