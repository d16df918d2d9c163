package canary

import (
	"encoding/json"
	"testing"

	"busbar/adapters/adaptertest"
)

const fixtures = "../../fixtures/canary"

func load(raw []byte) (c Canary) {
	if err := json.Unmarshal(raw, &c); err != nil {
		return Canary{Refused: "no JSON"}
	}
	return c
}

func TestConformance(t *testing.T) { adaptertest.Run(t, Translator(), load, fixtures) }
