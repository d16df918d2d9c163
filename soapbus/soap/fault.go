package soap

import "strings"

// A Fault is an answer: the server understood, and says no.
type Fault struct {
	Code string `json:"code"` // without prefix: "Client", "Server"
	// String is what the server says, often with its paths and a stack of
	// calls: for a log at most, never to be published.
	String string `json:"string"`
}

// Error tells the first line.
func (f *Fault) Error() string {
	first, _, _ := strings.Cut(strings.TrimSpace(f.String), "\n")
	return "the server answers with a fault: " + line(f.Code, 40) + ": " + line(first, 200)
}

const maxFault = 4 << 10

// fault reads both shapes: faultcode and faultstring of SOAP 1.1, Code/Value
// and Reason/Text of 1.2.
func fault(n *Node) *Fault {
	var f Fault
	for _, c := range n.Children {
		switch c.Name {
		case "faultcode", "Code":
			f.Code = local(strings.TrimSpace(firstText(c)))
		case "faultstring", "Reason":
			f.String = firstText(c)
		}
	}
	f.Code = f.Code[:min(len(f.Code), 40)]
	f.Code = strings.ToValidUTF8(f.Code, "")
	f.String = strings.ToValidUTF8(f.String[:min(len(f.String), maxFault)], "")
	return &f
}

// firstText is the text of the first leaf.
func firstText(n *Node) string {
	for len(n.Children) > 0 {
		n = n.Children[0]
	}
	s, err := n.Value()
	if err != nil {
		return n.Text
	}
	return s
}

// local takes the prefix off a name.
func local(name string) string {
	return name[strings.LastIndexByte(name, ':')+1:]
}
