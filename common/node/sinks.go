package node

import (
	"path/filepath"
	"time"

	"busbar/common/config"
	"busbar/common/drain"
	"busbar/common/journal"
	"busbar/common/lines"
	"busbar/common/push"
)

// AddSinks adds the ways out that the configuration names beside the publisher,
// before Run.
func (n *Node) AddSinks(c *config.Shared) {
	if file := c.Lines.File; file != "" {
		n.Places(filepath.Dir(file))
		n.AddSink(&drain.Drain{Sink: &lines.Sink{Path: file, Log: n.Log}, Name: "lines", Begin: begin(c.Lines.From)})
	}
	if p := c.Push; !p.URL.Empty() {
		n.Secrets("the secret of the pushes", p.SecretFile)
		if p.Key != "" {
			n.Secrets("the key of the pushes", p.Key)
		}
		// Each request has a limit of its own.
		n.AddSink(&drain.Drain{Sink: Push(p), Name: "push", Begin: begin(p.From), Patience: -1})
	}
}

// Push is the sink of a [push] table.
func Push(c config.Push) *push.Sink {
	return &push.Sink{URL: c.URL, SecretFile: c.SecretFile, CA: c.CA, Cert: c.Certificate, Key: c.Key, Batch: c.Batch, Timeout: time.Duration(c.Timeout)}
}

func begin(from string) journal.Begin {
	if from == config.Now {
		return journal.FromNow
	}
	return journal.FromStart
}

// AddSink adds a way out beside the publisher, before Run. d says its sink, its
// name and where it begins; the journal is the node's. While it cannot be reached,
// that is the condition "sink NAME".
func (n *Node) AddSink(d *drain.Drain) {
	d.Store, d.Log = n.Journal, n.Log
	n.sinks = append(n.sinks, d)
	n.Watch("sink "+d.Name, d.Err)
}

func (n *Node) sinkErrors() map[string]string {
	last := map[string]string{}
	for _, d := range n.sinks {
		if s := d.Status(); s.LastError != nil {
			last[s.Name] = s.LastError.Error()
		}
	}
	if err := n.Err(); err != nil {
		last[Sink] = err.Error()
	}
	return last
}
