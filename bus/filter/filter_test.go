package filter

import (
	"testing"

	"busbar/common/config"
	"busbar/common/event"
)

func parse(t testing.TB, text string) any {
	t.Helper()
	v, err := event.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFilter(t *testing.T) {
	bug := event.Envelope{
		Topic: "org.debian.dev.debbugs.bug.create",
		Msg:   parse(t, `{"package": "teapot", "packages": ["src:kettle"], "person": {"name": "Nora Ortega", "email": "nora@example.org"}}`),
	}
	foreign := event.Envelope{Topic: "org.example.prod.debbugs.bug.create", Msg: parse(t, `[{"Binary": "a, b"}, 7, null]`)}
	for _, c := range []struct {
		f    Filter
		e    event.Envelope
		want bool
	}{
		{Filter{}, bug, true},
		{Filter{Topic: []string{"debbugs"}}, bug, true},
		{Filter{Topic: []string{"debbugs.bug.*"}}, bug, true},
		{Filter{Topic: []string{"org.debian.dev"}}, bug, true},
		{Filter{Topic: []string{"*"}}, bug, true},
		{Filter{Topic: []string{"debbugs.b"}}, bug, false},
		{Filter{Topic: []string{"bug"}}, bug, false},
		{Filter{Topic: []string{"dak", "debbugs"}}, bug, true},
		{Filter{Topic: []string{"debbugs"}}, foreign, false},
		{Filter{Topic: []string{"org.example.prod.debbugs"}}, foreign, true},
		{Filter{Package: []string{"kettle"}}, bug, true},
		{Filter{Package: []string{"tea"}}, bug, false},
		{Filter{Package: []string{"b"}}, foreign, true},
		{Filter{Person: []string{"ORTEGA"}}, bug, true},
		{Filter{Person: []string{"nora@"}}, foreign, false},
		{Filter{Topic: []string{"debbugs"}, Person: []string{"somebody"}}, bug, false},
	} {
		if got := c.f.Takes(config.DefaultBus().Prefix, c.e); got != c.want {
			t.Errorf("%+v takes %s: %v", c.f, c.e.Topic, got)
		}
	}
}
