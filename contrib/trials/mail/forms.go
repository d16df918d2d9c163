package main

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"busbar/fixtures"
)

// A form is a mail of the fixtures that can be made again with other numbers, names and
// ids, so that each is a fact of its own.
type form []piece

type piece struct {
	text string
	vary func(text string, n int) string // nil: it stays
}

var (
	messageID = regexp.MustCompile(`(?mi)^Message-ID:\s*<`)
	bugNumber = regexp.MustCompile(`\b[1-9][0-9]{5}\b`)
	objectID  = regexp.MustCompile(`\b[0-9a-f]{40}\b`)
	source    = regexp.MustCompile(`(?m)^Source: ([a-z0-9][a-z0-9+.-]*)`)
)

func newForm(raw string) form {
	type span struct {
		from, to int
		vary     func(string, int) string
	}
	var spans []span
	add := func(re *regexp.Regexp, vary func(string, int) string) {
		for _, at := range re.FindAllStringIndex(raw, -1) {
			spans = append(spans, span{at[0], at[1], vary})
		}
	}
	add(messageID, func(text string, n int) string { return text + "n" + strconv.Itoa(n) + "." })
	add(objectID, func(text string, n int) string {
		sum := sha1.Sum([]byte(text + strconv.Itoa(n)))
		return hex.EncodeToString(sum[:])
	})
	add(bugNumber, func(text string, n int) string {
		old, _ := strconv.Atoi(text)
		return strconv.Itoa(100000 + (old+7919*n)%900000)
	})
	if m := source.FindStringSubmatch(raw); m != nil {
		add(regexp.MustCompile(`\b`+regexp.QuoteMeta(m[1])+`\b`), func(text string, n int) string { return text + strconv.Itoa(n) })
	}
	slices.SortStableFunc(spans, func(a, b span) int { return a.from - b.from })
	var f form
	at := 0
	for _, s := range spans {
		if s.from < at {
			continue // within another one
		}
		f = append(f, piece{text: raw[at:s.from]}, piece{raw[s.from:s.to], s.vary})
		at = s.to
	}
	return append(f, piece{text: raw[at:]})
}

// mail is the form's mail of a number; it ends with a line.
func (f form) mail(n int) []byte {
	var b bytes.Buffer
	for _, p := range f {
		if p.vary != nil {
			b.WriteString(p.vary(p.text, n))
		} else {
			b.WriteString(p.text)
		}
	}
	if !bytes.HasSuffix(b.Bytes(), []byte("\n")) {
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// forms are those of all fixtures, but for the hostile ones.
func forms() ([]form, error) {
	files, err := fs.Glob(fixtures.Mails, "*/*.mail")
	if err != nil {
		return nil, err
	}
	var list []form
	for _, name := range files {
		if strings.HasPrefix(name, "hostile/") {
			continue
		}
		raw, err := fs.ReadFile(fixtures.Mails, name)
		if err != nil {
			return nil, err
		}
		list = append(list, newForm(string(raw)))
	}
	if len(list) == 0 {
		return nil, errors.New("there are no fixtures")
	}
	return list, nil
}

var fromLine = regexp.MustCompile(`(?m)^(>*From )`)

// writeBox writes mails into an mbox (mboxrd).
func writeBox(path string, list []form, mails int) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	stamp := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Format(time.ANSIC)
	for n := range mails {
		text := list[n%len(list)].mail(n)
		if bytes.Contains(text, []byte("From ")) {
			text = fromLine.ReplaceAll(text, []byte(">$1"))
		}
		if _, err := fmt.Fprintf(w, "From nora@example.org %s\n%s\n", stamp, text); err != nil {
			return err
		}
	}
	return w.Flush()
}
