package tracker

import (
	"fmt"

	"busbar/soapbus/soap"
)

// A record is the fields of one bug. It keeps the first error.
type record struct {
	fields map[string]*soap.Node
	err    error
}

// field returns the first of the fields that is there.
func field[T any](r *record, read func(*soap.Node) (T, error), names ...string) (v T) {
	for _, name := range names {
		n := r.fields[name]
		if n == nil || n.Nil {
			continue
		}
		v, err := read(n)
		if err != nil && r.err == nil {
			r.err = fmt.Errorf("field %s: %w", name, err)
		}
		return v
	}
	return v
}

func (r *record) text(names ...string) string   { return field(r, text, names...) }
func (r *record) number(names ...string) int64  { return field(r, number, names...) }
func (r *record) numbers(names ...string) []int { return none(field(r, numbers, names...)) }
func (r *record) raw(names ...string) string    { return field(r, (*soap.Node).Value, names...) }
func (r *record) written(names ...string) []string {
	return none(field(r, written, names...))
}
func (r *record) words(names ...string) []string { return none(field(r, words, names...)) }
func (r *record) versions(array, hash string) []string {
	if n := r.fields[array]; n != nil && !n.Nil {
		return none(field(r, words, array))
	}
	return none(field(r, keys, hash))
}

// keys are those of a hash.
func keys(n *soap.Node) ([]string, error) {
	pairs, err := n.Hash()
	var list []string
	for _, p := range pairs {
		list = append(list, p.Key)
	}
	return set(list), err
}

// none makes an empty list nil, so that equal records are equal.
func none[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}
