package config

import (
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:9470": "", ":9470": "", "[::1]:0": "", "localhost:http": "", "*:*": "",
		"9470": "missing port", "127.0.0.1:99999": "from 0 to 65535", "127.0.0.1:-1": "from 0 to 65535", "::1:80": "too many colons",
	} {
		if err := CheckAddress(address); (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	for _, c := range []struct{ publish, replay, hubs, want string }{
		{"tcp://*:9940 tcp://127.0.0.1:0 tcp://127.0.0.1:0 tcp://[::1]:9940", "tcp://*:9941", "tcp://hub.example.org:9950", ""},
		{"127.0.0.1:9940", "", "", `publish: "127.0.0.1:9940" is not an endpoint`},
		{"tcp://127.0.0.1", "", "", "publish: address 127.0.0.1: missing port"},
		{"tcp://*:65536", "", "", "publish: address *:65536: the port"},
		{"tcp://*:9940 tcp://*:9940", "", "", `publish: "tcp://*:9940" stands there twice`},
		{"", "tcp://*:70000", "", "replay: address"},
		{"", "tcp://*:9941 tcp://*:9941", "", "replay: \"tcp://*:9941\" stands there twice"},
		{"", "", "tcp://hub.example.org:99500", "hubs: address"},
		{"", "", "hub.example.org:9950", "is not an endpoint such as tcp://hub"},
	} {
		b := DefaultBus()
		b.Publish, b.Replay, b.Hubs = strings.Fields(c.publish), strings.Fields(c.replay), strings.Fields(c.hubs)
		err := b.Complete("prog")
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
