// Package node is an adapter's place on the bus: journal, signer and publisher
// joined, with what is published of them (conditions, metrics, health, the status
// socket), new keys while it runs, and the folder of items that are tried again.
//
// Not here: what reads a source (pump, the programs), and command lines (program).
package node
