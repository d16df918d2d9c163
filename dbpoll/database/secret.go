package database

import "busbar/common/secret"

// Redact is a URL or connection string without its password.
func Redact(text string) string { return secret.Redact(text) }

// hide keeps the password out of an error.
func hide(text string, err error) error { return secret.Hide(text, err) }
