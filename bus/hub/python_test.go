package hub

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"busbar/bus/bustest"
	"busbar/common/archive"
)

// TestPythonFollows: fedmsg's form of a subscriber, by the real libzmq, gets what it
// subscribed to by the beginning of the topic, two frames each, byte by byte.
func TestPythonFollows(t *testing.T) {
	bustest.NeedPython(t, "zmq")
	const client = `
import json, sys, zmq
s = zmq.Context().socket(zmq.SUB)
s.setsockopt(zmq.SUBSCRIBE, b"org.debian.dev.dak.")
s.connect(sys.argv[1])
while True:
    frames = s.recv_multipart()
    json.loads(frames[1].decode())
    print(json.dumps([f.decode() for f in frames]), flush=True)
`
	a := openArchive(t)
	p := newPost(t, a, freeAddress(t), newBeats(), forOne)
	_, lines := bustest.Background(t, bustest.Python, "-c", client, p.address)
	p.listens()
	var b archive.Batch
	for seq := int64(1); seq <= 200; seq++ { // every other one is dak's
		b.Messages = append(b.Messages, message(t, "one", seq))
	}
	keep(t, a, b)
	for i := 0; i < len(b.Messages); i += 2 {
		if !lines.Scan() {
			t.Fatalf("after %d messages: %v", i/2, lines.Err())
		}
		want, err := json.Marshal([]string{b.Messages[i].Envelope.Topic, string(b.Messages[i].Wire)})
		if err != nil {
			t.Fatal(err)
		}
		var got, meant []string
		if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(want, &meant); err != nil || strings.Join(got, " ") != strings.Join(meant, " ") {
			t.Fatalf("%s came, want %s", lines.Bytes(), want)
		}
	}
}

// asks sends a query of fedmsg's by the real libzmq, as its replay client does.
func asks(t *testing.T, address, query string) []string {
	t.Helper()
	bustest.NeedPython(t, "zmq")
	const client = `
import json, sys, zmq
s = zmq.Context().socket(zmq.REQ)
s.linger = 0
s.rcvtimeo = 180000
s.connect(sys.argv[1])
s.send(sys.argv[2].encode())
print(json.dumps([f.decode() for f in s.recv_multipart()]))
`
	cmd := exec.CommandContext(t.Context(), bustest.Python, "-c", client, address, query)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	var list []string
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		t.Fatalf("asking %s: %v: %s%s", query, err, text, &stderr)
	}
	return list
}
