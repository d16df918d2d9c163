package mbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const stamp = "From jane@example.org Fri Jan  2 03:04:05 2026\n"

// write is what a mailbox of a dialect makes of mails.
func write(d Dialect, mails []string) string {
	var b strings.Builder
	for _, m := range mails {
		header, body, _ := strings.Cut(m, "\n\n")
		if d != CL2 {
			lines := strings.SplitAfter(body, "\n")
			for i, line := range lines {
				if strings.HasPrefix(line, "From ") || d == RD && strings.HasPrefix(strings.TrimLeft(line, ">"), "From ") {
					lines[i] = ">" + line
				}
			}
			body = strings.Join(lines, "")
		}
		b.WriteString(stamp + header + "\n")
		if d.lengths() {
			fmt.Fprintf(&b, "Content-Length: %d\n", len(body))
		}
		b.WriteString("\n" + body + "\n")
	}
	return b.String()
}

func read(t *testing.T, r *Reader) []Mail {
	t.Helper()
	var list []Mail
	for {
		m, err := r.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatalf("after %d mails: %v", len(list), err)
		}
		list = append(list, m)
	}
}

// some makes mails of lines that are hard to tell apart.
func some(rng *rand.Rand, d Dialect) []string {
	lines := []string{"text\n", "\n", "\n", "From here on\n", stamp, ">quoted\n", "Subject: x\n", "Content-Length: 7\n", " \n", strings.Repeat("long ", 2000) + "\n", "From \n"}
	if d != CL && d != O { // which cannot tell it from their own mark
		lines = append(lines, ">From here\n", ">>From there\n")
	}
	mails := make([]string, 1+rng.IntN(6))
	for i := range mails {
		text := fmt.Sprintf("Subject: %d\nMessage-ID: <%d@example.org>\n\n", i, i)
		for range rng.IntN(12) {
			text += lines[rng.IntN(len(lines))]
		}
		mails[i] = text
	}
	return mails
}

// TestEachByte writes mails in each dialect and reads them back, found out and
// told, in pieces of any size, and from any mail on.
func TestEachByte(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		for _, d := range []Dialect{O, RD, CL, CL2} {
			mails := some(rng, d)
			text := write(d, mails)
			ways := []Dialect{d}
			if d == RD || d == CL2 && strings.Contains(strings.Join(mails, ""), "\nFrom ") {
				ways = append(ways, Auto)
			}
			for _, how := range ways {
				if d == CL2 && how == Auto {
					how = CL2 // what makes it one may come late: see TestFoundOut
				}
				var in io.Reader = strings.NewReader(text)
				if seed%3 == 0 {
					in = iotest.OneByteReader(in)
				}
				got := read(t, NewReader(in, 1<<20, 0, how))
				if len(got) != len(mails) {
					t.Fatalf("seed %d, %s read as %q: %d mails, want %d, of:\n%s", seed, d, how, len(got), len(mails), text)
				}
				for i, m := range got {
					if string(m.Raw) != mails[i] {
						t.Fatalf("seed %d, %s read as %q, mail %d:\n%q\nwant\n%q", seed, d, how, i, m.Raw, mails[i])
					}
					rest := read(t, NewReader(strings.NewReader(text[m.End:]), 1<<20, m.End, d))
					if len(rest) != len(mails)-i-1 || len(rest) > 0 && (string(rest[0].Raw) != mails[i+1] || rest[0].Offset != got[i+1].Offset) {
						t.Fatalf("seed %d, %s: from byte %d on %d mails, want %d", seed, d, m.End, len(rest), len(mails)-i-1)
					}
				}
			}
		}
	}
}

func TestFoundOut(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
		dialect    Dialect
	}{
		{"empty", "", nil, Auto},
		{"one mark is taken off", stamp + "A: b\n\n>From x\n>>From y\n\n", []string{"A: b\n\nFrom x\n>From y\n"}, RD},
		{"a header alone", stamp + "A: b\n\n" + stamp + "C: d\n\n\n", []string{"A: b\n\n", "C: d\n\n"}, RD},
		{"no blank line between", stamp + "A: b\n\ntext\n" + stamp + "C: d\n\ntext\n", []string{"A: b\n\ntext\n", "C: d\n\ntext\n"}, RD},
		{"no line end at the end", stamp + "A: b\n\ntext", []string{"A: b\n\ntext"}, RD},
		{"a sentence separates nothing", stamp + "A: b\n\none\n\nFrom now on: two\n\n", []string{"A: b\n\none\n\nFrom now on: two\n"}, RD},
		{"CR LF", strings.ReplaceAll(stamp+"A: b\n\ntext\n\n"+stamp+"C: d\n\ntext\n\n", "\n", "\r\n"), []string{"A: b\r\n\r\ntext\r\n", "C: d\r\n\r\ntext\r\n"}, RD},
		{"lengths", stamp + "A: b\nContent-Length: 5\n\ntext\n\n" + stamp + "C: d\nContent-Length: 20\n\n>From x\n\nFrom y\n123\n\n",
			[]string{"A: b\n\ntext\n", "C: d\n\n>From x\n\nFrom y\n123\n"}, CL},
		{"a false length", stamp + "A: b\nContent-Length: 500\n\ntext\n\n" + stamp + "C: d\n\ntext\n\n", []string{"A: b\nContent-Length: 500\n\ntext\n", "C: d\n\ntext\n"}, RD},
		{"a length cannot hide a mail", stamp + "A: b\n\ntext\n\n" + stamp + "C: d\nContent-Length: 66\n\ntext\n\n" + stamp + "E: f\n\nhidden\n\n" + stamp + "G: h\n\n",
			[]string{"A: b\n\ntext\n", "C: d\nContent-Length: 66\n\ntext\n", "E: f\n\nhidden\n", "G: h\n\n"}, RD},
		{"a mail without lines", stamp + stamp + "A: b\n\ntext\n\n", []string{"", "A: b\n\ntext\n"}, RD},
		{"pipermail", "From jane at example.org  Fri Jan  2 03:04:05 2026\nA: b\n\ntext\n\n", []string{"A: b\n\ntext\n"}, RD},
		{"blank lines first", "\n\n" + stamp + "A: b\n\ntext\n\n", []string{"A: b\n\ntext\n"}, RD},
	} {
		r := NewReader(strings.NewReader(c.text), 1<<20, 0, Auto)
		got := read(t, r)
		var raws []string
		for _, m := range got {
			raws = append(raws, string(m.Raw))
		}
		if fmt.Sprintf("%q", raws) != fmt.Sprintf("%q", c.want) || r.Dialect() != c.dialect {
			t.Errorf("%s: read as %s:\n%q\nwant as %s:\n%q", c.name, r.Dialect(), raws, c.dialect, c.want)
		}
	}
}

func TestNotMbox(t *testing.T) {
	for _, text := range []string{"Subject: a mail\n\nText.\n", "From here on\n", "\x1f\x8b\x08", strings.Repeat("x", 100000), "From jane@example.org\nSubject: no date\n\n"} {
		if _, err := NewReader(strings.NewReader(text), 1000, 0, Auto).Next(); !errors.Is(err, ErrNotMbox) {
			t.Errorf("%.40q: %v, want that it is no mbox", text, err)
		}
	}
}

// TestLong: a mail beyond the limit takes no more memory than the limit, and hides
// none behind it.
func TestLong(t *testing.T) {
	const limit = 100 << 10
	for _, size := range []int{limit - 20, limit, limit + 1, 64 * limit} {
		for _, line := range []string{strings.Repeat("x", 70) + "\n", "\n", "From \n", "From x\n"} {
			body := io.LimitReader(&repeated{text: line}, int64(size/len(line)*len(line)))
			in := io.MultiReader(strings.NewReader(stamp+"A: b\n\n"), body, strings.NewReader("\n"+stamp+"C: d\n\nend\n"))
			r := NewReader(in, limit, 0, Auto)
			got := read(t, r)
			if len(got) != 2 || string(got[1].Raw) != "C: d\n\nend\n" || len(got[0].Raw) > limit+1 || size > limit+100 && len(got[0].Raw) != limit+1 {
				t.Errorf("%d bytes of %q: %d mails, the first of %d bytes", size, line, len(got), len(got[0].Raw))
			}
			if c := cap(r.w.buf); c > 4*limit+8*chunk {
				t.Errorf("%d bytes of %q: the window grew to %d", size, line, c)
			}
		}
	}
}

type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], r.text[r.at:])
		n += k
		r.at = (r.at + k) % len(r.text)
	}
	return n, nil
}

// TestBrokenStream: a mail that may not be whole is not handed out.
func TestBrokenStream(t *testing.T) {
	broken := errors.New("broken")
	in := io.MultiReader(strings.NewReader(stamp+"A: b\n\none\n\n"+stamp+"C: d\n\ntw"), iotest.ErrReader(broken))
	r := NewReader(in, 1000, 0, Auto)
	if m, err := r.Next(); err != nil || string(m.Raw) != "A: b\n\none\n" {
		t.Errorf("the first is %q, %v", m.Raw, err)
	}
	for range 2 {
		if m, err := r.Next(); !errors.Is(err, broken) {
			t.Errorf("then %q, %v; want that the stream is broken", m.Raw, err)
		}
	}
}

func TestStamp(t *testing.T) {
	want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, line := range []string{
		"From jane@example.org Fri Jan  2 03:04:05 2026", "From jane@example.org  Fri Jan 02 03:04:05 2026", "From - Fri Jan 02 03:04:05 2026",
		"From jane at example.org  Fri Jan  2 03:04:05 2026", "From jane@example.org Fri Jan  2 04:04:05 +0100 2026", "From jane@example.org Fri Jan  2 03:04:05 UTC 2026",
		"From jane@example.org Fri, 2 Jan 2026 04:04:05 +0100", "From \"jane doe\"@example.org Fri Jan  2 03:04:05 2026", "From Fri@example.org Fri Jan  2 03:04:05 2026",
		"From jane@example.org Fri Jan  2 03:04:05 2026 remote from host", "From Fri Jan  2 03:04:05 2026", "From Fri Fri Jan  2 03:04:05 2026",
	} {
		if got, ok := Stamp(line); !ok || !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", line, got, ok, want)
		}
	}
	for _, line := range []string{
		"From ", "From here", "From jane@example.org", "From jane@example.org Fri Jan  2", "From jane@example.org Jan  2 03:04:05 2026", ">From j Fri Jan  2 03:04:05 2026",
		"From j Fri Jan 32 03:04:05 2026", "From j Fri Jan  2 25:04:05 2026", "From j Fri Jan  2 03:04:05", "from j Fri Jan  2 03:04:05 2026", "From j Fri Foo  2 03:04:05 2026",
	} {
		if got, ok := Stamp(line); ok {
			t.Errorf("%q is taken for one of %v", line, got)
		}
	}
}

// TestPython: what Python's mailbox writes is read as it was put in.
func TestPython(t *testing.T) {
	file := t.TempDir() + "/box"
	const script = `
import mailbox, sys
box = mailbox.mbox(sys.argv[1])
for i in range(50):
    text = "Subject: %d\n\nFirst.\nFrom here on\n\nFrom x Fri Jan  2 03:04:05 2026\nA: b\n%s" % (i, "\n" * (i % 3))
    box.add(text.encode())
box.flush()
sys.stdout.buffer.write(open(sys.argv[1], "rb").read())
`
	out, err := exec.Command("python3", "-c", script, file).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, NewReader(bytes.NewReader(out), 1<<20, 0, Auto))
	for i, m := range got {
		if want := fmt.Sprintf("Subject: %d\n\nFirst.\nFrom here on\n\nFrom x Fri Jan  2 03:04:05 2026\nA: b\n%s", i, strings.Repeat("\n", i%3)); string(m.Raw) != want {
			t.Errorf("mail %d is %q, want %q", i, m.Raw, want)
		}
		if time.Since(m.Stamp) > 24*time.Hour {
			t.Errorf("mail %d came at %v", i, m.Stamp)
		}
	}
	if len(got) != 50 {
		t.Errorf("%d mails, want 50", len(got))
	}
}

func FuzzReader(f *testing.F) {
	for _, d := range []Dialect{O, RD, CL, CL2} {
		f.Add([]byte(write(d, some(rand.New(rand.NewPCG(1, 2)), d))), string(d))
	}
	f.Fuzz(func(t *testing.T, text []byte, d string) {
		r := NewReader(iotest.HalfReader(bytes.NewReader(text)), 4096, 0, Dialect(d))
		end, total := int64(0), 0
		for {
			m, err := r.Next()
			if err != nil {
				if err != io.EOF && !errors.Is(err, ErrNotMbox) {
					t.Fatal(err)
				}
				break
			}
			if m.Offset < end || m.End <= m.Offset || m.End > int64(len(text)) || len(m.Raw) > 4097 {
				t.Fatalf("a mail from %d to %d of %d bytes, behind %d, with %d bytes", m.Offset, m.End, len(text), end, len(m.Raw))
			}
			end, total = m.End, total+len(m.Raw)
		}
		if total > len(text) {
			t.Fatalf("%d bytes of mails in %d", total, len(text))
		}
	})
}
