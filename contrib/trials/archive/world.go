package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// How large Debian is.
const (
	packages  = 38_000
	people    = 6_000 // who maintain; others report bugs
	reporters = 400_000
	wordStock = 60_000
	firstBug  = 600_000
)

// pace is how much time passes between two messages: 1,600 a day.
const pace = 54 * time.Second

// last is when the newest message came.
var last = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// A world is the names that messages speak of. The same seed gives the same.
type world struct {
	packages []string
	people   []string // "first last"
	words    []string
	prose    string // words, as often as they are used, with blanks between them
	random   string // base64
	hex      string
}

var syllables = strings.Fields("ba bel bo ca cor da den do ef en fa fer ga gen go ha hel in ja jun ka kel ko la len lib lo ma men mi mo na ner no or pa per pi po ra ren ri ro sa sen si so ta ter ti to ul va ven vi wa wen xi ya zu")

func newWorld(seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 1))
	w := &world{}
	word := func(least, most int) string {
		var b strings.Builder
		for range least + r.IntN(most-least+1) {
			b.WriteString(syllables[r.IntN(len(syllables))])
		}
		return b.String()
	}
	stock := func(n int, make func(i int) string) []string {
		seen, list := map[string]bool{}, []string{}
		for i := 0; len(list) < n; i++ {
			if s := make(i); !seen[s] {
				seen[s] = true
				list = append(list, s)
			}
		}
		return list
	}
	w.packages = stock(packages, func(i int) string {
		switch i % 5 {
		case 0:
			return "lib" + word(1, 3) + "-perl"
		case 1:
			return "python-" + word(1, 3)
		case 2:
			return word(1, 2) + "-" + word(1, 2)
		}
		return word(2, 3)
	})
	w.people = stock(people+reporters, func(int) string {
		first, family := word(2, 2), word(2, 3)
		return strings.ToUpper(first[:1]) + first[1:] + " " + strings.ToUpper(family[:1]) + family[1:]
	})
	w.words = stock(wordStock, func(int) string { return word(1, 4) })
	var prose strings.Builder
	for prose.Len() < 8<<20 {
		prose.WriteString(w.words[zipf(r, wordStock)] + " ")
	}
	w.prose = prose.String()
	const base64, hex = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "0123456789abcdef"
	random := func(alphabet string) string {
		b := make([]byte, 1<<20)
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(b)
	}
	w.random, w.hex = random(base64), random(hex)
	return w
}

// zipf draws an index below n, of which small ones are much more frequent: as packages
// are uploaded, people write, and words are used.
func zipf(r *rand.Rand, n int) int {
	return int(math.Pow(float64(n+1), r.Float64())) - 1
}

func (w *world) pack(r *rand.Rand) string { return w.packages[zipf(r, packages)] }

func (w *world) person(r *rand.Rand) string {
	if r.IntN(4) == 0 {
		return w.people[people+r.IntN(reporters)]
	}
	return w.people[zipf(r, people)]
}

// address is a person's.
func address(person string) string {
	return strings.ToLower(strings.ReplaceAll(person, " ", ".")) + "@people.example"
}

// bug is one that exists when message n comes: most often a new one.
func bug(r *rand.Rand, n int64) int64 {
	newest := bugAt(n)
	back := int64(r.ExpFloat64() * 3000)
	if r.IntN(5) == 0 {
		back = r.Int64N(newest)
	}
	return max(1, newest-back)
}

// bugAt is the newest bug when message n comes.
func bugAt(n int64) int64 { return firstBug + n*28/575 }

// at is when message n of so many comes.
func at(n, of int64) time.Time { return last.Add(-time.Duration(of-n) * pace) }

var architectures = []string{"amd64", "arm64", "armhf", "i386", "ppc64el", "riscv64", "s390x", "loong64"}

var severities = []string{"normal", "normal", "normal", "important", "important", "wishlist", "minor", "serious", "grave"}

func versionOf(r *rand.Rand) string {
	return fmt.Sprintf("%d.%d-%d", r.IntN(6), r.IntN(30), 1+r.IntN(4))
}
