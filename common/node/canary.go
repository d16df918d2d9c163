package node

import "busbar/common/canary"

// Keep adds a channel's canaries to what is said of the node, before it runs.
func (n *Node) Keep(k *canary.Keeper) error {
	n.keepers = append(n.keepers, k)
	n.Conditions.Watch(k.Conditions)
	return n.Register(k.Collector())
}

func (n *Node) canaries() []canary.Status {
	var list []canary.Status
	for _, k := range n.keepers {
		list = append(list, k.Status())
	}
	return list
}
