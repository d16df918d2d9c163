package event

import (
	"fmt"
	"strings"
)

// MaxElements bounds the values in one message: those of lists, and the members
// of objects. Each costs memory however short it is, up to a hundred times its
// length, and who wrote it is known only afterwards. The journal makes no
// message that holds more.
const MaxElements = 1 << 17

// measure refuses text of which Parse would make too much.
func measure(text []byte) error {
	if elements(text, MaxElements) > MaxElements {
		return tooMany()
	}
	return nil
}

// elements counts the values in text, from above, without making anything. It
// reads text once, and ends where there are more than most.
func elements(text []byte, most int) int {
	n := 1
	for i := 0; i < len(text) && n <= most; i++ {
		switch text[i] {
		case ',', ':', '[', '{':
			n++
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		}
	}
	return n
}

func tooMany() error {
	return fmt.Errorf("it holds more than %d values", MaxElements)
}

// CheckSize reports why a body cannot be part of a message: readers refuse one
// that holds more than MaxElements values. body is a tree as Parse returns it.
func CheckSize(body any) error {
	// What a message has beside its body is well below this.
	const beside = 1 << 10
	if left := MaxElements - beside; !within(body, &left) {
		return fmt.Errorf("checking a body: %w", tooMany())
	}
	return nil
}

// within counts as measure does.
func within(v any, left *int) bool {
	switch v := v.(type) {
	case []any:
		*left -= len(v) + 1
		for _, x := range v {
			if *left < 0 || !within(x, left) {
				return false
			}
		}
	case map[string]any:
		*left -= 2*len(v) + 1
		for _, x := range v {
			if *left < 0 || !within(x, left) {
				return false
			}
		}
	}
	return *left >= 0
}

// clip is text for an error: a stranger's may be as long as a message.
func clip(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
