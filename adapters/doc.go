// Package adapters holds no code of its own: each folder below it is one legacy
// service, and says what the service's items mean.
//
// To add a service, begin with a small neighbour (adapters/lists), and read
// common/translate, the contract. A service has three things: its kinds of
// events with their typed bodies (event.Define), a pure translator
// (translate.Translator), and golden fixtures that adaptertest holds it to.
// Then a program names the translator in its table (table.go). docs/howto/add-a-service.md
// is the whole way.
//
// Services never import each other: what two of them need is in common/.
package adapters
