package journal

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"busbar/common/event"
)

// realSeal costs what a real seal costs: an Ed25519 and an RSA signature.
func realSeal(b *testing.B) func(*event.Encoded) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	_, strong, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	return func(m *event.Encoded) error {
		m.Set("signature_ed25519", base64.StdEncoding.EncodeToString(ed25519.Sign(strong, []byte(m.Hash()))))
		old := m.Sum(event.NewSum(sha1.New()))
		sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, old)
		if err != nil {
			return err
		}
		m.Set("signature", base64.StdEncoding.EncodeToString(sig))
		return nil
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, seal := range []string{"unsigned", "signed"} {
		o := options("")
		if seal == "signed" {
			o.Seal = realSeal(b)
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
			const many = 1024 // each loop's time is that of records that are stored
			for i := 0; b.Loop(); i += many {
				var stored sync.WaitGroup
				stored.Add(many)
				for n := range many {
					j.Submit(noteRecord(strconv.Itoa(i+n)), func(_ Result, err error) {
						if err != nil {
							b.Error(err)
						}
						stored.Done()
					})
				}
				stored.Wait()
			}
			b.ReportMetric(float64(b.N*many)/b.Elapsed().Seconds(), "records/s")
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

// BenchmarkStates is the first sight of a table: every row is stored, 2,000 at
// once, as they lie in the table or in the order of their keys.
func BenchmarkStates(b *testing.B) {
	const rows = 200_000
	value := []byte(`{"c":{"builder":"builder-7","installed_version":"1.7-1","notes":null,"previous_state":"Uploaded","section":"misc","state":"Installed","state_change":"2026-01-01 00:00:07","version":"1.7-1"}}`)
	for _, name := range []string{"scattered", "ordered"} {
		keys := make([]string, rows)
		for i := range keys {
			keys[i] = fmt.Sprintf("arch%d/package-%d/sid", i%20, i/20)
		}
		if name == "ordered" {
			slices.Sort(keys)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				o := options("")
				o.Path = journalPath(b)
				j := mustOpen(b, o)
				for some := range slices.Chunk(keys, 2000) {
					r := Record{Source: "table"}
					for _, key := range some {
						r.States = append(r.States, event.State{Source: "table", Key: key, Value: value})
					}
					mustAppend(b, j, r)
				}
			}
			b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
