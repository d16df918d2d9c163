package event

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxNesting and maxDigits are where Python 3.11's parser gives up, and so the
// validators on the bus.
const (
	maxNesting = 990
	maxDigits  = 4300
)

// Parse reads JSON exactly as a fedmsg validator does (Python's json.loads):
// NaN and Infinity are values, the last of two equal keys wins, integers keep
// all digits, lone surrogates survive; a byte order mark, raw control
// characters and invalid UTF-8 are errors. It returns map[string]any, []any,
// string, Int, float64, bool and nil.
func Parse(data []byte) (any, error) {
	return parse(string(data))
}

func parse(text string) (any, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("parsing JSON: it is not valid UTF-8")
	}
	p := parser{s: text}
	p.space()
	v, err := p.value(0)
	if err == nil {
		p.space()
		if p.i < len(p.s) {
			err = p.fail("text after the value")
		}
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

type parser struct {
	s string
	i int
}

func (p *parser) fail(what string) error {
	return fmt.Errorf("parsing JSON: %s at byte %d", what, p.i)
}

func (p *parser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *parser) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

// take consumes word if it comes next.
func (p *parser) take(word string) bool {
	if len(p.s)-p.i >= len(word) && p.s[p.i:p.i+len(word)] == word {
		p.i += len(word)
		return true
	}
	return false
}

func (p *parser) value(depth int) (any, error) {
	if depth > maxNesting {
		return nil, p.fail("nested too deep")
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		return p.str()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	return p.word()
}

func (p *parser) word() (any, error) {
	switch {
	case p.take("null"):
		return nil, nil
	case p.take("true"):
		return true, nil
	case p.take("false"):
		return false, nil
	case p.take("NaN"):
		return math.NaN(), nil
	case p.take("Infinity"):
		return math.Inf(1), nil
	}
	return nil, p.fail("no value")
}

func (p *parser) object(depth int) (any, error) {
	o := map[string]any{}
	p.i++
	p.space()
	if p.take("}") {
		return o, nil
	}
	for {
		if p.peek() != '"' {
			return nil, p.fail("no key in double quotes")
		}
		k, err := p.str()
		if err != nil {
			return nil, err
		}
		p.space()
		if !p.take(":") {
			return nil, p.fail("no colon after a key")
		}
		p.space()
		if o[k], err = p.value(depth + 1); err != nil {
			return nil, err
		}
		p.space()
		if p.take("}") {
			return o, nil
		}
		if !p.take(",") {
			return nil, p.fail("no comma or } in an object")
		}
		p.space()
	}
}

func (p *parser) array(depth int) (any, error) {
	a := []any{}
	p.i++
	p.space()
	if p.take("]") {
		return a, nil
	}
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		a = append(a, v)
		p.space()
		if p.take("]") {
			return a, nil
		}
		if !p.take(",") {
			return nil, p.fail("no comma or ] in an array")
		}
		p.space()
	}
}

func (p *parser) digits() int {
	n := 0
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.i++
		n++
	}
	return n
}

func (p *parser) number() (any, error) {
	start := p.i
	if p.take("-") && p.take("Infinity") {
		return math.Inf(-1), nil
	}
	whole := 1
	if !p.take("0") {
		if whole = p.digits(); whole == 0 {
			return nil, p.fail("no digits after -")
		}
	}
	end, float := p.i, false
	if p.take(".") {
		if p.digits() > 0 {
			end, float = p.i, true
		}
	}
	p.i = end
	if c := p.peek(); c == 'e' || c == 'E' {
		p.i++
		if !p.take("+") {
			p.take("-")
		}
		if p.digits() > 0 {
			end, float = p.i, true
		}
		p.i = end
	}
	text := p.s[start:end]
	if float {
		f, _ := strconv.ParseFloat(text, 64) // out of range: ±Inf or 0, as Python
		return f, nil
	}
	if whole > maxDigits {
		return nil, p.fail("an integer of more than 4300 digits")
	}
	if text == "-0" {
		text = "0"
	}
	return Int(text), nil
}

func (p *parser) str() (string, error) {
	p.i++
	start := p.i
	var buf []byte
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '"':
			s := p.s[start:p.i]
			p.i++
			if buf == nil {
				return s, nil
			}
			return string(append(buf, s...)), nil
		case c < 0x20:
			return "", p.fail("a raw control character in a string")
		case c == '\\':
			buf = append(buf, p.s[start:p.i]...)
			var err error
			if buf, err = p.escape(buf); err != nil {
				return "", err
			}
			start = p.i
		default:
			p.i++
		}
	}
	return "", p.fail("a string without an end")
}

func (p *parser) escape(buf []byte) ([]byte, error) {
	p.i++
	c := p.peek()
	p.i++
	switch c {
	case '"', '\\', '/':
		return append(buf, c), nil
	case 'b':
		return append(buf, '\b'), nil
	case 'f':
		return append(buf, '\f'), nil
	case 'n':
		return append(buf, '\n'), nil
	case 'r':
		return append(buf, '\r'), nil
	case 't':
		return append(buf, '\t'), nil
	case 'u':
		return p.unicode(buf)
	}
	return nil, p.fail("an unknown escape")
}

func (p *parser) unicode(buf []byte) ([]byte, error) {
	r, ok := p.hex4()
	if !ok {
		return nil, p.fail(`\u without four hex digits`)
	}
	if r >= 0xd800 && r < 0xdc00 && p.take(`\u`) {
		low, ok := p.hex4()
		if ok && low >= 0xdc00 && low < 0xe000 {
			return utf8.AppendRune(buf, utf16.DecodeRune(r, low)), nil
		}
		if !ok {
			return nil, p.fail(`\u without four hex digits`)
		}
		p.i -= 6 // not its other half: an escape of its own
	}
	if utf16.IsSurrogate(r) {
		return append(buf, 0xe0|byte(r>>12), 0x80|byte(r>>6&0x3f), 0x80|byte(r&0x3f)), nil
	}
	return utf8.AppendRune(buf, r), nil
}

func (p *parser) hex4() (rune, bool) {
	if len(p.s)-p.i < 4 {
		return 0, false
	}
	var r rune
	for _, c := range []byte(p.s[p.i : p.i+4]) {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	p.i += 4
	return r, true
}
