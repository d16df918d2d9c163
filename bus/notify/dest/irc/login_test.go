package irc

import (
	"crypto/tls"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/desttest"
	"busbar/common/config"
)

// file is one with a line.
func file(t *testing.T, line string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestLogin: what the server is told, in which order, and what its answers mean.
func TestLogin(t *testing.T) {
	cert, key, server := certificates(t)
	long := strings.Repeat("p", 300)
	plain := func(password string) string {
		return base64.StdEncoding.EncodeToString([]byte("bot\x00bot\x00" + password))
	}
	ping := step{"PING :busbar-1", ":s PONG s :busbar-1"}
	welcome := step{"CAP END", ":s 001 busbar :hello"}
	for name, c := range map[string]struct {
		network Network
		steps   []step
		want    string // part of the error; empty: logged in
	}{
		"plain": {Network{SASL: "plain", Account: "bot", PasswordFile: file(t, "tea")}, []step{
			{"CAP LS 302", ":s CAP * LS * :multi-prefix\n:s CAP * LS :sasl=PLAIN,EXTERNAL away-notify"}, {"CAP REQ :sasl", ":s CAP busbar ACK :sasl"}, {"AUTHENTICATE PLAIN", "AUTHENTICATE +"},
			{"AUTHENTICATE " + plain("tea"), ":s 900 busbar b!u@h bot :in\n:s 903 busbar :in"}, welcome, ping,
		}, ""},
		"a long password": {Network{SASL: "plain", Account: "bot", PasswordFile: file(t, long)}, []step{
			{"CAP LS 302", ":s CAP * LS :sasl"}, {"CAP REQ :sasl", ":s CAP busbar ACK :sasl "}, {"AUTHENTICATE PLAIN", "AUTHENTICATE +"},
			{"AUTHENTICATE " + plain(long)[:400], ""}, {"AUTHENTICATE " + plain(long)[400:], ":s 903 busbar :in"}, welcome, ping,
		}, ""},
		"a part that is full": {Network{SASL: "plain", Account: "bot", PasswordFile: file(t, strings.Repeat("p", 292))}, []step{
			{"CAP LS 302", ":s CAP * LS :sasl"}, {"CAP REQ :sasl", ":s CAP busbar ACK :sasl"}, {"AUTHENTICATE PLAIN", "AUTHENTICATE +"},
			{"AUTHENTICATE " + plain(strings.Repeat("p", 292))[:400], ""}, {"AUTHENTICATE +", ":s 903 busbar :in"}, welcome, ping,
		}, ""},
		"external": {Network{SASL: "external", Certificate: cert, Key: key}, []step{
			{"CAP LS 302", ":s CAP * LS :sasl=EXTERNAL"}, {"CAP REQ :sasl", ":s CAP busbar ACK :sasl"}, {"AUTHENTICATE EXTERNAL", "AUTHENTICATE +"}, {"AUTHENTICATE +", ":s 903 busbar :in"}, welcome, ping,
		}, ""},
		"wrong password": {Network{SASL: "plain", Account: "bot", PasswordFile: file(t, "tea")}, []step{
			{"CAP LS 302", ":s CAP * LS :sasl"}, {"CAP REQ :sasl", ":s CAP busbar ACK :sasl"}, {"AUTHENTICATE PLAIN", "AUTHENTICATE +"}, {"AUTHENTICATE ", ":s 904 busbar :SASL authentication failed"},
		}, "password_file"},
		"no SASL":       {Network{SASL: "plain", Account: "bot", PasswordFile: file(t, "tea")}, []step{{"CAP LS 302", ":s CAP * LS :multi-prefix"}}, "knows no account"},
		"another SASL":  {Network{SASL: "plain", Account: "bot", PasswordFile: file(t, "tea")}, []step{{"CAP LS 302", ":s CAP * LS :sasl=EXTERNAL"}}, "knows no account"},
		"server's pass": {Network{ServerPasswordFile: file(t, "tea")}, []step{{"PASS tea", ""}, {"NICK busbar", ""}, {"USER busbar 0 * :busbar", ":s 001 busbar :hello"}, ping}, ""},
		"its ping":      {Network{}, []step{{"USER ", "PING :cookie"}, {"PONG :cookie", ":s 001 busbar :hello"}, ping}, ""},
		"nick taken": {Network{}, []step{
			{"NICK busbar", ":s 433 * busbar :taken"}, {"NICK busbar_", ":s 433 * busbar_ :taken"}, {"NICK busbar__", ":s 001 busbar__ :hello"}, ping,
		}, ""},
		"all nicks taken": {Network{}, []step{{"NICK busbar", ":s 433 * a :taken\n:s 433 * a :taken\n:s 433 * a :taken\n:s 433 * a :taken"}}, "taken"},
		"barred":          {Network{}, []step{{"NICK busbar", ":s 465 * :You are banned\nERROR :Closing Link"}}, "banned"},
		"closed":          {Network{}, []step{{"NICK busbar", "ERROR :Too many connections\x1b[2J"}}, "Too many connections\ufffd"},
		"a long line":     {Network{}, []step{{"NICK busbar", strings.Repeat("x", 2*mostRead)}}, "line of more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := c.network
			n.Name, n.Nick = "net", "busbar"
			var secure *tls.Config
			if n.Plaintext = n.SASL == ""; !n.Plaintext {
				secure, n.CA = server, cert
			}
			address, wait := scripted(t, secure, c.steps...)
			n.Server = address
			if err := n.complete(); err != nil {
				t.Fatal(err)
			}
			s, err := dial(t.Context(), &n)
			if err == nil {
				_, _, err = s.ask(t.Context(), "")
				s.quit()
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			wait()
		})
	}
}

// TestUntrusted: no server gets a password whose certificate is not of the authority.
func TestUntrusted(t *testing.T) {
	t.Parallel()
	r := startServer(t, "")
	d := open(t, Network{Name: "net", Server: r.TLS, Nick: "busbar", SASL: "plain", PasswordFile: file(t, "tea")})
	defer d.Close()
	err := d.Send(t.Context(), desttest.Note("u-1", "#a", "mark"))
	if err == nil || !strings.Contains(err.Error(), "certificate") || dest.FateOf(err).Fate != dest.Retry {
		t.Errorf("%v", err)
	}
}

func TestConfig(t *testing.T) {
	good := Network{Name: "oftc", Server: "irc.oftc.net:6697", Nick: "busbar"}
	for want, change := range map[string]func(*Network){
		"":              func(n *Network) {},
		"name":          func(n *Network) { n.Name = "a/b" },
		"want a host":   func(n *Network) { n.Server = "irc.oftc.net" },
		"nick":          func(n *Network) { n.Nick = "9a" },
		"user":          func(n *Network) { n.User = "a b" },
		"belong":        func(n *Network) { n.Certificate = "x" },
		"neither plain": func(n *Network) { n.SASL = "scram" },
		"password_file": func(n *Network) { n.SASL = "plain" },
		"and TLS":       func(n *Network) { n.SASL, n.PasswordFile, n.Plaintext = "plain", "x", true },
		"needs cert":    func(n *Network) { n.SASL = "external" },
		"no channel":    func(n *Network) { n.Channels = []string{"debian"} },
		"#NAME KEY":     func(n *Network) { n.Channels = []string{"#a b,c"} },
		"lines":         func(n *Network) { n.Lines = 21 },
		"burst":         func(n *Network) { n.Burst = -1 },
		"pace":          func(n *Network) { n.Pace = config.Duration(-1) },
		"no use":        func(n *Network) { n.Plaintext, n.CA = true, "x" },
	} {
		n := good
		change(&n)
		if err := n.complete(); (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "[[notify.irc.network]]")) {
			t.Errorf("%q: %v", want, err)
		}
	}
	for _, networks := range [][]Network{nil, {good, good}, {{Name: "x", Server: "a:1", Nick: "b", PasswordFile: "/nowhere/password"}}, {{Name: "x", Server: "a:1", Nick: "b", CA: "/nowhere/ca"}}} {
		if _, err := (Config{networks}).Open(); err == nil || !strings.Contains(err.Error(), "notify.irc") {
			t.Errorf("%v", err)
		}
	}
	got := joins([]string{"#a", "#b k", "#c", "#d", "#e l", "#f"})
	if strings.Join(got, "|") != "JOIN #b,#e,#a,#c k,l|JOIN #d,#f" {
		t.Errorf("%q", got)
	}
}

// TestPace: after a burst, one line in each time.
func TestPace(t *testing.T) {
	n := newNetwork(&Network{Name: "net", Burst: 3, Pace: config.Duration(40 * time.Millisecond)})
	began := time.Now()
	for range 3 {
		if err := n.pace(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		if err := n.pace(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < 160*time.Millisecond {
		t.Errorf("4 lines after a burst took %s", took)
	}
	if err := n.pace(t.Context(), 5); err != nil { // more than a burst: owed
		t.Fatal(err)
	}
	if n.allowed != -2 {
		t.Errorf("%d lines are allowed after 5 of 3", n.allowed)
	}
}
