package notify

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
	"busbar/bus/notify/openid/openidtest"
	"busbar/bus/search"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bus": bustest.Main(&Command{}, &search.Command{}), "journalled": bustest.Peer(bustest.Journalled), "archived": bustest.Peer(bustest.Archived), "mailserver": bustest.Peer(mailServer),
	})
}

var (
	shown    = regexp.MustCompile("(?s)```toml\n(.*?)```")
	commands = regexp.MustCompile("(?s)```sh\n(.*?)```")
)

// TestScripts runs the command, well and badly, as a person would. The scripts have the
// configuration and the rules of docs/howto/notify.md, as they stand there, self.toml and
// self.sh, the commands, of docs/howto/notify-self.md, $SMTP and $HTTP, free addresses, and
// $ISSUER, a provider of OpenID Connect.
func TestScripts(t *testing.T) {
	page, err := os.ReadFile("../../docs/howto/notify.md")
	if err != nil {
		t.Fatal(err)
	}
	files := shown.FindAllSubmatch(page, -1)
	if len(files) != 2 {
		t.Fatalf("the page has %d files", len(files))
	}
	page, err = os.ReadFile("../../docs/howto/notify-self.md")
	if err != nil {
		t.Fatal(err)
	}
	own, shell := shown.FindSubmatch(page), commands.FindSubmatch(page)
	if own == nil || shell == nil {
		t.Fatal("the page of what people do themselves has no configuration, or no commands")
	}
	provider := openidtest.New(t)
	bustest.Scripts(t, bustest.Free("", "SMTP", "HTTP"), func(e *testscript.Env) error {
		e.Setenv("ISSUER", provider.URL)
		config := strings.NewReplacer("127.0.0.1:25", e.Getenv("SMTP"), "127.0.0.1:9483", e.Getenv("HTTP")).Replace(string(files[0][1]))
		config += fmt.Sprintf("[sign]\nca = %q\ncrl = %q\n", e.Getenv("PKI")+"/ca.crt", e.Getenv("PKI")+"/crl.pem")
		self := strings.ReplaceAll(string(own[1]), "127.0.0.1:25", e.Getenv("SMTP"))
		return errors.Join(os.Mkdir(filepath.Join(e.WorkDir, "notify.d"), 0o700), os.WriteFile(filepath.Join(e.WorkDir, "self.toml"), []byte(self), 0o600),
			os.WriteFile(filepath.Join(e.WorkDir, "self.sh"), shell[1], 0o600), os.WriteFile(filepath.Join(e.WorkDir, "bus.toml"), []byte(config), 0o600),
			os.WriteFile(filepath.Join(e.WorkDir, "notify.d", "people.toml"), files[1][1], 0o600))
	})
}

// mailServer is `mailserver ADDRESS FILE [REFUSED]`: it accepts mails for ten minutes, if
// nobody ends it, writes each into the file, and refuses one address.
func mailServer(args []string) error {
	f, err := os.OpenFile(args[1], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	refused := ""
	if len(args) > 2 {
		refused = args[2]
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{f, refused}, nil }))
	s.Addr, s.Domain, s.ReadTimeout, s.WriteTimeout = args[0], "mail.example.org", time.Minute, time.Minute
	time.AfterFunc(10*time.Minute, func() { _ = s.Close() })
	if err := s.ListenAndServe(); !errors.Is(err, smtp.ErrServerClosed) {
		return err
	}
	return nil
}

type mailSession struct {
	file    *os.File
	refused string
}

func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }
func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	_, err := fmt.Fprintf(s.file, "Return-Path: <%s>\r\n", from)
	return err
}
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if to == s.refused {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody of this name"}
	}
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	_, err := io.Copy(s.file, r)
	return err
}
