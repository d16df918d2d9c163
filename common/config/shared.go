package config

// Shared is what the configuration of every program begins with. It is embedded.
type Shared struct {
	Bus  Bus  `toml:"bus"`
	Sign Sign `toml:"sign"`

	Files []string `toml:"-"` // that were read
}

// DefaultShared is the shared part before any file is read.
func DefaultShared() Shared { return Shared{Bus: DefaultBus(), Sign: DefaultSign()} }

// Common is the shared part, of whatever embeds it.
func (s *Shared) Common() *Shared { return s }
