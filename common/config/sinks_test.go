package config

import (
	"strings"
	"testing"

	"busbar/common/secret"
)

func TestSinks(t *testing.T) {
	for want, change := range map[string]func(*Shared){
		"":                func(*Shared) {},
		"absolute":        func(s *Shared) { s.Lines.File = "messages.jsonl" },
		"[lines] from":    func(s *Shared) { s.Lines.From = "yesterday" },
		"[push] from":     func(s *Shared) { s.Push.From = "" },
		"no address":      func(s *Shared) { s.Push.URL = secret.NewURL("http://hub.example.org/push") },
		"no address such": func(s *Shared) { s.Push.URL = secret.NewURL("hub.example.org") },
		"secret_file":     func(s *Shared) { s.Push.SecretFile = "" },
		"belong together": func(s *Shared) { s.Push.Certificate = "a.crt" },
		"batch: 0":        func(s *Shared) { s.Push.Batch = 0 },
		"timeout: 0s":     func(s *Shared) { s.Push.Timeout = 0 },
		"cannot be read":  func(s *Shared) { s.Push.URL = secret.NewURL("https://me:pass%zzword@hub.example.org") },
	} {
		s := DefaultShared()
		s.Push.URL, s.Push.SecretFile = secret.NewURL("https://hub.example.org/push"), "push.secret"
		s.Lines.File = "/var/lib/busbar/mail2bus/messages.jsonl"
		change(&s)
		err := s.CompleteShared("prog")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "zzword")) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	for _, url := range []string{"", "http://127.0.0.1:8080/", "http://localhost/x", "http://[::1]/"} {
		s := DefaultShared()
		s.Push.URL, s.Push.SecretFile = secret.NewURL(url), "push.secret"
		if err := s.CompleteShared("prog"); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}
