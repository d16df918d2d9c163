package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"busbar/common/event"
	"busbar/common/inorder"
	"busbar/common/replay"
	"busbar/common/sign"
)

// A fetchReport is how long it took to have a journal said again.
type fetchReport struct {
	Messages int     `json:"messages"`
	Bytes    int     `json:"bytes"`
	Plain    float64 `json:"plain_s"`    // as it came
	Verified float64 `json:"verified_s"` // verified, in order
	Alone    float64 `json:"alone_s"`    // verifying as many that are in memory, on all processors
}

// fetch has all that a publisher keeps said again: as it comes, and verified in order;
// and it measures what verifying takes without that.
func fetch(ctx context.Context, o options) error {
	endpoints := o.shared.Bus.Publishers()
	if len(endpoints) != 1 {
		return fmt.Errorf("fetch asks one publisher, not %d", len(endpoints))
	}
	verifier, err := o.shared.Sign.Verifier(func(alarm string) { o.log.Error(alarm) })
	if err != nil {
		return err
	}
	var r fetchReport
	client := &replay.Client{Log: o.log}
	began := time.Now()
	var some [][]byte // to be verified alone
	err = client.Fetch(ctx, endpoints[0], replay.Range{}, func(_ string, body []byte) error {
		if r.Messages++; len(some) < 1000 {
			some = append(some, body)
		}
		r.Bytes += len(body)
		return nil
	})
	r.Plain = time.Since(began).Seconds()
	if err != nil {
		return err
	}
	if verifier != nil {
		if r.Verified, err = verified(ctx, client, endpoints[0], verifier, r.Messages); err != nil {
			return err
		}
		r.Alone = alone(verifier, some, r.Messages)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(o.out, text, 0o600)
}

type judged struct {
	body []byte
	seq  int64
	ok   bool
}

func (j *judged) judge(v *sign.Verifier) {
	tree, e, err := event.ParseMessage(j.body)
	j.seq, j.ok = e.Seq, err == nil && v.VerifyAt(tree, time.Unix(e.Timestamp, 0)).OK
}

func verified(ctx context.Context, client *replay.Client, endpoint string, v *sign.Verifier, want int) (float64, error) {
	began, next := time.Now(), int64(0)
	line := inorder.New(1<<20, func(j *judged) { j.judge(v) }, func(j *judged) error {
		if next++; !j.ok || j.seq != next {
			return fmt.Errorf("message %d came where %d was due, or is not to be believed", j.seq, next)
		}
		return nil
	})
	err := client.Fetch(ctx, endpoint, replay.Range{}, func(_ string, body []byte) error { return line.Put(&judged{body: body}, len(body)) })
	if err := errors.Join(line.Close(), err); err != nil {
		return 0, err
	}
	if next != int64(want) {
		return 0, fmt.Errorf("%d messages came, and then %d", want, next)
	}
	return time.Since(began).Seconds(), nil
}

func alone(v *sign.Verifier, list [][]byte, count int) float64 {
	began := time.Now()
	var at atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for n := at.Add(1); n <= int64(count); n = at.Add(1) {
				(&judged{body: list[n%int64(len(list))]}).judge(v)
			}
		})
	}
	wg.Wait()
	return time.Since(began).Seconds()
}
