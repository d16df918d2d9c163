package mail

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"busbar/fixtures/cases"
)

// costly are mails that an attacker would send, by their size: one for each of
// the parsers.
var costly = map[string]func(n int) string{
	"folds":            func(n int) string { return "Subject: a\n" + strings.Repeat(" b\n", n) + "\n" },
	"fields":           func(n int) string { return strings.Repeat("A: b\n", n) + "\n" },
	"lines no fields":  func(n int) string { return "A: b\n" + strings.Repeat("x\n", n) + "\n" },
	"encoded words":    func(n int) string { return "Subject: " + strings.Repeat("=?u?q?x?= ", n) + "\n\n" },
	"half words":       func(n int) string { return "Message-ID: " + strings.Repeat("=?u?q?x ", n) + "\n\n" },
	"addresses":        func(n int) string { return "From: " + strings.Repeat("a@b,", n) + "\n\n" },
	"names":            func(n int) string { return "From: " + strings.Repeat("a,", n) + "<a@b>\n\n" },
	"quotes":           func(n int) string { return "From: " + strings.Repeat("\"", n|1) + "\n\n" },
	"comments":         func(n int) string { return "From: " + strings.Repeat("(", n) + "\n\n" },
	"brackets":         func(n int) string { return "From: " + strings.Repeat("<", n) + "\n\n" },
	"brackets, closed": func(n int) string { return "From: " + strings.Repeat("<a>", n) + "\n\n" },
	"groups":           func(n int) string { return "From: " + strings.Repeat("a:", n) + "\n\n" },
	"words at":         func(n int) string { return "From: " + strings.Repeat("=?u?q?@?= ", n) + "\n\n" },
	"ids":              func(n int) string { return "References: " + strings.Repeat("<a@b>", n) + "\n\n" },
	"open ids":         func(n int) string { return "References: " + strings.Repeat("<\"", n) + "\n\n" },
	"list id":          func(n int) string { return "List-Id: " + strings.Repeat("<a\n ", n) + "\n\n" },
	"list quotes":      func(n int) string { return "List-Id: " + strings.Repeat("\" ", n) + "\n\n" },
	"parameters":       func(n int) string { return "Content-Type: text/plain" + strings.Repeat("; a=\"", n) + "\n\n" },
	"pieces":           func(n int) string { return "Content-Type: text/plain" + strings.Repeat("; a*1*=%41", n) + "\n\n" },
	"date":             func(n int) string { return "Date: " + strings.Repeat("(1:1 ", n) + "\n\n" },
	"boundaries": func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--bx\n", n) + "--b\n\n--b--\n"
	},
	"parts": func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", n) + "--b--\n"
	},
	"nested": func(n int) string { return nested(n/1000) + strings.Repeat("x\n", n) },
	"clearsigned": func(n int) string {
		return "A: b\n\n" + beginSigned + "\n\n" + strings.Repeat("- x\n", n) + beginSignature + "\n" + EndSignature + "\n"
	},
	"begun": func(n int) string { return "A: b\n\n" + strings.Repeat(beginSigned+"\n\n"+beginSignature+"x\n", n) },
	"uuencoded": func(n int) string {
		return "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n" + strings.Repeat("#86)C\n", n) + "end\n"
	},
}

// readAll reads of a mail whatever anybody may ask of it.
func readAll(raw []byte) {
	m := Parse(raw, Limits{})
	for _, name := range []string{"From", "To"} {
		m.Header.Addresses(name)
		m.Header.Address(name)
	}
	m.Header.MessageIDs("References")
	m.Header.MessageID("Message-ID")
	m.Header.Time("Date")
	m.ListID()
	m.BodyDigest()
	m.Attachments()
	Clearsigned(m.Text())
}

// TestLinear: four times the mail is four times the work, counted in bytes
// allocated. What copies a value for each of its pieces takes sixteen times.
// What only looks is compared by BenchmarkSizes.
func TestLinear(t *testing.T) {
	n := cases.Of(8_000, 20_000)
	for name, mail := range costly {
		small, large := work(mail(n)), work(mail(4*n))
		if large > 6*small+1<<20 {
			t.Errorf("%s: %d KiB for one, %d KiB for four times the mail", name, small>>10, large>>10)
		}
		if most := uint64(40*len(mail(4*n)) + 8<<20); large > most {
			t.Errorf("%s: %d KiB for a mail of %d KiB", name, large>>10, len(mail(4*n))>>10)
		}
	}
}

func work(mail string) uint64 {
	raw := []byte(mail)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	readAll(raw)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// BenchmarkSizes shows what each doubling costs.
func BenchmarkSizes(b *testing.B) {
	for name, mail := range costly {
		for _, n := range []int{25_000, 50_000, 100_000, 200_000} {
			raw := []byte(mail(n))
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(len(raw)))
				for b.Loop() {
					readAll(raw)
				}
			})
		}
	}
}
