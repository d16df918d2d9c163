package dak

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// costly are .changes files that an attacker would send, by their size.
var costly = map[string]func(n int) string{
	"lines of a field": func(n int) string { return signedText("Changes:\n" + strings.Repeat(" x\n", n)) },
	"empty lines":      func(n int) string { return signedText("Changes:\n" + strings.Repeat(" .\n", n)) },
	"fields":           func(n int) string { return signedText(strings.Repeat("A: b\n", n)) },
	"files":            func(n int) string { return signedText("Files:\n" + strings.Repeat(" 0 1 s p f\n", n)) },
	"architectures":    func(n int) string { return signedText("Architecture: " + strings.Repeat("a, ", n) + "\n") },
	"comments":         func(n int) string { return signedText(strings.Repeat("#\n", n)) },
	"maintainer":       func(n int) string { return signedText("Maintainer: " + strings.Repeat("(<\"", n) + "\n") },
	"signature":        func(n int) string { return signedText("") + strings.Repeat("abcd\n", n) },
	"not signed":       func(n int) string { return "Format: 1.8\nChanges:\n" + strings.Repeat(" x\n", n) },
	"begins":           func(n int) string { return strings.Repeat("-----BEGIN PGP SIGNED MESSAGE-----\n", n) },
	"doubly encoded":   func(n int) string { return strings.Repeat("=3D=\n", n) },
}

func signedText(fields string) string {
	if !strings.Contains(fields, "Architecture:") {
		fields = "Architecture: source\n" + fields
	}
	return "-----BEGIN PGP SIGNED MESSAGE-----\n\nFormat: 1.8\nSource: a\nVersion: 1\n" + fields +
		"-----BEGIN PGP SIGNATURE-----\n\niQx\n-----END PGP SIGNATURE-----\n"
}

func announce(text string) []byte {
	return []byte("X-Debian: DAK\nSubject: Accepted a 1 (source) into unstable\nMessage-ID: <a@example.org>\n\n" + text)
}

// TestLinear: four times the text is four times the work, counted in bytes
// allocated. What copies a text for each of its lines takes sixteen times.
func TestLinear(t *testing.T) {
	const n = 20_000
	for name, text := range costly {
		small, large := work(t, text(n)), work(t, text(4*n))
		if large > 6*small+1<<20 {
			t.Errorf("%s: %d KiB for one, %d KiB for four times the text", name, small>>10, large>>10)
		}
	}
}

// work is how many bytes reading a mail allocates.
func work(t *testing.T, text string) uint64 {
	raw := announce(text)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	outcome(t, raw)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// BenchmarkSizes shows what each doubling costs.
func BenchmarkSizes(b *testing.B) {
	for name, text := range costly {
		for _, n := range []int{25_000, 50_000, 100_000, 200_000} {
			raw := announce(text(n))
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(len(raw)))
				for b.Loop() {
					text := load(raw).Text()
					if c, err := readChanges(text); err == nil {
						c.upload()
						c.oldUpload()
					}
				}
			})
		}
	}
}
