package config

import (
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	for _, c := range []struct {
		text string
		want Size
		back string
	}{
		{"0", 0, "0"}, {"1", 1, "1"}, {"100B", 100, "100"}, {"1KiB", 1024, "1KiB"}, {"64 MiB", 64 << 20, "64MiB"},
		{" 3GiB ", 3 << 30, "3GiB"}, {"2TiB", 2 << 40, "2TiB"}, {"1025", 1025, "1025"}, {"2048", 2048, "2KiB"},
	} {
		var s Size
		if err := s.UnmarshalText([]byte(c.text)); err != nil || s != c.want {
			t.Errorf("%q: %d, %v", c.text, s, err)
		}
		back, err := s.MarshalText()
		if err != nil || string(back) != c.back {
			t.Errorf("%d is written %q, %v; want %q", s, back, err, c.back)
		}
	}
	for _, text := range []string{"", "-1", "1.5MiB", "64MB", "MiB", "9999999999TiB", "1e3", "0x10"} {
		s := Size(42)
		if err := s.UnmarshalText([]byte(text)); err == nil || s != 42 {
			t.Errorf("%q: %d, %v", text, s, err)
		}
	}
}

func TestDuration(t *testing.T) {
	var d Duration
	if err := d.UnmarshalText([]byte("1h30m")); err != nil || d != Duration(90*time.Minute) {
		t.Errorf("%v, %v", d, err)
	}
	if text, err := d.MarshalText(); string(text) != "1h30m0s" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	for _, text := range []string{"", "30", "soon", "5 days"} {
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// FuzzSize writes what it has read and reads the same again.
func FuzzSize(f *testing.F) {
	for _, s := range []string{"0", "64MiB", "1 KiB", "-1", "9223372036854775807"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var a, b Size
		if a.UnmarshalText([]byte(text)) != nil {
			return
		}
		back, err := a.MarshalText()
		if err != nil || b.UnmarshalText(back) != nil || a != b || a < 0 {
			t.Errorf("%q is %d, written %q, read %d (%v)", text, a, back, b, err)
		}
	})
}

func TestKeys(t *testing.T) {
	want := map[string][2]string{ // type, default
		"bus.prefix": {"text", "org.debian"}, "bus.publish": {"list of text", ""}, "bus.heartbeat": {"duration", "30s"},
		"bus.keep_size": {"size", "0"}, "sign.policy": {"table", ""}, "own.lists": {"yes or no", "false"},
		"own.count": {"number", "0"}, "own.limit": {"size", "64MiB"}, "own.poll": {"duration", "1m0s"},
	}
	first := ""
	for _, k := range Keys(sample()) {
		if first == "" {
			first = k.Path
		}
		if k.Doc == "" {
			t.Errorf("%s says nothing of itself", k.Path)
		}
		if w, ok := want[k.Path]; ok {
			if k.Type != w[0] || k.Default != w[1] {
				t.Errorf("%s: type %q, default %q; want %q", k.Path, k.Type, k.Default, w)
			}
			delete(want, k.Path)
		}
		if k.Path == "bus.keep_size" && k.Env() != "BUSBAR_BUS_KEEP_SIZE" {
			t.Errorf("its variable is %s", k.Env())
		}
	}
	if first != "bus.prefix" || len(want) != 0 {
		t.Errorf("first %q, missing %v", first, want)
	}
}
