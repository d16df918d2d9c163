package listen

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// python is Debian's own, which sees Debian's python3-zmq.
const python = "/usr/bin/python3"

var verifier = regexp.MustCompile("(?s)```python\n(.*?)```")

// newPythonSite has the files of the page, and verify.py. Without python3-zmq and
// python3-cryptography it fails: interoperation is a promise.
func newPythonSite(t *testing.T) *site {
	t.Helper()
	if out, err := exec.Command(python, "-c", "import zmq, cryptography").CombinedOutput(); err != nil {
		t.Fatalf("Python's zmq and cryptography are needed (%v: %s): `make deps` installs them", err, out)
	}
	s := newSite(t)
	unpack(t, "howto/listen-python.md", s.dir, "listen.py", "events.py", "said.py", "busbar.py")
	programs := verifier.FindAllStringSubmatch(page(t, "reference/message.md"), -1)
	if len(programs) != 1 {
		t.Fatalf("the page of a message has %d programs", len(programs))
	}
	s.write("verify.py", programs[0][1])
	return s
}

// TestPython runs the programs of the page with the real libzmq.
func TestPython(t *testing.T) {
	t.Parallel()
	t.Run("publisher", func(t *testing.T) {
		t.Parallel()
		s := newPythonSite(t)
		s.misses(python, "listen.py", s.endpoint, "ca.crt", "position")
	})
	t.Run("hub", func(t *testing.T) {
		t.Parallel()
		s := newPythonSite(t)
		hub := s.serve()
		s.misses(python, "events.py", s.hub, "position")
		p := s.start(python, "said.py", s.hub, "package=teapot")
		<-p.done
		p.told(1, s.sent)
		// A hub that goes away and comes back is asked again.
		p = s.start(python, "events.py", s.hub, "position")
		hub.kill()
		s.deliver(3)
		s.serve()
		p.tells(s.sent-2, s.sent)
	})
}

// asFedmsg does with a configuration what fedmsg does: it subscribes, and when a message
// came asks for what it missed. It prints bodies.
const asFedmsg = `
import json, sys, time, urllib.parse, urllib.request, zmq
exec(open(sys.argv[1]).read())
assert config["validate_signatures"] and config["crypto_validate_backends"] == ["x509"] and config["status_directory"]
socket = zmq.Context().socket(zmq.SUB)
socket.subscribe(config["topic_prefix"].encode())
for name, endpoints in config["endpoints"].items():
    assert "." in name
    for endpoint in endpoints:
        socket.connect(endpoint)
socket.rcvtimeo = 180000
topic, body = b"_heartbeat", b""
while b"_heartbeat" in topic:
    topic, body = socket.recv_multipart()
assert topic.startswith("{topic_prefix}.{environment}.".format(**config).encode())
print(body.decode())
def page(n):
    q = urllib.parse.urlencode(dict(rows_per_page=100, page=n, start=0, end=int(time.time()) + 1, order="asc"))
    return json.load(urllib.request.urlopen(config["datagrepper_url"] + "?" + q))
while not page(1)["total"]:
    time.sleep(0.01)
for n in range(1, page(1)["pages"] + 1):
    for m in page(n)["raw_messages"]:
        print(json.dumps(m))
`

// TestFedmsgConfiguration: by what the page's file says, a publisher is followed, a hub
// is asked, and both are believed by the rules of fedmsg alone.
func TestFedmsgConfiguration(t *testing.T) {
	t.Parallel()
	s := newPythonSite(t)
	text, err := os.ReadFile(s.path("busbar.py"))
	if err != nil {
		t.Fatal(err)
	}
	for example, here := range map[string]string{
		"tcp://127.0.0.1:9940": s.endpoint, "http://127.0.0.1:9480": s.hub, "/etc/busbar/": s.dir + "/", `"production"`: `"dev"`,
	} {
		if !strings.Contains(string(text), example) {
			t.Errorf("the page's file says nothing of %s", example)
		}
		text = []byte(strings.ReplaceAll(string(text), example, here))
	}
	s.write("busbar.py", string(text))
	s.serve()
	p := s.start(python, "-c", asFedmsg, "busbar.py")
	for !p.over() { // until its subscription holds, nobody hears
		s.deliver(1)
		time.Sleep(100 * time.Millisecond) // a mail, and another
	}
	said := p.printed()
	if len(said) < 2 {
		t.Fatalf("fedmsg would have %q", said)
	}
	cmd := exec.Command(python, "../../common/sign/testdata/verify.py", "--ca", s.path("ca.crt"), "--crl", s.path("crl.pem"))
	cmd.Stdin = strings.NewReader(strings.Join(said, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil || strings.Count(string(out), `"ok": true`) != len(said) {
		t.Errorf("of %d messages: %v, %s", len(said), err, out)
	}
}
