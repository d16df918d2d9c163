// Package config reads a program's configuration: files, environment and --set over
// its defaults, as a struct whose fields carry "toml" and "doc" tags. The reference
// page, the manual, the hints for unknown keys and the environment variables all come from
// those tags. It has the tables that all programs share: [bus] and [sign].
//
// Not here: the tables that a program has for itself.
package config
