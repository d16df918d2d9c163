package wire

import (
	"runtime"
	"strings"
	"testing"

	"busbar/common/event"
)

// TestHostileBodies: of what nobody signed nothing is made but a small multiple
// of its size, whatever it is made of; what is said of it is short.
func TestHostileBodies(t *testing.T) {
	const size = 4 << 20
	fill := func(head, part, tail string) []byte {
		return []byte(head + strings.Repeat(part, (size-len(head)-len(tail))/len(part)) + tail)
	}
	tree := map[string]any{}
	if _, e, err := event.ParseMessage(signed(t, goodSigner, 1, nil, nil)); err != nil || e.Topic == "" {
		t.Fatal(err)
	}
	real, _, err := event.ParseMessage(signed(t, goodSigner, 1, nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"topic", "crypto", "certificate", "signature", "signature_sha256"} {
		tree[k] = real[k]
	}
	claimed, err := event.Canonical(tree) // with somebody's real certificate
	if err != nil {
		t.Fatal(err)
	}
	open := `{"topic":"` + noteTopic + `","msg":`
	with := strings.TrimSuffix(string(claimed), "}") + `,"msg":`
	bodies := map[string][]byte{
		"small objects":      fill(open+"[", `{"":0},`, "0]}"),
		"numbers":            fill(open+"[", "1,", "0]}"),
		"members":            fill(open+"{", `"":0,`, `"":0}}`),
		"depth":              fill(open, "[", ""),
		"depth in objects":   fill(open, `{"":`, ""),
		"invalid":            fill("", "\xff", ""),
		"a long id":          fill(`{"topic":"`+noteTopic+`","msg_id":"`, "1", `"}`),
		"a long backend":     fill(`{"topic":"`+noteTopic+`","crypto":"`, "x", `"}`),
		"a long signature":   fill(strings.TrimSuffix(string(claimed), "}")+`,"signature":"`, "A", `"}`),
		"a long certificate": fill(strings.TrimSuffix(string(claimed), "}")+`,"certificate":"`, "A", `"}`),
		"deletes":            fill(with+`"`, "\x7f", `"}`),
		"accents":            fill(with+`"`, "é", `"}`),
		"escapes":            fill(with+`"`, `\u007f`, `"}`),
		"short escapes":      fill(with+`"`, `\n`, `"}`),
		"long members":       fill(with+"[", `"`+strings.Repeat("\x7f", 60)+`",`, "0]}"),
		"objects, as many as may be": []byte(with + "[" + strings.Repeat(`{"":0},`, event.MaxElements/3-20) +
			`"` + strings.Repeat("\x7f", size-7*event.MaxElements/3) + `"]}`),
		"another topic": fill(`{"topic":"`, "a.", `"}`),
	}
	f := unsocketed(t, nil)
	for name, body := range bodies {
		if len(body) > size+size/16 || len(body) < size/2 {
			t.Fatalf("%s has %d bytes", name, len(body))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		d := f.judge(frame(body))
		runtime.ReadMemStats(&after)
		if d.Err == nil || d.Tree != nil {
			t.Errorf("%s is believed: %v", name, d.Err)
			continue
		}
		if text := d.Err.Error(); len(text) > 1<<10 {
			t.Errorf("%s is told in %d bytes", name, len(text))
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 6*size {
			t.Errorf("%s of %d bytes takes %d bytes", name, len(body), taken)
		}
	}
	d := f.judge(newFrame("tcp://here", [][]byte{fill("", "a.", ""), []byte("{}")}))
	if d.Err == nil || len(d.Topic) > event.MaxTopic || len(d.Err.Error()) > 1<<10 {
		t.Errorf("a long topic is told in %d bytes: %.100v", len(d.Topic), d.Err)
	}
}
