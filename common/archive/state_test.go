package archive

import (
	"context"
	"fmt"
	"testing"

	"busbar/common/event"
)

// TestStates tells a few stories, and looks at what is known in the end.
func TestStates(t *testing.T) {
	type m = map[string]any
	person := m{"name": "Nora", "email": "nora@example.org"}
	bug := func(more m) m {
		all := m{"bug": 7, "package": "teapot", "tags": []string{"patch"}}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	for name, c := range map[string]struct {
		said      []said // of p, in order; time in seconds
		kind, key string
		want      string
	}{
		"a bug": {[]said{
			{topic: "debbugs.bug.create", msg: bug(m{"title": "drips", "severity": "normal"})},
			{topic: "debbugs.bug.severity.update", msg: bug(m{"severity": "grave"})},
			{topic: "debbugs.bug.close", msg: bug(m{"tags": []string{}})},
			{topic: "debbugs.bug.comment", msg: bug(m{"title": "Re: drips"})},
		}, StateBug, "7", `{"event":"debbugs.bug.comment","package":"teapot","severity":"grave","status":"done","tags":["patch"],"title":"drips"}`},
		"a bug again": {[]said{
			{topic: "debbugs.bug.close", msg: bug(nil)}, {topic: "debbugs.bug.reopen", msg: bug(nil)},
		}, StateBug, "7", `{"event":"debbugs.bug.reopen","package":"teapot","status":"open","tags":["patch"]}`},
		"another publisher's earlier news": {[]said{
			{topic: "debbugs.bug.close", msg: bug(nil), time: 50}, {publisher: "q", topic: "debbugs.bug.create", msg: bug(nil), time: 40},
		}, StateBug, "7", `{"event":"debbugs.bug.close","package":"teapot","status":"done","tags":["patch"]}`},
		"the same publisher's, by a wrong clock": {[]said{
			{topic: "debbugs.bug.close", msg: bug(nil), time: 50}, {topic: "debbugs.bug.reopen", msg: bug(nil), time: 40},
		}, StateBug, "7", `{"event":"debbugs.bug.reopen","package":"teapot","status":"open","tags":["patch"]}`},
		"a build": {[]said{
			{topic: "wannabuild.build.fail", msg: m{"package": "teapot", "suite": "sid", "architecture": "arm64", "version": "1", "state": "Failed", "reason": "it leaks"}},
			{topic: "wannabuild.build.take", msg: m{"package": "teapot", "suite": "sid", "architecture": "arm64", "version": "2", "state": "Building", "builder": "b1"}},
		}, StateBuild, "sid/arm64/teapot", `{"architecture":"arm64","builder":"b1","event":"wannabuild.build.take","package":"teapot","state":"Building","suite":"sid","version":"2"}`},
		"an upload": {[]said{
			{topic: "dak.source.accept", msg: m{"package": "teapot", "suite": []string{"sid", "stable"}, "version": "3", "architecture": []string{"source"}}},
		}, StateUpload, "stable/teapot", `{"architecture":["source"],"event":"dak.source.accept","package":"teapot","version":"3"}`},
		"binaries": {[]said{
			{topic: "dak.binary.accept", msg: m{"package": "teapot", "suite": []string{"sid"}, "version": "3", "architecture": []string{"arm64", "all"}}},
		}, StateUpload, "sid/all/teapot", `{"architecture":["arm64","all"],"event":"dak.binary.accept","package":"teapot","version":"3"}`},
		"a branch": {[]said{
			{topic: "scm.branch.create", msg: m{"repository": "tea/kettle", "ref": "refs/heads/main", "after": "b", "person": person}},
			{topic: "salsa.branch.delete", msg: m{"repository": "tea/kettle", "ref": "refs/heads/main", "before": "b"}},
		}, StateRef, "tea/kettle refs/heads/main", `{"before":"b","event":"salsa.branch.delete","ref":"refs/heads/main","repository":"tea/kettle","status":"deleted"}`},
		"a long member": {[]said{
			{topic: "scm.tag.create", msg: m{"repository": "tea", "ref": "refs/tags/1", "after": "b", "url": fmt.Sprintf("%2000d", 1)}},
		}, StateRef, "tea refs/tags/1", `{"after":"b","event":"scm.tag.create","ref":"refs/tags/1","repository":"tea"}`},
	} {
		t.Run(name, func(t *testing.T) {
			a := mustOpen(t, Options{})
			var b Batch
			for i, s := range c.said {
				if s.publisher == "" {
					s.publisher = "p"
				}
				s.epoch, s.seq, s.id = "e", int64(i+1), fmt.Sprint(name, i)
				b.Messages = append(b.Messages, read(t, s.wire(t)))
			}
			mustAppend(t, a, b)
			got, err := a.StateOf(context.Background(), c.kind, c.key)
			if err != nil || got.Value != c.want {
				t.Errorf("%s is %s (%v), want %s", c.key, got.Value, err, c.want)
			}
			list, asOf, err := a.States(context.Background(), c.kind, "", 1000)
			if err != nil || len(list) == 0 || len(asOf) == 0 || asOf[0].Publisher != "p" || asOf[0].Head == 0 {
				t.Errorf("%d states as of %v, %v", len(list), asOf, err)
			}
		})
	}
}

// TestOddBodies: what no adapter of ours says makes no state, and no error.
func TestOddBodies(t *testing.T) {
	a := mustOpen(t, Options{})
	var b Batch
	for i, wire := range []string{
		`{"topic":"x","msg":{"bug":7}}`, `{"topic":"a.b.debbugs.bug.close","msg":{"bug":"7"}}`, `{"topic":"a.b.debbugs.bug.close","msg":[{"bug":7}]}`,
		`{"topic":"a.b.debbugs.bug.close","msg":null}`, `{"topic":"a.b.wannabuild.build.fail","msg":{"package":"p","suite":7,"state":"s"}}`,
		`{"topic":"a.b.dak.source.accept","msg":{"package":"p","suite":"sid"}}`, `{"topic":"....","msg":{"repository":"p","ref":"r"}}`,
		`{"topic":"a.b.scm.branch.update","msg":{"repository":"` + fmt.Sprintf("%2000d", 1) + `","ref":"r","after":"x"}}`,
	} {
		_, e, err := event.ParseMessage([]byte(wire))
		if err != nil {
			t.Fatal(i, err)
		}
		b.Messages = append(b.Messages, Incoming{Envelope: e, Wire: []byte(wire)})
	}
	mustAppend(t, a, b)
	var n int
	if err := a.db.QueryRow("SELECT count(*) FROM states").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d states, %v", n, err)
	}
}
