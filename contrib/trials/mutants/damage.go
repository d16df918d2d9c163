package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"

	"busbar/fixtures"
)

// load gives the mails that are damaged: every fixture, the hostile ones too.
func load() ([][]byte, error) {
	files, err := fs.Glob(fixtures.Mails, "*/*.mail")
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, f := range files {
		raw, err := fs.ReadFile(fixtures.Mails, f)
		if err != nil {
			return nil, fmt.Errorf("reading fixture %s: %w", f, err)
		}
		all = append(all, raw)
	}
	return all, nil
}

// marks are what a parser trips over.
var marks = []string{
	"\x00", "\r", "\n\n", "\r\r\n", "=?utf-8?B?////?=", "=?x-unknown?Q?=FF=FE?=", "Content-Type: multipart/mixed; boundary=x\n\n--x\n",
	"Content-Transfer-Encoding: base64\n", "-----BEGIN PGP SIGNED MESSAGE-----\n", "\n--\n", "\xff\xfe", "(((((", "<<>>", "\"", ";;=", ": ",
}

// damage changes a copy of a mail in one to eight places.
func damage(r *rand.Rand, mail []byte) []byte {
	b := slices.Clone(mail)
	for range 1 + r.IntN(8) {
		if len(b) == 0 {
			return b
		}
		from := r.IntN(len(b))
		to := min(len(b), from+1+r.IntN(60))
		switch r.IntN(7) {
		case 0:
			b[from] ^= byte(1 << r.IntN(8))
		case 1:
			b = slices.Delete(b, from, to)
		case 2:
			b = slices.Insert(b, from, b[from:to]...)
		case 3:
			b = slices.Insert(b, from, []byte(marks[r.IntN(len(marks))])...)
		case 4:
			b = b[:from]
		case 5:
			b = slices.Insert(b, from, bytes.Repeat(b[from:to], 1+r.IntN(200))...)
		case 6:
			for i := from; i < to; i++ {
				b[i] = byte(r.Uint32())
			}
		}
	}
	return b
}
