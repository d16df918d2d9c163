package replay

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"busbar/common/event"
)

// numbersOf are the numbers of the messages in an answer.
func numbersOf(t *testing.T, frames []string) []int64 {
	t.Helper()
	var list []int64
	for _, f := range frames {
		_, e, err := event.ParseMessage([]byte(f))
		if err != nil {
			t.Fatalf("%.200q: %v", f, err)
		}
		list = append(list, e.Seq)
	}
	return list
}

// TestQueries asks what fedmsg's server was asked, and what ended it: all is
// answered, and the connection serves on.
func TestQueries(t *testing.T) {
	b := newBook(t, 5)
	s := New(b.source(), nil)
	endpoint := serve(t, s)
	ids := make([]string, 6)
	for i, body := range b.bodies(1, 5) {
		var m struct {
			ID string `json:"msg_id"`
		}
		if err := json.Unmarshal(body, &m); err != nil {
			t.Fatal(err)
		}
		ids[i+1] = m.ID
	}
	at := began.Unix()
	const noMatch = "There was no match for the given query"
	wrongIn := func(field string) string { return `Something went wrong when processing the field "` + field + `"` }
	peer := ask(t, endpoint, "", `{"seq_id":1}`)
	peer.message()
	for _, c := range []struct {
		request string
		want    []int64
		text    string // of an error
	}{
		{`{"seq_id":1}`, []int64{1}, ""},
		{` {"seq_id" : 5.0 } `, []int64{5}, ""},
		{`{"seq_id":999}`, nil, noMatch},
		{`{"seq_id":0}`, nil, noMatch},
		{`{"seq_id":-1}`, nil, noMatch},
		{`{"seq_id":1.5}`, nil, noMatch},
		{`{"seq_id":"1"}`, []int64{1}, ""},
		{`{"seq_id":"one"}`, nil, noMatch},
		{`{"seq_id":null}`, nil, noMatch},
		{`{"seq_id":true}`, nil, wrongIn("seq_id")},
		{`{"seq_ids":[1,3]}`, []int64{1, 3}, ""},
		{`{"seq_ids":[3,1,3]}`, []int64{1, 3}, ""},
		{`{"seq_ids":[4,999]}`, []int64{4}, ""},
		{`{"seq_ids":[]}`, nil, noMatch},
		{`{"seq_ids":3}`, nil, wrongIn("seq_ids")},
		{`{"seq_id_range":[2,5]}`, []int64{3, 4, 5}, ""},
		{`{"seq_id_range":[1,3]}`, []int64{2, 3}, ""}, // an error in every release of fedmsg
		{`{"seq_id_range":[0,2]}`, []int64{1, 2}, ""},
		{`{"seq_id_range":[-1,99]}`, []int64{1, 2, 3, 4, 5}, ""},
		{`{"seq_id_range":["2","4"]}`, []int64{3, 4}, ""},
		{`{"seq_id_range":[3,3]}`, nil, noMatch},
		{`{"seq_id_range":[3,1]}`, nil, noMatch},
		{`{"seq_id_range":[null,3]}`, nil, noMatch},
		{`{"seq_id_range":[[],3]}`, nil, wrongIn("seq_id_range")},
		{`{"seq_id_range":[1]}`, nil, `Ill-format "sed_id_range" field`},
		{`{"seq_id_range":7}`, nil, `Ill-format "sed_id_range" field`},
		{`{"msg_id":"` + ids[2] + `"}`, []int64{2}, ""},
		{`{"msg_id":"2014` + ids[2][4:] + `"}`, []int64{2}, ""},
		{`{"msg_id":"2014-01234567-89ab-4def-8000-000000000002"}`, nil, noMatch},
		{`{"msg_id":"nope"}`, nil, noMatch},
		{`{"msg_id":null}`, nil, noMatch},
		{`{"msg_id":7}`, nil, wrongIn("msg_id")},
		{`{"msg_ids":["` + ids[4] + `","` + ids[2] + `","nope"]}`, []int64{2, 4}, ""},
		{`{"msg_ids":[]}`, nil, noMatch},
		{`{"msg_ids":"` + ids[4] + `"}`, nil, wrongIn("msg_ids")},
		{fmt.Sprintf(`{"time":[%d,%d]}`, at+1, at+3), []int64{2, 3, 4}, ""},
		{fmt.Sprintf(`{"time":[%d.5,%d.5]}`, at+1, at+2), []int64{3}, ""},
		{fmt.Sprintf(`{"time":[%d,%d]}`, at+3, at+1), nil, noMatch},
		{`{"time":[0,1e15]}`, []int64{1, 2, 3, 4, 5}, ""},
		{`{"time":[1,2,3]}`, nil, `Ill-format "time" field`},
		{`{"time":5}`, nil, `Ill-format "time" field`},
		{`{"time":["a","b"]}`, nil, wrongIn("time")},
		{`{"time":[0,1e400]}`, nil, wrongIn("time")},
		{`{"foo":1}`, nil, `Unsupported field: "key"`},
		{`{}`, []int64{1, 2, 3, 4, 5}, ""},
		{`{"seq_id":1,"seq_ids":[2]}`, []int64{1, 2}, ""},
		{fmt.Sprintf(`{"seq_id":1,"time":[%d,%d]}`, at+3, at+4), []int64{1, 4, 5}, ""},
		{`{"seq_id":1,"foo":1}`, nil, `Unsupported field: "key"`},
		// These ended fedmsg's server.
		{`not json`, nil, "The request is not a JSON object"},
		{``, nil, "The request is not a JSON object"},
		{"\xff", nil, "The request is not a JSON object"},
		{"{\"seq_id\":\"\xff\"}", nil, "The request is not a JSON object"},
		{`[1]`, nil, "The request is not a JSON object"},
		{`"x"`, nil, "The request is not a JSON object"},
		{`null`, nil, "The request is not a JSON object"},
		{`{"seq_id":1} {}`, nil, "The request is not a JSON object"},
		{`{"seq_id":[1]}`, nil, wrongIn("seq_id")},
		{`{"seq_ids":[[1]]}`, nil, wrongIn("seq_ids")},
		{`{"seq_id":100000000000000000000}`, nil, wrongIn("seq_id")},
		{`{"seq_id":1e999}`, nil, wrongIn("seq_id")},
		{`{"seq_id":9223372036854775807}`, nil, noMatch},
		{strings.Repeat("[", 30_000), nil, "The request is not a JSON object"},
		{`{"seq_ids":[1` + strings.Repeat(",1", 1000) + `]}`, nil, `Too many values in the field "seq_ids": at most 1000`},
	} {
		peer.send("", c.request)
		got := peer.message()
		if got[0] != "" {
			t.Fatalf("%.80q: no empty frame first: %q", c.request, got)
		}
		if c.text != "" {
			if want := "error: '" + c.text + "'"; len(got) != 2 || got[1] != want {
				t.Errorf("%.80q: %.200q, want %q", c.request, got[1:], want)
			}
			continue
		}
		if strings.HasPrefix(got[1], "error") {
			t.Errorf("%.80q: %q", c.request, got[1])
		} else if seqs := numbersOf(t, got[1:]); !slices.Equal(seqs, c.want) {
			t.Errorf("%.80q: %d, want %d", c.request, seqs, c.want)
		}
	}
	peer.send("", `{"seq_id":1}`, "and one more")
	if got := peer.message(); len(got) != 2 || got[1] != "error: 'The request has more than one frame'" {
		t.Errorf("two frames: %q", got)
	}
	peer.send("corr", "", `{"seq_id":2}`)
	if got := peer.message(); len(got) != 3 || got[0] != "corr" || got[2] != string(b.bodies(2, 2)[0]) {
		t.Errorf("with an envelope: %q", got)
	}
	if s := s.Stats(); len(s.Cut) != 0 || s.Queries["error"] == 0 || s.Queries["messages"] == 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestQueriesAreCapped: the oldest come, and the rest can be asked for.
func TestQueriesAreCapped(t *testing.T) {
	b := newBook(t, 30)
	s := New(b.source(), nil)
	s.limits.answered, s.limits.partCount = 7, 3
	endpoint := serve(t, s)
	for request, want := range map[string][]int64{
		`{}`:                                   {1, 2, 3, 4, 5, 6, 7},
		`{"seq_id_range":[7,30]}`:              {8, 9, 10, 11, 12, 13, 14},
		`{"seq_ids":[30,2,4,6,8,10,12,14,16]}`: {2, 4, 6, 8, 10, 12, 14},
	} {
		if got := ask(t, endpoint, "", request).message(); !slices.Equal(numbersOf(t, got[1:]), want) {
			t.Errorf("%s: %d, want %d", request, numbersOf(t, got[1:]), want)
		}
	}
	b.add(4, 3<<20)
	got := ask(t, endpoint, "", `{"seq_id_range":[30,99]}`).message()
	if seqs := numbersOf(t, got[1:]); !slices.Equal(seqs, []int64{31, 32, 33}) {
		t.Errorf("of 3 MiB each: %d", seqs)
	}
}

// TestQueriesBehindRetention: gone is told from never there.
func TestQueriesBehindRetention(t *testing.T) {
	b := newBook(t, 20)
	b.prune(8)
	endpoint := serve(t, New(b.source(), nil))
	for request, want := range map[string]string{
		`{"seq_id":3}`:           "error: 'There is no match: messages before number 8 are gone'",
		`{"seq_id_range":[2,5]}`: "error: 'There is no match: messages before number 8 are gone'",
		`{"seq_id":21}`:          "error: 'There was no match for the given query'",
	} {
		if got := ask(t, endpoint, "", request).message(); len(got) != 2 || got[1] != want {
			t.Errorf("%s: %q", request, got)
		}
	}
	got := ask(t, endpoint, "", `{"seq_id_range":[2,9]}`).message()
	if seqs := numbersOf(t, got[1:]); !slices.Equal(seqs, []int64{8, 9}) {
		t.Errorf("half of it: %d", seqs)
	}
}
