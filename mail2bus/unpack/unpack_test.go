package unpack

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// text is some that packs well, and some that does not.
func text(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "Subject: %d\n\n%s%x\n", rng.IntN(1000), strings.Repeat("the same ", rng.IntN(30)), rng.Uint64())
	}
	return b.Bytes()[:n]
}

func pack(t *testing.T, in []byte, command ...string) []byte {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	return out
}

// TestTools: what the tools pack is read, in all their ways.
func TestTools(t *testing.T) {
	for _, size := range []int{0, 1, 1000, 300_000} {
		in := text(size)
		for _, c := range []struct{ form, command string }{
			{"gzip", "gzip -c"}, {"gzip", "gzip -1 -c"},
			{"xz", "xz -c"}, {"xz", "xz -0 -c"}, {"xz", "xz -9e -c"}, {"xz", "xz -c --check=none"}, {"xz", "xz -c --check=crc32"}, {"xz", "xz -c --check=sha256"},
			{"xz", "xz -c --block-size=4096"}, {"xz", "xz -c -T2 --block-size=70000"}, {"xz", "xz -c --lzma2=preset=6,lc=0,lp=2,pb=0"},
			{"zstd", "zstd -c"}, {"zstd", "zstd -19 -c"}, {"zstd", "zstd --long=26 -c"}, {"", "cat"},
		} {
			packed := pack(t, in, strings.Fields(c.command)...)
			if c.form == "" && size == 0 {
				continue
			}
			for twice := range 2 {
				want := in
				if twice == 1 && c.form != "" { // files put one behind the other are one
					packed, want = append(packed, packed...), append(in[:len(in):len(in)], in...)
				}
				r, err := New(bytes.NewReader(packed))
				if err != nil {
					t.Errorf("%d bytes by %s: %v", size, c.command, err)
					continue
				}
				got, err := io.ReadAll(r)
				if err != nil || !bytes.Equal(got, want) || r.Form != c.form {
					t.Errorf("%d bytes by %s: as %q %d bytes, %v; want %d", size, c.command, r.Form, len(got), err, len(want))
				}
				r.Close()
			}
		}
	}
}

// TestCut: a file that was cut anywhere, or damaged, is never read as a whole one.
func TestCut(t *testing.T) {
	in := text(20000)
	for _, command := range []string{"gzip -c", "xz -c", "xz -c --block-size=4096", "zstd -c --check"} {
		packed := pack(t, in, strings.Fields(command)...)
		rng := rand.New(rand.NewPCG(3, 4))
		for range 200 {
			broken := bytes.Clone(packed)
			at := rng.IntN(len(broken))
			what := "cut"
			if rng.IntN(2) == 0 {
				broken = broken[:at]
			} else if broken[at] ^= 1 << rng.IntN(8); true {
				what = "damaged"
			}
			if len(broken) < 6 || at < 10 {
				continue // perhaps another form
			}
			r, err := New(bytes.NewReader(broken))
			var got []byte
			if err == nil {
				got, err = io.ReadAll(r)
				r.Close()
			}
			// xz's index is passed over: it says nothing of the text.
			if err == nil && (what == "cut" || !bytes.Equal(got, in)) {
				t.Errorf("%s, %s at byte %d of %d: no error, %d bytes of %d", command, what, at, len(packed), len(got), len(in))
			}
			if what == "cut" && err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s, cut at byte %d of %d: %v; want that it is not whole", command, at, len(packed), err)
			}
		}
	}
}

// hugeXZ is the beginning of a file whose second block has a huge dictionary. With more
// threads than one, which are usual since xz 5.6, headers of blocks have more in them.
func hugeXZ(t *testing.T, property byte) []byte {
	first := pack(t, []byte("text"), "xz", "-c", "--check=none", "--threads=1")
	// Stream header, one block; its header is 12 bytes, and what it holds ends with 0.
	end := bytes.IndexByte(first[12+12+6:], 0) + 12 + 12 + 6
	for end++; end%4 != 0; end++ {
	}
	h := []byte{2, 0, 0x21, 1, property, 0, 0, 0}
	h = binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE(h))
	return append(append(first[:end:end], h...), 1, 0, 0, 'x', 0)
}

// TestHuge: what a file asks for is refused before it is taken.
func TestHuge(t *testing.T) {
	var before, after runtime.MemStats
	check := func(name string, packed []byte) {
		t.Helper()
		runtime.ReadMemStats(&before)
		r, err := New(bytes.NewReader(packed))
		if err == nil {
			_, err = io.Copy(io.Discard, r)
			r.Close()
		}
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v; want that it is refused", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 2*MaxWindow {
			t.Errorf("%s: took %d bytes", name, used)
		}
	}
	for _, property := range []byte{29, 36, 40} {
		check(fmt.Sprintf("xz, property %d", property), hugeXZ(t, property))
	}
	check("zstd", pack(t, nil, "sh", "-c", "head -c 200000000 /dev/zero | zstd -c --long=31"))
	check("zstd, 13 bytes", []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x98, 1, 0, 0, 0, 0, 0, 0})
	check("xz with a filter", pack(t, text(1000), "xz", "-c", "--x86", "--lzma2"))
}

// TestBombs: a little that becomes very much ends.
func TestBombs(t *testing.T) {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(1<<20), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, zeros{}, 2*freely); err != nil {
		t.Fatal(err)
	}
	w.Close()
	r, err := New(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := io.Copy(io.Discard, r); !errors.Is(err, ErrRefused) || n > freely+1<<20 {
		t.Errorf("%d bytes, %v; want that it is refused soon after %d", n, err, freely)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func FuzzNew(f *testing.F) {
	for _, command := range [][]string{{"xz", "-c"}, {"zstd", "-c"}, {"gzip", "-c"}} {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Stdin = bytes.NewReader(text(3000))
		out, err := cmd.Output()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(out)
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Close()
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, packed []byte) {
		r, err := New(bytes.NewReader(packed))
		if err != nil {
			return
		}
		defer r.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(r, 1<<20))
	})
}
