package trace

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"busbar/common/event"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// said is a message, minutes after noon.
func said(t testing.TB, minutes int, topic, text string) event.Envelope {
	t.Helper()
	msg, err := event.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	at := noon.Add(time.Duration(minutes) * time.Minute)
	return event.Envelope{
		Topic: "org.debian.dev." + topic, MsgID: event.FormatID(at, event.UUID(topic, text)), Timestamp: at.Unix() + 3600,
		EventTime: at.Format(time.RFC3339), Title: fmt.Sprintf("%d %s", minutes, topic), Msg: msg,
	}
}

// TestOf: a package's life comes in the order in which it happened, whatever order it
// was published in, and each step knows what it followed from.
func TestOf(t *testing.T) {
	life := []struct {
		event.Envelope
		because int
	}{
		{said(t, 0, "scm.tag.create", `{"repository":"tea/teapot.git","ref":"refs/tags/debian/3.1-2"}`), -1},
		{said(t, 1, "debbugs.bug.create", `{"bug":812001,"package":"teapot"}`), -1},
		{said(t, 2, "dak.source.accept", `{"package":"teapot","version":"3.1-2","suite":["unstable"],"closes":[812001]}`), 0},
		{said(t, 3, "debbugs.bug.close", `{"bug":812001,"package":"teapot"}`), 2},
		{said(t, 4, "debbugs.bug.close", `{"bug":812002,"package":"teapot"}`), -1},
		{said(t, 5, "wannabuild.build.queue", `{"package":"teapot","version":"3.1-2","architecture":"arm64"}`), 2},
		{said(t, 6, "wannabuild.build.upload", `{"package":"teapot","version":"3.1-2","architecture":"arm64"}`), 2},
		{said(t, 7, "dak.binary.accept", `{"package":"teapot","version":"3.1-2","architecture":["arm64"]}`), 6},
		{said(t, 8, "dak.binary.accept", `{"package":"teapot","version":"3.1-2","architecture":["riscv64"]}`), 2},
		{said(t, 9, "wannabuild.build.upload", `{"package":"teapot","version":"3.1-2+b2","architecture":"arm64"}`), 2},
		{said(t, 10, "dak.binary.accept", `{"package":"teapot","version":"3.1-2+b2","source_version":"3.1-2","architecture":["arm64"]}`), 9},
		{said(t, 11, "dak.source.accept", `{"package":"teapot","version":"3.1-3","suite":["unstable"],"closes":[]}`), -1},
		{said(t, 12, "dak.bug.close", `{"package":"teapot","bug":812009,"version":"3.1-3"}`), 11},
		{said(t, 12, "wannabuild.build.fail", `{"package":"teapot","version":"3.1-3","architecture":"arm64"}`), 11},
		{said(t, 12, "debbugs.bug.close", `{"bug":812009,"package":"teapot"}`), 12},
		{said(t, 13, "britney.package.migrate", `{"package":"teapot","version":"3.1-2"}`), 2},
	}
	for range 20 {
		var list []event.Envelope
		for _, i := range rand.Perm(len(life)) {
			list = append(list, life[i].Envelope, life[i].Envelope) // found by both queries
		}
		list = append(list, said(t, 2, "scm.branch.update", `{"repository":"tea/teapot-doc"}`), said(t, 3, "dak.source.accept", `{"package":"kettle","version":"1"}`),
			said(t, 3, "debmessenger.package.upload", `{"package":"teapot"}`))
		steps := Of("teapot", list)
		if len(steps) != len(life) {
			t.Fatalf("%d steps, want %d", len(steps), len(life))
		}
		for i, s := range steps {
			if s.Title != life[i].Title || s.Because != life[i].because || (s.Why == "") != (s.Because < 0) {
				t.Errorf("step %d is %q because of %d (%s), want %q because of %d", i, s.Title, s.Because, s.Why, life[i].Title, life[i].because)
			}
		}
	}
}
