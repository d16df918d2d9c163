package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"busbar/contrib/trials/trial"
)

// A small herd in every test run; `go run ./contrib/trials/mutants` is the whole one.
func TestMutants(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), trial.Long)
	defer cancel()
	if err := run(ctx, 300, 7); err != nil {
		t.Error(err)
	}
}

func TestDamageIsRepeatable(t *testing.T) {
	originals, err := load()
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for i, o := range originals {
		before := bytes.Clone(o)
		a := damage(rand.New(rand.NewPCG(uint64(i), 0)), o)
		b := damage(rand.New(rand.NewPCG(uint64(i), 0)), o)
		if !bytes.Equal(a, b) {
			t.Errorf("mail %d: the same seed gives different damage", i)
		}
		if !bytes.Equal(o, before) {
			t.Errorf("mail %d: damage changed the original", i)
		}
		if !bytes.Equal(a, o) {
			changed++
		}
	}
	if changed < len(originals)/2 {
		t.Errorf("only %d of %d mails were changed", changed, len(originals))
	}
}
