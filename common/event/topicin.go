package event

import (
	"strings"
	"unsafe"
)

// TopicIn finds the topic of a message that was read before, without reading all of
// it again: the text of the member "topic" of its outermost object. What is written
// in another way than anybody writes it is read whole.
func TopicIn(body []byte) (string, error) {
	if topic, ok := topicIn(unsafe.String(unsafe.SliceData(body), len(body))); ok {
		return strings.Clone(topic), nil
	}
	_, e, err := ParseMessage(body)
	return strings.Clone(e.Topic), err
}

// topicIn looks at the texts of the outermost object alone.
func topicIn(s string) (topic string, ok bool) {
	depth, key, found := 0, false, false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{', '[':
			if found && depth == 1 {
				return "", false // its value is no text
			}
			depth++
			key = depth == 1
		case '}', ']':
			depth--
		case ',':
			key = depth == 1
		case '"':
			length := strings.IndexByte(s[i+1:], '"')
			if length < 0 {
				return "", false
			}
			text := s[i+1 : i+1+length]
			escaped := strings.IndexByte(text, '\\') >= 0
			if !escaped {
				i += length + 1
			} else if i = endOfText(s, i+1); i < 0 {
				return "", false
			}
			switch {
			case depth != 1:
			case key && escaped:
				return "", false // it may be the one
			case key:
				found, key = text == "topic", false
			case found && escaped:
				return "", false
			case found:
				topic, found = text, false // of two, the last counts
			}
		case ' ', ':', '\n', '\r', '\t':
		default:
			if found && depth == 1 {
				return "", false
			}
		}
	}
	return topic, topic != "" && depth == 0
}

// endOfText is where the quote is that ends a text; -1: nowhere.
func endOfText(s string, i int) int {
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}
