package archive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"busbar/common/state"
)

// projections are like those of the adapters.
var projections = []state.Projection{
	{Kind: "bug", Plural: "bugs", Version: 1, Topics: []string{"debbugs.bug.create", "debbugs.bug.close"}, Members: []state.Member{{Name: "bug"}, {Name: "package"}, {Name: "title"}, {Name: "status"}, {Name: "tags", List: true}},
		Of: func(topic string, body map[string]any) []state.Change {
			c := state.Change{Key: state.Number(body, "bug"), Set: state.Take(map[string]any{"status": strings.TrimPrefix(topic, "debbugs.bug.")}, body, "bug", "package", "title")}
			c.Add = map[string][]any{"tags": {state.Text(body, "version")}}
			c.Remove = map[string][]any{"tags": {state.Text(body, "state")}}
			return []state.Change{c, {Key: c.Key, Weak: true, Set: state.Take(map[string]any{}, body, "person")}}
		}},
	{Kind: "build", Plural: "builds", Version: 1, Topics: []string{"wannabuild.build.fail"}, InSequence: true, Members: []state.Member{{Name: "package"}, {Name: "version"}},
		Of: func(_ string, body map[string]any) []state.Change {
			key := state.Text(body, "suite") + "/" + state.Text(body, "architecture") + "/" + state.Text(body, "package")
			return []state.Change{{Key: key, Whole: true, Gone: state.Text(body, "state") == "Failed", Set: state.Take(map[string]any{}, body, "package", "suite", "version", "state")}}
		}},
	{Kind: "ref", Plural: "refs", Version: 1, Topics: []string{"*.branch.update"}, Of: func(_ string, body map[string]any) []state.Change {
		return []state.Change{{Key: state.Text(body, "repository") + " " + state.Text(body, "ref"), Whole: true, Set: state.Take(map[string]any{}, body, "after")}}
	}},
}

func table(t testing.TB, list ...state.Projection) *state.Table {
	t.Helper()
	table, err := state.NewTable(list...)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestStates: states are found by key, by package, by what their keys begin with and by
// members, page by page, with the sequences as of which they are; and so they are in SQL.
func TestStates(t *testing.T) {
	a := mustOpen(t, Options{})
	ctx := context.Background()
	var b Batch
	for i := range 60 {
		pkg := packages[i%len(packages)]
		s := said{publisher: "p", epoch: "e", seq: int64(i + 1), id: fmt.Sprint(i), time: int64(i), topic: "wannabuild.build.fail",
			msg: map[string]any{"package": pkg, "suite": []string{"sid", "stable", "stable-updates"}[i%3], "architecture": fmt.Sprint("a", i/15), "version": fmt.Sprint(i), "state": []string{"Failed", "Built"}[i%2]}}
		b.Messages = append(b.Messages, read(t, s.wire(t)))
	}
	mustAppend(t, a, b)
	for name, c := range map[string]struct {
		q    StateQuery
		want int
	}{
		"all": {StateQuery{Kind: "build", Gone: true}, 60}, "there": {StateQuery{Kind: "build"}, 30}, "of a package": {StateQuery{Kind: "build", Package: "teapot", Gone: true}, 12},
		"below": {StateQuery{Kind: "build", Under: "stable/", Gone: true}, 20}, "below and of a package": {StateQuery{Kind: "build", Under: "sid/a0/", Package: "teapot", Gone: true}, 1},
		"with a member": {StateQuery{Kind: "build", Under: "sid/", Members: map[string]string{"version": "57", "state": "Built"}}, 1}, "of another kind": {StateQuery{Kind: "bug"}, 0},
	} {
		var keys []string
		for c.q.Limit = 7; ; {
			list, asOf, err := a.States(ctx, c.q)
			if err != nil || len(asOf) != 1 || asOf[0].Head != 60 {
				t.Fatalf("%s: as of %v, %v", name, asOf, err)
			}
			for _, s := range list {
				keys = append(keys, s.Key)
				if one, err := a.StateOf(ctx, s.Kind, s.Key); err != nil || !cmp.Equal(one, s) || s.By.Seq != s.N || s.By.Publisher != "p" {
					t.Errorf("%s: %+v is %+v, %v", name, s, one, err)
				}
			}
			if len(list) < c.q.Limit {
				break
			}
			c.q.After = list[len(list)-1].Key
		}
		seen := map[string]bool{}
		for _, k := range keys {
			seen[k] = true
		}
		if len(keys) != c.want || len(seen) != c.want {
			t.Errorf("%s: %d states, want %d", name, len(keys), c.want)
		}
	}
	if _, _, err := a.States(ctx, StateQuery{Kind: "build", Members: map[string]string{"version": "1"}}); !errors.Is(err, ErrQuery) {
		t.Errorf("a question that looks at all: %v", err)
	}
	if _, err := a.StateOf(ctx, "build", "nothing"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a thing that is not there: %v", err)
	}
	var version, happened string
	if err := a.Reader.db.QueryRow("SELECT version, happened FROM bus_builds WHERE package = 'kettle' ORDER BY arrival DESC LIMIT 1").Scan(&version, &happened); err != nil || version != "51" || happened != "1970-01-01 00:00:51" {
		t.Errorf("in SQL it is version %q of %q, %v", version, happened, err)
	}
}

// TestOtherProjections: an archive whose states were made by other rules gets them again,
// and one whose journal was put back has the newest, whatever its number is.
func TestOtherProjections(t *testing.T) {
	ctx := context.Background()
	build := func(version string, seq int64, time int64) Incoming {
		return read(t, said{publisher: "p", epoch: "e", seq: seq, id: version, time: time, topic: "wannabuild.build.fail",
			msg: map[string]any{"package": "teapot", "suite": "sid", "architecture": "a", "version": version}}.wire(t))
	}
	o := Options{Path: t.TempDir() + "/archive.db", States: table(t)}
	a := mustOpen(t, o)
	mustAppend(t, a, Batch{Messages: []Incoming{build("1", 7, 50), build("2", 8, 40)}})
	if list, _, err := a.States(ctx, StateQuery{Kind: "build"}); err != nil || len(list) != 0 {
		t.Fatalf("without projections there are %v, %v", list, err)
	}
	for _, list := range [][]state.Projection{projections, projections[1:], projections[:1], projections} {
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		o.States = table(t, list...)
		a = mustOpen(t, o)
	}
	want := func(version string) {
		t.Helper()
		s, err := a.StateOf(ctx, "build", "sid/a/teapot")
		if text := `{"event":"wannabuild.build.fail","package":"teapot","suite":"sid","version":"` + version + `"}`; err != nil || s.Value != text {
			t.Errorf("it is %s (%v), want %s", s.Value, err, text)
		}
	}
	want("2")
	mustAppend(t, a, Batch{Messages: []Incoming{build("0", 6, 60)}}) // by number it is older
	want("2")
	mustAppend(t, a, Batch{Gaps: []Gap{{Publisher: "p", Epoch: "e", First: 5, Reason: PutBack}}, Messages: []Incoming{build("3", 5, 70)}})
	want("3")
	dump := derivedRows(t, a)
	if err := a.Rebuild(ctx); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dump, derivedRows(t, a)); diff != "" {
		t.Error(diff)
	}
}

// TestDamagedState: a state that cannot be read is an error that says so.
func TestDamagedState(t *testing.T) {
	a := mustOpen(t, Options{})
	m := said{publisher: "p", epoch: "e", seq: 1, id: "1", topic: "scm.branch.update", msg: map[string]any{"repository": "r", "ref": "x", "after": "1"}}
	mustAppend(t, a, Batch{Messages: []Incoming{read(t, m.wire(t))}})
	if _, err := a.db.Exec("UPDATE states SET said = x'0101'"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.StateOf(context.Background(), "ref", "r x"); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a damaged state: %v", err)
	}
	m.seq, m.id = 2, "2"
	if _, err := a.Append(context.Background(), Batch{Messages: []Incoming{read(t, m.wire(t))}}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a message about a damaged state: %v", err)
	}
}
