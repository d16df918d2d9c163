package charset

import (
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/transform"
)

// johab is KS X 1001's other encoding (annex 3, code page 1361): a syllable's
// bits are its letters; all else is computed from the wansung code.
type johab struct{}

func (johab) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: johabDecoder{dec: korean.EUCKR.NewDecoder()}}
}

func (johab) NewEncoder() *encoding.Encoder { return encoding.Nop.NewEncoder() }

type johabDecoder struct{ dec *encoding.Decoder }

func (johabDecoder) Reset() {}

// Transform reads what is all there, as decodeMulti gives it.
func (d johabDecoder) Transform(dst, src []byte, _ bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if len(dst)-nDst < utf8.UTFMax {
			return nDst, nSrc, transform.ErrShortDst
		}
		r, n := rune(src[nSrc]), 1
		if r >= utf8.RuneSelf {
			if n, _ = sizeJohab(src[nSrc:]); n == 2 {
				r = d.read(src[nSrc], src[nSrc+1])
			} else {
				r, n = utf8.RuneError, 1
			}
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += n
	}
	return nDst, nSrc, nil
}

// The letters of a syllable by their five bits, as numbers in Unicode's order;
// -1: none, -2: not used. See Unicode §3.12.
var (
	johabInitial = [32]int{-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2}
	johabVowel   = [32]int{-2, -2, -1, 0, 1, 2, 3, 4, -2, -2, 5, 6, 7, 8, 9, 10, -2, -2, 11, 12, 13, 14, 15, 16, -2, -2, 17, 18, 19, 20, -2, -2}
	johabFinal   = [32]int{-2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, -2, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, -2, -2}
)

// Compatibility letters, for a syllable that has only one.
var (
	soleInitial = []rune("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ")
	soleFinal   = []rune("ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
)

func (d johabDecoder) read(hi, lo byte) rune {
	if hi >= 0xD8 {
		return d.wansung(hi, lo)
	}
	code := int(hi)<<8 | int(lo)
	i, v, f := johabInitial[code>>10&31], johabVowel[code>>5&31], johabFinal[code&31]
	switch {
	case i >= 0 && v >= 0 && f >= 0:
		return rune(0xAC00 + (i*21+v)*28 + f)
	case i >= 0 && v == -1 && f == 0:
		return soleInitial[i]
	case i == -1 && v >= 0 && f == 0:
		return rune(0x314F + v)
	case i == -1 && v == -1 && f > 0:
		return soleFinal[f-1]
	case i == -1 && v == -1 && f == 0:
		return '\u3000'
	}
	return utf8.RuneError
}

// wansung computes the code in EUC-KR of signs (D8 to DE) and of hanja (E0 to F9):
// two rows for each first byte.
func (d johabDecoder) wansung(hi, lo byte) rune {
	column := int(lo) - 0x31
	if lo >= 0x91 {
		column = int(lo) - 0x91 + 78
	} else if lo > 0x7E {
		return utf8.RuneError
	}
	if column < 0 || column > 187 {
		return utf8.RuneError
	}
	row := 2*(int(hi)-0xD9) + 1
	if hi >= 0xE0 {
		row = 2*(int(hi)-0xE0) + 42
	}
	row += column / 94
	var buf [8]byte
	d.dec.Reset()
	n, _, err := d.dec.Transform(buf[:], []byte{byte(0xA0 + row), byte(0xA1 + column%94)}, true)
	if err != nil {
		return utf8.RuneError
	}
	r, _ := utf8.DecodeRune(buf[:n])
	return r
}

func sizeJohab(b []byte) (n int, rare bool) {
	if len(b) < 2 || !in(b[0], 0x84, 0xD3) && !in(b[0], 0xD8, 0xDE) && !in(b[0], 0xE0, 0xF9) || !in(b[1], 0x31, 0x7E) && !in(b[1], 0x81, 0xFE) {
		return 0, false
	}
	return 2, b[0] >= 0xE0
}
