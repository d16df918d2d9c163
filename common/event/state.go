package event

// A State is what a source last said of one of its things (a row, a bug, a ref):
// what the next news of it are found by comparing with. It is stored in the same
// transaction as the news.
type State struct {
	Source string // such as "wanna-build sid/amd64"
	Key    string // the thing, in the source's own terms
	Value  []byte // nil: the thing is gone, and forgotten
}
