package contrib

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"busbar/common/programtest"
)

// A password is drawn, and needs escaping everywhere.
type password string

func drawPassword() password {
	return password("Pw" + rand.Text()[:12] + "/+ é@:&\"" + rand.Text()[:8])
}

// forms are all texts that would tell it: as it is, escaped, encoded, as HTTP's
// basic authentication, and its part that no escaping changes.
func (p password) forms() []string {
	s := string(p)
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	forms := []string{s, s[2:14], url.QueryEscape(s), url.PathEscape(s), url.UserPassword("", s).String()[1:], strings.Trim(string(quoted), `"`), hex.EncodeToString([]byte(s))}
	for _, text := range []string{s, "jane:" + s, "jane:" + url.QueryEscape(s)} {
		forms = append(forms, base64.RawStdEncoding.EncodeToString([]byte(text)), base64.RawURLEncoding.EncodeToString([]byte(text)))
	}
	return forms
}

// address is one that a person would write with it.
func (p password) address(scheme, host string) string {
	return scheme + "://jane:" + url.QueryEscape(string(p)) + "@" + host + "/tea"
}

// A hiding is a configuration with a secret in it, right or wrong.
type hiding struct {
	what, program string
	hide          func(p *place, secret password) (flags []string)
}

// hidings are all keys that hold secrets, in the ways in which people write and
// misspell them.
func hidings(tracker, database string) []hiding {
	var all []hiding
	for program, s := range map[string]struct{ table, scheme, host string }{
		"dbpoll":  {"db", "postgres", database},
		"soapbus": {"soap", "http", tracker},
	} {
		add := func(what string, hide func(p *place, secret password, address string) []string) {
			all = append(all, hiding{what, program, func(p *place, secret password) []string {
				return hide(p, secret, secret.address(s.scheme, s.host))
			}})
		}
		for what, line := range map[string]string{
			"its key":                           `url = "ADDRESS"`,
			"its key, at a port nobody has":     `url = "` + s.scheme + `://jane:ESCAPED@127.0.0.1:1/tea"`,
			"its key, at a host that is none":   `url = "` + s.scheme + `://jane:ESCAPED@host.invalid/tea"`,
			"its key, a blank before it":        `url = " ADDRESS"`,
			"its key, another scheme":           `url = "xADDRESS"`,
			"its key, a port that is none":      `url = "ADDRESS:tea"`,
			"its key, not escaped":              `url = '` + s.scheme + `://jane:PASSWORD@127.0.0.1:1/tea'`,
			"its key, without an end":           `url = "ADDRESS`,
			"its key, with a control character": "url = \"ADDRESS\x01\"",
			"its key, a list":                   `url = ["ADDRESS"]`,
			"its key, without quotes":           `url = ADDRESS`,
			"its key, twice":                    "url = \"ADDRESS\"\nurl = \"ADDRESS\"",
			"another name for its key":          `ulr = "ADDRESS"`,
			"another key":                       `interval = "ADDRESS"`,
		} {
			add(what, func(p *place, secret password, address string) []string {
				line := strings.NewReplacer("PASSWORD", string(secret), "ESCAPED", url.QueryEscape(string(secret)), "ADDRESS", address).Replace(line)
				p.set(s.table, line)
				return nil
			})
		}
		for what, flag := range map[string]string{"--set": s.table + ".url=", "--set, misspelt": s.table + ".ulr=", "--set, without a key": ""} {
			add(what, func(_ *place, _ password, address string) []string { return []string{"--set", flag + address} })
		}
		for what, name := range map[string]string{"a variable": "_URL", "a variable, misspelt": "_ULR"} {
			add(what, func(p *place, _ password, address string) []string {
				p.env = append(p.env, "BUSBAR_"+strings.ToUpper(s.table)+name+"="+address)
				return nil
			})
		}
		for what, text := range map[string]string{"a file": "ADDRESS\n", "a file with two lines": "ADDRESS\nADDRESS\n", "a file with a label": "url = ADDRESS\n"} {
			add(what, func(p *place, _ password, address string) []string {
				p.write("secret", strings.ReplaceAll(text, "ADDRESS", address))
				p.set(s.table, fmt.Sprintf("url = %q", "file:"+p.path("secret")))
				return nil
			})
		}
	}
	all = append(all,
		hiding{"a table's key", "dbpoll", func(p *place, secret password) []string {
			p.conf["[table]"] = []string{`name = "tea"`, fmt.Sprintf("url = %q", secret.address("postgres", database))}
			return nil
		}},
		hiding{"a parameter", "dbpoll", func(p *place, secret password) []string {
			p.set("db", fmt.Sprintf("url = %q", "postgres://"+database+"/tea?sslmode=disable&user=jane&password="+url.QueryEscape(string(secret))))
			return nil
		}},
		hiding{"MariaDB's address", "dbpoll", func(p *place, secret password) []string {
			p.set("db", fmt.Sprintf("url = %q", secret.address("mariadb", "127.0.0.1:1")))
			return nil
		}})
	for what, text := range map[string]string{"webhooks' secrets": "PASSWORD\n", "one of two too short": "PASSWORD\nx\n", "without a line's end": "PASSWORD", "a line with NUL": "PASSWORD\x00\n"} {
		all = append(all, hiding{"webhooks' secrets, " + what, "scmhook", func(p *place, secret password) []string {
			p.write("secrets", strings.ReplaceAll(text, "PASSWORD", string(secret)))
			p.set("webhook", `listen = "127.0.0.1:0"`)
			p.set("webhook", fmt.Sprintf("secrets = %q", p.path("secrets")))
			return nil
		}})
	}
	for _, program := range programs {
		for what, text := range map[string]string{
			"a key that is none": "PASSWORD", "a key with another end": "-----BEGIN PRIVATE KEY-----\nPASSWORD\n-----END KEY-----\n",
			"a key of another kind": "-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString([]byte("jane:PASSWORD")) + "\n-----END OPENSSH PRIVATE KEY-----\n",
		} {
			all = append(all, hiding{what, program, func(p *place, secret password) []string {
				p.write("keys/ours.key", strings.ReplaceAll(text, "PASSWORD", string(secret)))
				return nil
			}})
		}
		all = append(all, hiding{"a key where its certificate should be", program, func(p *place, _ password) []string {
			p.set("sign", fmt.Sprintf("certificate = %q", p.path("keys/ours.key")))
			return nil
		}})
	}
	return all
}

// commands are those that say something of the configuration or with it.
var commands = map[string][][]string{
	"mail2bus": {{"check"}, {"check", "--json"}, {"status"}, {"status", "--json"}, {"poison", "list"}, {"explain", "nothing"}},
	"dbpoll":   {{"check"}, {"check", "--json"}, {"poll"}, {"status"}, {"status", "--json"}, {"poison", "list"}, {"explain", "nothing"}},
	"soapbus":  {{"check"}, {"check", "--json"}, {"poll"}, {"status"}, {"status", "--json"}, {"poison", "list"}, {"explain", "nothing"}},
	"scmhook":  {{"check"}, {"check", "--json"}, {"reconcile"}, {"status"}, {"status", "--json"}, {"poison", "list"}, {"explain", "nothing"}},
}

// TestSecretsAreInNoOutput puts a secret that is drawn into every key that holds
// one, and reads everything that every command prints: it is nowhere, nor is the
// signing key.
func TestSecretsAreInNoOutput(t *testing.T) {
	tracker, database := unfriendlyTracker(t), unfriendlyDatabase(t)
	for _, h := range hidings(tracker, database) {
		t.Run(h.program+"/"+h.what, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, h.program)
			if h.program == "soapbus" {
				p.set("soap", "rate = 60000") // who may ask often tries again soon
			}
			secret := drawPassword()
			forms := secret.forms()
			for _, line := range strings.Fields(read(t, p.path("keys/ours.key"))) {
				if len(line) >= 40 {
					forms = append(forms, line[:40])
				}
			}
			flags := append([]string{"--debug"}, h.hide(p, secret)...)
			look := func(what, text string) {
				for _, form := range forms {
					if strings.Contains(text, form) {
						t.Errorf("%s tells %q:\n%s", what, form, text)
						return
					}
				}
			}
			for _, c := range append(commands[h.program], []string{"run", "--nonsense"}) {
				code, out := p.exit(append(flags[:len(flags):len(flags)], c...)...)
				look(fmt.Sprintf("%v (exit %d)", c, code), out)
			}
			look("run", p.brief(secret, append(flags[:len(flags):len(flags)], "run")...))
			if h.program == "scmhook" {
				look("serve", p.brief(secret, append(flags[:len(flags):len(flags)], "serve")...))
			}
		})
	}
}

// unfriendlyTracker is a server that refuses everybody, and tells in all places
// what it was sent.
func unfriendlyTracker(t *testing.T) (host string) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, word, _ := r.BasicAuth()
		told := user + ":" + word + " " + r.Header.Get("Authorization")
		w.Header().Set("Location", "http://"+url.UserPassword(user, word).String()+"@"+r.Host+"/")
		w.Header().Set("X-Told", told)
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>no entry for %s</faultstring></soap:Fault>", told)
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// unfriendlyDatabase speaks as much of PostgreSQL's protocol as it needs to ask
// for a password in the clear, and to tell it in its refusal.
func unfriendlyDatabase(t *testing.T) (host string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go refuse(c)
		}
	}()
	return l.Addr().String()
}

func refuse(c net.Conn) {
	defer c.Close()
	b := make([]byte, 4096)
	for {
		_ = c.SetDeadline(time.Now().Add(patience))
		n, err := c.Read(b)
		switch {
		case err != nil:
			return
		case n == 8: // wants TLS
			_, err = c.Write([]byte("N"))
		case b[0] == 0: // a startup message: ask for a password
			_, err = c.Write([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 3})
		default:
			word := string(bytes.TrimRight(b[min(5, n):n], "\x00"))
			text := "SFATAL\x00VFATAL\x00C28P01\x00Mno entry for jane with " + word + "\x00D" + url.QueryEscape(word) + "\x00H" + word + "\x00\x00"
			_, _ = c.Write(append([]byte{'E', 0, 0, byte((len(text) + 4) >> 8), byte(len(text) + 4)}, text...))
			return
		}
		if err != nil {
			return
		}
	}
}

// listening is where a daemon says that it takes webhooks.
var listening = regexp.MustCompile(`takes webhooks.* listen=(127\.0\.0\.1:\d+)`)

// failing is where one says that it could not ask its source.
var failing = regexp.MustCompile(`level=(WARN|ERROR)`)

// brief runs a daemon until it refuses to start or has tried what it is there
// for, and returns all that it says: its log at debug, /metrics and /healthz.
func (p *place) brief(secret password, args ...string) string {
	p.t.Helper()
	metrics, err := programtest.FreeAddress()
	must(p.t, err)
	log, err := os.Create(p.path("log"))
	must(p.t, err)
	defer log.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := p.command(ctx, append([]string{"--set", "bus.metrics=" + metrics}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	must(p.t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var pages strings.Builder
	for running := true; running; {
		pages.Reset()
		for _, page := range []string{"/metrics", "/healthz"} {
			if r, err := client.Get("http://" + metrics + page); err == nil {
				text, _ := io.ReadAll(r.Body)
				r.Body.Close()
				pages.Write(text)
			}
		}
		if pages.Len() > 0 && p.tried(client, secret) {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			<-ended // ctx kills it
		}
		select {
		case <-ended:
			running = false
		case <-time.After(20 * time.Millisecond):
		}
	}
	if ctx.Err() != nil {
		p.t.Fatalf("%v neither ends nor tries: %s\n%s", args, p.logged(), pages.String())
	}
	return p.logged() + pages.String()
}

// tried says that a running daemon has asked its source, or has refused webhooks.
func (p *place) tried(client *http.Client, secret password) bool {
	log := p.logged()
	switch at := listening.FindStringSubmatch(log); {
	case p.program == "dbpoll" || p.program == "soapbus":
		return failing.MatchString(log)
	case at != nil:
		for _, header := range []string{"X-Gitlab-Token", "X-Forgejo-Signature", "X-Hub-Signature-256", "Authorization"} {
			r, err := http.NewRequest(http.MethodPost, "http://"+at[1]+"/?secret="+url.QueryEscape(string(secret)), strings.NewReader(`{"secret": "`+url.QueryEscape(string(secret))+`"}`))
			must(p.t, err)
			r.Header = http.Header{"Content-Type": {"application/json"}, "X-Gitlab-Event": {"Push Hook"}, header: {"sha256=" + url.QueryEscape(string(secret)), url.QueryEscape(string(secret))}}
			if header != "X-Gitlab-Token" {
				r.Header.Set("X-Github-Event", "push")
				r.Header.Del("X-Gitlab-Event")
			}
			answer, err := client.Do(r)
			if err != nil {
				return false
			}
			answer.Body.Close()
		}
	}
	return true
}
