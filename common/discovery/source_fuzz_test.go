package discovery

import "testing"

// FuzzSource: what is written as a source is one of the four kinds; a fixed one can be
// dialled, and a domain is asked for below a name of DNS.
func FuzzSource(f *testing.F) {
	for _, text := range []string{"tcp://h.example.org:9940", "file:/etc/busbar/x", "dir:", "srv:example.org", "srv:_x._tcp.example.org.", "srv:", "srv:a..b", "srv:\x00", "tcp://*:1", "file:"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse(text, Options{})
		if (Check(text) == nil) != (err == nil) {
			t.Errorf("%q: %v, and Check says another thing", text, err)
		}
		if err != nil {
			return
		}
		switch s := s.(type) {
		case fixed:
			if err := Endpoint(s).check(); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		case *srv:
			question, err := query(7, s.name)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if _, err := readAnswer(question, 7, s.name); err == nil {
				t.Errorf("%q: a question is its own answer", text)
			}
		case *file:
			if s.path == "" {
				t.Errorf("%q is no file", text)
			}
		case *directory:
			if s.path == "" {
				t.Errorf("%q is no directory", text)
			}
		default:
			t.Errorf("%q is a %T", text, s)
		}
	})
}
