package rule

import (
	"testing"
	"time"
)

// TestJoin: who is in files and keeps rules, too, is one person, with both's rules and the
// files' limits; all others stay as they are.
func TestJoin(t *testing.T) {
	files := []*Person{
		{Key: "bob", Addresses: []string{"bob@example.org"}},
		{Key: "jane", Addresses: []string{"jane@work.example.org", "jane@example.org"}, Limit: Limit{7, time.Hour}, Rules: []*Rule{{Name: "a"}}},
	}
	own := []*Person{
		{Key: "alice@example.org", Addresses: []string{"alice@example.org"}, Rules: []*Rule{{Name: "c"}}},
		{Key: "jane@example.org", Addresses: []string{"jane@example.org"}, Limit: DefaultLimit(), Paused: true, Rules: []*Rule{{Name: "b"}}},
	}
	all, keys, err := Join(files, own)
	if err != nil || len(all) != 3 || all[0].Key != "alice@example.org" || all[1] != files[0] {
		t.Fatalf("%+v, %v", all, err)
	}
	if jane := all[2]; jane.Key != "jane" || len(jane.Rules) != 2 || jane.Rules[1].Name != "b" || jane.Limit.Notes != 7 || !jane.Paused {
		t.Errorf("%+v", jane)
	}
	if keys["jane@example.org"] != "jane" || keys["alice@example.org"] != "alice@example.org" || len(files[1].Rules) != 1 || files[1].Paused {
		t.Errorf("%v, %+v", keys, files[1])
	}
	if _, _, err := Join(nil, []*Person{{Key: "x"}}); err == nil {
		t.Error("a person without an address")
	}
}
