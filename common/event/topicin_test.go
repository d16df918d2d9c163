package event

import (
	"strings"
	"testing"
)

var bodies = []string{
	`{"topic":"a.b"}`, ` { "i" : 1 , "topic" : "a.b", "msg": {"topic": "x"} } `, `{"msg":[{"topic":"x"}],"topic":"a.b"}`,
	`{"topic":"a","topic":"b"}`, `{"t\u006fpic":"a"}`, `{"topic":"a","t\u006fpic":"b"}`, `{"topic":"a\u002eb"}`, `{"topic":"ä"}`,
	`{"title":"say \"topic\":\"x\"","topic":"a"}`, `{"topic":5}`, `{"topic":{"topic":"x"}}`, `{"topic":""}`, `{}`, `["topic","x"]`, `{"x":"topic","y":"z"}`,
	`{"topic":null,"x":"y"}`, `{"topic":["a"],"topic":"b"}`, `{"topic":"b","topic":[]}`, `{"x":["a","topic","b"],"topic":"c"}`, `"topic"`, `{"a":"\\","topic":"q"}`,
}

// TestTopicIn: it is what reading the whole message gives.
func TestTopicIn(t *testing.T) {
	for _, body := range bodies {
		_, e, wrong := ParseMessage([]byte(body))
		topic, err := TopicIn([]byte(body))
		if topic != e.Topic || (err == nil) != (wrong == nil) {
			t.Errorf("%s: %q, %v; want %q, %v", body, topic, err, e.Topic, wrong)
		}
	}
	if _, ok := topicIn(`{"i":1,"msg":{"n":[1,2,"x"]},"topic":"a.b"}`); !ok {
		t.Error("what everybody writes is read whole")
	}
}

func FuzzTopicIn(f *testing.F) {
	for _, body := range bodies {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		_, e, err := ParseMessage([]byte(body))
		if err != nil {
			return // it is asked of what was read before
		}
		if topic, err := TopicIn([]byte(body)); err != nil || topic != e.Topic {
			t.Errorf("%q: %q, %v; want %q", body, topic, err, e.Topic)
		}
	})
}

func BenchmarkTopicIn(b *testing.B) {
	body := []byte(`{"certificate":"` + strings.Repeat("A", 2000) + `","i":7,"msg":{"package":"x","text":"` + strings.Repeat("b", 400) + `"},"topic":"org.debian.dev.a.b"}`)
	for b.Loop() {
		if topic, err := TopicIn(body); err != nil || topic == "" {
			b.Fatal(topic, err)
		}
	}
}
