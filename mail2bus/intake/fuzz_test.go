package intake

import (
	"bufio"
	"bytes"
	"io"
	"testing"
	"time"
)

// FuzzMail: whatever comes, no mail is longer than the limit, and one that is read is
// written as it was.
func FuzzMail(f *testing.F) {
	const limit = 4096
	var b bytes.Buffer
	for _, raw := range []string{"", "Subject: x\n\ntext\n"} {
		m := Mail{Source: "import /x", Origin: "x mail 1", Received: time.Unix(1, 0).UTC(), Position: []byte(`{"mails":1}`), Raw: []byte(raw)}
		if err := m.write(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte("\x00\x00\x00\x02{}"))
	f.Add([]byte("\x7f\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bufio.NewReader(bytes.NewReader(in))
		for {
			var m, again Mail
			if err := m.read(r, limit); err != nil {
				return
			}
			if len(m.Raw) > limit || m.Source == "" {
				t.Fatalf("%d bytes of %q", len(m.Raw), m.Source)
			}
			var out bytes.Buffer
			if err := m.write(&out); err != nil {
				t.Fatal(err)
			}
			rest := bufio.NewReader(&out)
			if err := again.read(rest, limit); err != nil || again.Source != m.Source || !bytes.Equal(again.Raw, m.Raw) || !bytes.Equal(again.Position, m.Position) || !again.Received.Equal(m.Received) {
				t.Fatalf("%+v became %+v, %v", m, again, err)
			}
			if _, err := rest.ReadByte(); err != io.EOF {
				t.Fatalf("more was written than read: %v", err)
			}
		}
	})
}
