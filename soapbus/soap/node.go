package soap

import (
	"encoding/base64"
	"fmt"
	"strings"

	"busbar/common/charset"
)

// A Node is one element of a reply. References are followed, so that a node may
// stand at several places: do not change it.
type Node struct {
	// Name is the local name. It is made up by the server, but for the
	// response element and for hashes whose keys are element names.
	Name     string
	Type     string // local name of xsi:type
	Nil      bool
	Text     string // as it stood; of an element with children: empty
	Children []*Node
}

// Bytes are the text's, of base64 what it means.
func (n *Node) Bytes() ([]byte, error) {
	if len(n.Children) > 0 {
		return nil, fmt.Errorf("%w: text was expected, and %s", ErrShape, n.shape())
	}
	if n.Type != "base64Binary" && n.Type != "base64" {
		return []byte(n.Text), nil
	}
	text := strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, n.Text)
	text = strings.TrimRight(text, "=")
	if len(n.Text) >= maxText { // its end may have been left out
		text = text[:len(text)/4*4]
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: base64 was expected: %w", ErrShape, err)
	}
	return b, nil
}

// Value is the text, valid UTF-8: bytes that are none are read as [charset.Runs]
// reads them.
func (n *Node) Value() (string, error) {
	b, err := n.Bytes()
	if err != nil {
		return "", err
	}
	text, _ := charset.Runs(b)
	return text, nil
}

// Items are the elements of an array. An empty element is an empty array.
func (n *Node) Items() ([]*Node, error) {
	if n.empty() {
		return nil, nil
	}
	if len(n.Children) == 0 || n.Type == "Map" {
		return nil, fmt.Errorf("%w: an array was expected, and %s", ErrShape, n.shape())
	}
	return n.Children, nil
}

// A Pair is a member of a hash.
type Pair struct {
	Key   string
	Value *Node
}

// Hash reads each form of a hash: a Map of items with key and value, where a
// key is no XML name; elements whose names are the keys; an empty element.
// SOAP::Lite escapes no names: a key that would need it makes it a Map.
func (n *Node) Hash() ([]Pair, error) {
	if n.empty() {
		return nil, nil
	}
	if len(n.Children) == 0 || n.Type == "Array" {
		return nil, fmt.Errorf("%w: a hash was expected, and %s", ErrShape, n.shape())
	}
	pairs := make([]Pair, 0, len(n.Children))
	for i, c := range n.Children {
		if n.Type != "Map" {
			pairs = append(pairs, Pair{c.Name, c})
			continue
		}
		if len(c.Children) != 2 {
			return nil, fmt.Errorf("%w: item %d of a Map should be a key and a value, and %s", ErrShape, i+1, c.shape())
		}
		key, err := c.Children[0].Value()
		if err != nil {
			return nil, fmt.Errorf("reading key %d of a Map: %w", i+1, err)
		}
		pairs = append(pairs, Pair{key, c.Children[1]})
	}
	return pairs, nil
}

func (n *Node) empty() bool {
	return n.Nil || len(n.Children) == 0 && strings.TrimSpace(n.Text) == ""
}

// shape says what a node is, for errors.
func (n *Node) shape() string {
	kind := n.Type
	if kind == "" {
		kind = "no type"
	}
	if len(n.Children) > 0 {
		return fmt.Sprintf("it has %d elements (%s)", len(n.Children), line(kind, 40))
	}
	return fmt.Sprintf("it is the text %q (%s)", line(n.Text, 60), line(kind, 40))
}
