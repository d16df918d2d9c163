// Package tables translates changed rows of any table into events: of a
// database that nobody has written an adapter for, and of which its owner says
// in the configuration which columns name a row and which are to be watched.
//
// A table with the topic "udd.popcon" yields udd.popcon.create, .update and
// .delete. The sentence is a template over the row (text/template):
// "{{.package}} now has {{.insts}} installations".
//
// Not here: reading the database and comparing (dbpoll).
package tables
