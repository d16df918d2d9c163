package event

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"busbar/fixtures/corpus"
)

// wireFixtures holds the project's own forms of the wire.
const wireFixtures = "../../fixtures/wire"

func readJSON(t testing.TB, file string, v any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// eachSpoken runs a test on the fixtures in fedmsg's forms, which Python wrote,
// and on what the real fedmsg was seen to say, where captures are.
func eachSpoken(t *testing.T, test func(t *testing.T, dir string)) {
	t.Run("fixtures", func(t *testing.T) { test(t, filepath.Join(wireFixtures, "fedmsg")) })
	if dir, ok := corpus.Captures(t); ok {
		t.Run("captures", func(t *testing.T) { test(t, filepath.Join(dir, "fedmsg")) })
	}
}

// reencode is what a validator computes of a message.
func reencode(wire []byte) ([]byte, error) {
	v, err := Parse(wire)
	if err != nil {
		return nil, err
	}
	return Canonical(v)
}

type canonicalCase struct{ Name, JSON, Canonical string }

func canonicalCases(t testing.TB) []canonicalCase {
	t.Helper()
	var file struct{ Cases []canonicalCase }
	readJSON(t, filepath.Join(wireFixtures, "canonical.json"), &file)
	if len(file.Cases) < 40 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	return file.Cases
}

type refuseCase struct {
	Name string
	Wire []byte `json:"wire_b64"`
}

func refuseCases(t testing.TB) []refuseCase {
	t.Helper()
	var file struct{ Cases []refuseCase }
	readJSON(t, filepath.Join(wireFixtures, "refuse.json"), &file)
	if len(file.Cases) < 40 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	return file.Cases
}

func TestCanonicalFixtures(t *testing.T) {
	for _, c := range canonicalCases(t) {
		for _, wire := range []string{c.JSON, c.Canonical} {
			if got, err := reencode([]byte(wire)); err != nil || string(got) != c.Canonical {
				t.Errorf("%s: %.99q becomes %.99q (%v), want %.99q", c.Name, wire, got, err, c.Canonical)
			}
		}
	}
}

func TestRefuseFixtures(t *testing.T) {
	for _, c := range refuseCases(t) {
		if v, err := Parse(c.Wire); err == nil {
			t.Errorf("%s: %.99q was read as %.99v", c.Name, c.Wire, v)
		}
	}
}

// A frameCase has what an envelope is made of and the frames it becomes.
type frameCase struct {
	Name, Prefix, Environment, Topic string
	Envelope                         json.RawMessage
	Msg                              string
	Frames                           [2]string
	Hash                             string
}

func TestFrameFixtures(t *testing.T) {
	var file struct{ Cases []frameCase }
	readJSON(t, filepath.Join(wireFixtures, "frames.json"), &file)
	if len(file.Cases) < 10 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			members, err := Parse(c.Envelope)
			if err != nil {
				t.Fatal(err)
			}
			e := View(members.(map[string]any))
			if e.Msg, err = Parse([]byte(c.Msg)); err != nil {
				t.Fatal(err)
			}
			if got := JoinTopic(c.Prefix, c.Environment, c.Topic); got != c.Frames[0] || got != e.Topic {
				t.Errorf("the topic is %q, want %q and %q", got, c.Frames[0], e.Topic)
			}
			body, err := Canonical(e.Tree())
			if err != nil || string(body) != c.Frames[1] {
				t.Errorf("the body is %s (%v), want %s", body, err, c.Frames[1])
			}
			if hash, err := Hash(e.Tree()); err != nil || hash != c.Hash {
				t.Errorf("the hash is %s (%v), want %s", hash, err, c.Hash)
			}
		})
	}
}
