package self

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"busbar/bus/notify/outbox"
	"busbar/bus/notify/rule"
)

func newStore(t *testing.T, l Limits) *Store {
	t.Helper()
	out, err := outbox.Open(t.Context(), filepath.Join(t.TempDir(), "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	s, err := Open(t.Context(), out, l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestHalfMade: tables that an earlier program could not make to the end are made whole.
func TestHalfMade(t *testing.T) {
	s := newStore(t, DefaultLimits())
	for _, statement := range []string{"DELETE FROM self_changes", "DROP TABLE self_changes"} {
		if _, err := s.out.DB().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		again, err := Open(t.Context(), s.out, DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if n, err := again.Changes(t.Context()); n != 0 || err != nil {
			t.Errorf("after %q: %d changes, %v", statement, n, err)
		}
	}
}

// TestTokensEnd: a token is good for its time and kind, and used once.
func TestTokensEnd(t *testing.T) {
	s := newStore(t, DefaultLimits())
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	s.now = func() time.Time { return now }
	for _, kind := range []Kind{SignIn, Confirm, Session} {
		err := s.Do(t.Context(), func(tx *Tx) error {
			token, err := tx.NewToken(kind, "jane@example.org", "x")
			if err != nil {
				return err
			}
			now = now.Add(kind.GoodFor())
			for _, other := range []Kind{SignIn, Confirm, Session} {
				if _, _, ok, err := tx.Look(other, token); ok != (other == kind) || err != nil {
					t.Errorf("a token for %s as one for %s: %v, %v", kind, other, ok, err)
				}
			}
			now = now.Add(time.Second)
			if _, _, ok, err := tx.Use(kind, token); ok || err != nil {
				t.Errorf("a token for %s after its time: %v, %v", kind, ok, err)
			}
			now = now.Add(-2 * time.Second)
			if person, text, ok, err := tx.Use(kind, token); !ok || person != "jane@example.org" || text != "x" || err != nil {
				t.Errorf("a token for %s: %v, %v", kind, ok, err)
			}
			if _, _, ok, _ := tx.Use(kind, token); ok {
				t.Errorf("a token for %s is used twice", kind)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestAllow counts within a time, and not what is refused.
func TestAllow(t *testing.T) {
	s := newStore(t, DefaultLimits())
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	s.now = func() time.Time { return now }
	for minute, want := range []bool{true, true, false, true, true} {
		at := now.Add(time.Duration(minute) * 20 * time.Minute)
		s.now = func() time.Time { return at }
		err := s.Do(t.Context(), func(tx *Tx) error {
			ok, err := tx.Allow("link", "jane", 2, time.Hour)
			if ok != want {
				t.Errorf("after %d minutes: %v", 20*minute, ok)
			}
			if other, _ := tx.Allow("link", fmt.Sprint(minute), 1, time.Hour); !other {
				t.Error("somebody else is refused")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestRead: what is unchanged is not read again, a rule whose set is gone is left out and
// said, and one person's change touches no other. BUSBAR_PEOPLE sets how many there are.
func TestRead(t *testing.T) {
	people := 50
	if n, err := strconv.Atoi(os.Getenv("BUSBAR_PEOPLE")); err == nil {
		people = n
	}
	s := newStore(t, DefaultLimits())
	who := func(i int) string { return fmt.Sprintf("p%05d@example.org", i) }
	err := s.Do(t.Context(), func(tx *Tx) error {
		for i := range people {
			if err := tx.Admit(who(i)); err != nil {
				return err
			}
			for r := range 10 {
				if _, err := tx.PutRule(who(i), Kept{Form: rule.Form{Name: fmt.Sprint(r), Filter: fmt.Sprintf("package:p%d severity:grave", r)}}); err != nil {
					return err
				}
			}
			if _, err := tx.PutRule(who(i), Kept{Form: rule.Form{Name: "team", Filter: "package:@team"}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	source := &Source{Store: s, Prefix: "org.debian", Names: rule.Book{Sets: map[string][]string{"team": {"tea"}}}}
	start := time.Now()
	first, err := source.Read(t.Context())
	if err != nil || len(first) != people || len(first[0].Rules) != 11 {
		t.Fatalf("%d people, %v", len(first), err)
	}
	t.Logf("%d people with %d rules are read in %s", people, 11*people, time.Since(start))
	if err := s.Do(t.Context(), func(tx *Tx) error { _, err := tx.Subscribe(who(7), "hello"); return err }); err != nil {
		t.Fatal(err)
	}
	start = time.Now()
	second, err := source.Read(t.Context())
	if err != nil || len(second[7].Rules) != 12 {
		t.Fatal(err)
	}
	t.Logf("again, after one changed: %s", time.Since(start))
	for i := range second {
		if (second[i] == first[i]) != (i != 7) {
			t.Errorf("person %d: read again: %v", i, second[i] != first[i])
		}
	}
	gone := &Source{Store: s, Prefix: "org.debian"}
	err = s.Do(t.Context(), func(tx *Tx) error {
		p, wrong, err := gone.Person(tx, who(7))
		if err == nil && (len(p.Rules) != 11 || wrong["team"] == nil) {
			t.Errorf("%d rules, wrong: %v", len(p.Rules), wrong)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
