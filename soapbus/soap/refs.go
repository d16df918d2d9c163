package soap

import "fmt"

// extent is how much stands below a node, references followed.
type extent struct {
	elements int
	bytes    int64
	height   int
	open     bool // it is being looked at: whoever meets it closes a circle
}

// follow puts what each reference names in the reference's place. A target is
// not copied, so its size is added up: a few bytes can name a lot.
func (d *decoder) follow(root *Node) error {
	if len(d.refs) == 0 {
		return nil
	}
	f := follower{decoder: d, known: map[*Node]*extent{}, targets: map[*Node]bool{}}
	for _, n := range d.ids {
		f.targets[n] = true
	}
	_, err := f.walk(root, 1)
	return err
}

type follower struct {
	*decoder
	known   map[*Node]*extent // of targets; all others are met once for each of these
	targets map[*Node]bool
}

// walk goes at most as deep as the limit, so that it ends also in circles.
func (f *follower) walk(n *Node, depth int) (extent, error) {
	if depth > f.lim.Depth {
		return extent{}, fmt.Errorf("%w: with references followed, more than %d elements stand in each other", ErrTooLarge, f.lim.Depth)
	}
	if f.targets[n] {
		switch e := f.known[n]; {
		case e == nil:
			f.known[n] = &extent{open: true}
		case e.open:
			return extent{}, fmt.Errorf("%w: its references go round in a circle", ErrRefused)
		case depth+e.height > f.lim.Depth:
			return extent{}, fmt.Errorf("%w: with references followed, more than %d elements stand in each other", ErrTooLarge, f.lim.Depth)
		default:
			return *e, nil
		}
	}
	e, err := f.measure(n, depth)
	if err != nil {
		return extent{}, err
	}
	if f.targets[n] {
		*f.known[n] = e
	}
	return e, nil
}

func (f *follower) measure(n *Node, depth int) (extent, error) {
	if id, isRef := f.refs[n]; isRef {
		target := f.ids[id]
		if target == nil {
			return extent{}, fmt.Errorf("%w: it refers to %q, which is not in it", ErrRefused, line(id, 40))
		}
		e, err := f.walk(target, depth+1)
		if err != nil {
			return extent{}, err
		}
		n.Type, n.Nil, n.Text, n.Children = target.Type, target.Nil, target.Text, target.Children
		e.height++
		return e, nil
	}
	e := extent{elements: 1, bytes: int64(len(n.Text)), height: 0}
	for _, c := range n.Children {
		below, err := f.walk(c, depth+1)
		if err != nil {
			return extent{}, err
		}
		e.elements += below.elements
		e.bytes += below.bytes
		e.height = max(e.height, below.height+1)
		if e.elements > f.lim.Elements || e.bytes > f.lim.Bytes {
			return extent{}, fmt.Errorf("%w: with references followed, it has more than %d elements or %d bytes of text", ErrTooLarge, f.lim.Elements, f.lim.Bytes)
		}
	}
	return e, nil
}
