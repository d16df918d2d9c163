// Package setup brings a program onto a machine: users, folders, keys,
// configuration, and what its unit needs to know of this machine. A change is a
// [Step], which says itself before it is made, is not made twice, and is taken
// back where a later one fails.
//
// [Machine] is what is looked at and changed: this machine, or one that stands in
// a folder (--root). Not here: which steps a program needs (common/program, and
// each program's own), and starting its unit.
package setup
