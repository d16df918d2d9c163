package config

import "errors"

// Shared is what the configuration of every program begins with. It is embedded.
type Shared struct {
	Bus   Bus   `toml:"bus"`
	Sign  Sign  `toml:"sign"`
	Lines Lines `toml:"lines"`
	Push  Push  `toml:"push"`

	Files []string `toml:"-"` // that were read
}

// DefaultShared is the shared part before any file is read.
func DefaultShared() Shared {
	return Shared{Bus: DefaultBus(), Sign: DefaultSign(), Lines: Lines{From: Start}, Push: defaultPush()}
}

// CompleteShared fills what depends on the program's name, and reports what cannot work.
func (s *Shared) CompleteShared(program string) error {
	if err := s.Bus.Complete(program); err != nil {
		return err
	}
	return errors.Join(s.Lines.check(), s.Push.check())
}

// Common is the shared part, of whatever embeds it.
func (s *Shared) Common() *Shared { return s }
