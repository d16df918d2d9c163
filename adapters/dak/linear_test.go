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

// costlyNotices are notices that an attacker would send, by subject.
var costlyNotices = map[string]func(n int) string{
	"x_1_all.changes is NEW":   func(n int) string { return strings.Repeat("binary:x is NEW.\n", n) + "\nWait.\n" },
	"x_2_all.changes is NEW":   func(n int) string { return numbered(n, "binary:x%d is NEW.\n") + "\nWait.\n" },
	"x_1_all.changes REJECTED": func(n int) string { return strings.Repeat("no\n\n", n) + "===\n" },
	"x_2_all.changes REJECTED": func(n int) string { return strings.Repeat("Rejected: no\n", n) + "===\n" },
	"Bug#7: Removed package(s) from a": func(n int) string {
		return numbered(n, "x%d | 1 | all\n") + "----- Reason -----\nno\n-------------------------\nIvo (the ftpmaster behind the curtain)\n"
	},
	"Bug#8: Removed package(s) from a": func(n int) string {
		return "x | 1 | " + numbered(n, "a%d, ") + "b\n----- Reason -----\nno\n-------------------------\nIvo (the ftpmaster behind the curtain)\n"
	},
	"Bug#7: fixed": func(n int) string { return strings.Repeat("Changed section from a to b\n", n) },
	"x override disparity": func(n int) string {
		return strings.Repeat("x: package says section is a, override says b.\n", n) + "\nx\n"
	},
	"Results of processing x.dak-commands": func(n int) string { return strings.Repeat("> Action: dm\n\nUid: a\n", n) },
	"Results of processing y.dak-commands": func(n int) string { return commandError + "\n" + strings.Repeat("x\n", n) },
	"Transitions completed: x": func(n int) string {
		return strings.Repeat("Looking at transition: x\nBlocked Packages (total: 1): a, b\n", n)
	},
	"Processing of x.commands": func(n int) string {
		return strings.Repeat("> rm x\n", n) + "\tYour Debian queue daemon (running on host a)\n"
	},
	"Processing of x.changes": func(n int) string {
		return strings.Repeat("\tYour Debian queue daemon (running on host a) \n", n) + "x"
	},
	"x": func(n int) string { return strings.Repeat("x\n\n", n) },
}

// numbered writes a number into each copy of a line.
func numbered(n int, line string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, line, i)
	}
	return b.String()
}

// TestNoticesAreLinear: as TestLinear, for what is no acceptance.
func TestNoticesAreLinear(t *testing.T) {
	const n = 20_000
	for subject, text := range costlyNotices {
		raw := func(n int) []byte {
			return []byte("X-Debian: DAK\nMessage-ID: <a@example.org>\nSubject: " + subject + "\n\n" + text(n))
		}
		small, large := work(t, raw(n)), work(t, raw(4*n))
		if large > 6*small+1<<20 {
			t.Errorf("%s: %d KiB for one, %d KiB for four times the text", subject, small>>10, large>>10)
		}
	}
}

// TestLinear: four times the text is four times the work, counted in bytes
// allocated. What copies a text for each of its lines takes sixteen times.
func TestLinear(t *testing.T) {
	const n = 20_000
	for name, text := range costly {
		small, large := work(t, announce(text(n))), work(t, announce(text(4*n)))
		if large > 6*small+1<<20 {
			t.Errorf("%s: %d KiB for one, %d KiB for four times the text", name, small>>10, large>>10)
		}
	}
}

// work is how many bytes reading a mail allocates.
func work(t *testing.T, raw []byte) uint64 {
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
