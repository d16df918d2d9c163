package journal

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"sync"
	"testing"

	"busbar/common/event"
)

// rsaSeal costs what a real seal costs: two RSA signatures over the canonical
// bytes.
func rsaSeal(b *testing.B) func(map[string]any) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	return func(tree map[string]any) error {
		raw, err := event.Canonical(tree)
		if err != nil {
			return err
		}
		new := sha256.Sum256(raw)
		sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, new[:])
		if err != nil {
			return err
		}
		tree["signature_sha256"] = base64.StdEncoding.EncodeToString(sig)
		if raw, err = event.Canonical(tree); err != nil {
			return err
		}
		old := sha1.Sum(raw)
		if sig, err = rsa.SignPKCS1v15(nil, key, crypto.SHA1, old[:]); err != nil {
			return err
		}
		tree["signature"] = base64.StdEncoding.EncodeToString(sig)
		return nil
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, seal := range []string{"unsigned", "signed"} {
		o := options("")
		if seal == "signed" {
			o.Seal = rsaSeal(b)
		}
		b.Run(seal+"/serial", func(b *testing.B) {
			o.Path = journalPath(b)
			j := mustOpen(b, o)
			for i := 0; b.Loop(); i++ {
				mustAppend(b, j, noteRecord(strconv.Itoa(i)))
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
		b.Run(seal+"/grouped", func(b *testing.B) {
			o.Path = journalPath(b)
			j := mustOpen(b, o)
			var wg sync.WaitGroup
			for i := 0; b.Loop(); i++ {
				wg.Add(1)
				j.Submit(noteRecord(strconv.Itoa(i)), func(_ Result, err error) {
					if err != nil {
						b.Error(err)
					}
					wg.Done()
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	path := closedJournal(b, 10_000)
	for b.Loop() {
		j, err := Open(context.Background(), options(path))
		if err != nil {
			b.Fatal(err)
		}
		j.Close()
	}
}

func BenchmarkAfter(b *testing.B) {
	path := closedJournal(b, 10_000)
	r, err := OpenReader(context.Background(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	n := 0
	for b.Loop() {
		n += len(all(b, r))
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
}
