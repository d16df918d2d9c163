package soap

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/transform"
)

// Limits bound what is read of a reply. Elements and bytes count once more for
// each place that references put them to.
type Limits struct {
	Bytes    int64 // [32 MiB]
	Depth    int   // [100]
	Elements int   // [one for each 32 bytes of Bytes, for an array's cheapest has more; at most 400,000]
}

func (l Limits) filled() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 32 << 20
	}
	if l.Depth <= 0 {
		l.Depth = 100
	}
	if l.Elements <= 0 {
		l.Elements = int(min(max(l.Bytes/32, 1000), 400_000))
	}
	return l
}

// Decode reads an envelope and returns the response element. A fault is an
// error of the type *Fault.
func Decode(r io.Reader, contentType string, lim Limits) (*Node, error) {
	d := decoder{lim: lim.filled(), names: map[string]string{}, ids: map[string]*Node{}, refs: map[*Node]string{}}
	head := &beginning{r: bound(r, d.lim.Bytes)}
	text, err := utf8Reader(bufio.NewReader(head), contentType)
	if err != nil {
		return nil, err
	}
	clean := bound(transform.NewReader(text, &cleaner{}), d.lim.Bytes)
	d.xml = xml.NewDecoder(bufio.NewReader(clean))
	d.xml.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	root, err := d.document()
	if clean.err != nil && clean.err != io.EOF {
		err = clean.err // where reading failed, the parser's word is not the reason
	}
	if err != nil {
		return nil, head.explain(err)
	}
	return d.response(root)
}

type decoder struct {
	xml      *xml.Decoder
	lim      Limits
	elements int
	names    map[string]string // so that a name is in memory once
	ids      map[string]*Node
	refs     map[*Node]string // what stands for the element of that id
	free     []Node
}

// An open element, and its text as long as it has no children.
type open struct {
	node *Node
	text []byte
}

// document reads the root and all below it, and nothing after it.
func (d *decoder) document() (*Node, error) {
	stack := make([]open, 0, 16)
	for {
		token, err := d.xml.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(stack) == 0 && t.Name.Local != "Envelope" {
				return nil, fmt.Errorf("%w: its root is %q, not an Envelope", ErrNotSOAP, line(t.Name.Local, 40))
			}
			if len(stack) >= d.lim.Depth {
				return nil, fmt.Errorf("%w: more than %d elements stand in each other", ErrTooLarge, d.lim.Depth)
			}
			if d.elements++; d.elements > d.lim.Elements {
				return nil, fmt.Errorf("%w: it has more than %d elements", ErrTooLarge, d.lim.Elements)
			}
			n, err := d.node(t)
			if err != nil {
				return nil, err
			}
			if len(stack) > 0 {
				parent := stack[len(stack)-1].node
				parent.Children = append(parent.Children, n)
			}
			stack = push(stack, n)
		case xml.EndElement:
			top := &stack[len(stack)-1]
			if len(top.node.Children) == 0 {
				top.node.Text = string(top.text)
			}
			if len(stack) == 1 {
				return top.node, nil
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) == 0 && strings.TrimSpace(string(t[:min(len(t), 1000)])) != "" {
				return nil, fmt.Errorf("%w: it begins with text", ErrNotSOAP)
			}
			if len(stack) > 0 && len(stack[len(stack)-1].node.Children) == 0 {
				top := &stack[len(stack)-1]
				top.text = append(top.text, t[:min(len(t), max(0, 2*maxText-len(top.text)))]...)
			}
		}
	}
}

// push reuses what an element that stood there before had as its buffer.
func push(stack []open, n *Node) []open {
	if len(stack) < cap(stack) {
		stack = stack[:len(stack)+1]
		top := &stack[len(stack)-1]
		top.node, top.text = n, top.text[:0]
		return stack
	}
	return append(stack, open{node: n})
}

const soap12Encoding = "http://www.w3.org/2003/05/soap-encoding"

func (d *decoder) node(t xml.StartElement) (*Node, error) {
	if len(d.free) == 0 {
		d.free = make([]Node, 64)
	}
	n := &d.free[0]
	d.free = d.free[1:]
	n.Name = d.name(t.Name.Local)
	for _, a := range t.Attr {
		switch space := a.Name.Space; {
		case a.Name.Local == "type" && space != "":
			n.Type = d.name(local(a.Value))
		case (a.Name.Local == "nil" || a.Name.Local == "null") && space != "":
			n.Nil = a.Value == "true" || a.Value == "1"
		case a.Name.Local == "id" && (space == "" || space == soap12Encoding):
			if d.ids[a.Value] != nil {
				return nil, fmt.Errorf("%w: two elements have the id %q", ErrRefused, line(a.Value, 40))
			}
			d.ids[strings.Clone(a.Value)] = n
		case a.Name.Local == "href" && space == "":
			d.refs[n] = strings.TrimPrefix(a.Value, "#")
		case a.Name.Local == "ref" && space == soap12Encoding:
			d.refs[n] = a.Value
		}
	}
	return n, nil
}

func (d *decoder) name(s string) string {
	if known, ok := d.names[s]; ok {
		return known
	}
	if len(d.names) < 1000 && len(s) < 100 {
		d.names[s] = s
	}
	return s
}

// response finds the response element in the Body, and follows its references.
func (d *decoder) response(root *Node) (*Node, error) {
	var body *Node
	for _, c := range root.Children {
		if c.Name == "Body" && body == nil {
			body = c
		}
	}
	if body == nil || len(body.Children) == 0 {
		return nil, fmt.Errorf("%w: the envelope has no Body, or nothing in it", ErrNotSOAP)
	}
	n := body.Children[0]
	if err := d.follow(n); err != nil {
		return nil, err
	}
	if n.Name == "Fault" {
		return nil, fault(n)
	}
	return n, nil
}

// bounded reads at most so many bytes and keeps the first error.
type bounded struct {
	r          io.Reader
	most, left int64
	err        error
}

func bound(r io.Reader, most int64) *bounded { return &bounded{r: r, most: most, left: most} }

func (b *bounded) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more shows that there is more
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		n, err = n-1, fmt.Errorf("%w: it has more than %d bytes", ErrTooLarge, b.most)
	}
	b.err = err
	return n, err
}

// beginning remembers how a reply begins, to show it where it is not SOAP.
type beginning struct {
	r    io.Reader
	text []byte
}

func (b *beginning) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if room := 400 - len(b.text); room > 0 {
		b.text = append(b.text, p[:min(n, room)]...)
	}
	return n, err
}

// explain makes a parser's error one of ours.
func (b *beginning) explain(err error) error {
	syntax, isSyntax := errors.AsType[*xml.SyntaxError](err)
	begins := "it begins with " + fmt.Sprintf("%q", line(string(b.text), 80))
	start := strings.ToLower(strings.TrimSpace(string(b.text)))
	page := strings.HasPrefix(start, "<html") || strings.HasPrefix(start, "<!doctype html")
	switch {
	case page:
		return fmt.Errorf("%w but a page for people: %s", ErrNotSOAP, begins)
	case err == io.EOF && start == "":
		return fmt.Errorf("%w: it is empty", ErrCut)
	case err == io.ErrUnexpectedEOF, isSyntax && syntax.Msg == "unexpected EOF":
		return fmt.Errorf("%w in the middle: %s", ErrCut, begins)
	case err == io.EOF:
		return fmt.Errorf("%w: it has no element: %s", ErrNotSOAP, begins)
	case isSyntax:
		return fmt.Errorf("%w: XML cannot be read at its line %d (%s): %s", ErrNotSOAP, syntax.Line, line(syntax.Msg, 80), begins)
	case strings.HasPrefix(err.Error(), "xml: "):
		return fmt.Errorf("%w: %w: %s", ErrNotSOAP, err, begins)
	}
	return err
}
