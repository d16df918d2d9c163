package replay

import (
	"context"
	"testing"
	"time"
)

// FuzzQuery reads requests in fedmsg's form: every one has an answer.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{`{}`, `{"seq_id":1}`, `{"seq_ids":[1,"2",null]}`, `{"seq_id_range":[2,5]}`, `{"time":[1.5,2e9]}`,
		`{"msg_ids":["2014-01234567-89ab-4def-8000-000000000002"]}`, `null`, `[[[[`, "\xff", `{"seq_id":1e400}`, `{"seq_id_range":[-9e9,9e99]}`} {
		f.Add([]byte(s))
	}
	h := Have{Oldest: 3, Newest: 9}
	f.Fuzz(func(t *testing.T, raw []byte) {
		q, err := parseQuery(raw)
		if _, ok := err.(refusal); err != nil && !ok {
			t.Fatalf("%v is no answer", err)
		}
		if err != nil {
			return
		}
		spans, err := q.spansOf(context.Background(), nothing{}, h)
		if err != nil {
			t.Fatal(err)
		}
		last := uint64(0)
		for _, s := range spans {
			if s.from <= last || s.from < h.Oldest || s.to > h.Newest || s.to < s.from {
				t.Fatalf("%q means %v", raw, spans)
			}
			last = s.to
		}
	})
}

// nothing is a source that knows no id and no time.
type nothing struct{ Source }

func (nothing) ByID(context.Context, Have, string) (uint64, error)     { return 0, nil }
func (nothing) Since(context.Context, Have, time.Time) (uint64, error) { return 5, nil }

// FuzzStreamForm reads what the two sides of a stream say.
func FuzzStreamForm(f *testing.F) {
	f.Add([]byte(wordReplay), []byte(`{"publisher":"p","from":1,"to":9,"credit":5}`))
	f.Add([]byte(wordMore), []byte(`{"credit":5}`))
	f.Add([]byte(wordEnd), []byte(`{"why":"gone","next":1,"oldest":3}`))
	f.Add([]byte(wordBegin), []byte(`{"oldest":1e5}`))
	f.Fuzz(func(t *testing.T, word, raw []byte) {
		if r, err := parseRequest([][]byte{word, raw}); err == nil && (r.From > maxSeq || r.To > maxSeq || r.To > 0 && r.To < r.From || len(r.Epoch) > maxName) {
			t.Fatalf("%+v is taken", r)
		}
		if n, err := parseMore([][]byte{word, raw}); err == nil && (n < 1 || n > maxCredit) {
			t.Fatalf("credit %d is taken", n)
		}
		var b begin
		var e end
		if decode(wordBegin, raw, &b) == nil {
			(&fetch{}).pin(b)
		}
		if decode(wordEnd, raw, &e) == nil && (e.err() == nil) != (e.Why == whyComplete) {
			t.Fatalf("%q ends well", raw)
		}
	})
}
