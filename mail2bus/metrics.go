package main

import (
	"maps"
	"slices"

	"busbar/common/program"
	"busbar/mail2bus/imap"
	"busbar/mail2bus/lmtp"
	"busbar/mail2bus/proof"
)

// measure adds metrics of mail2bus to /metrics.
func (c *Config) measure(o *program.Opening, prefix string, labels map[string]string, now func() []program.Metric) error {
	all := map[string]string{"publisher": c.Bus.Name}
	maps.Copy(all, labels)
	return o.Node.Register(program.Measures("busbar_"+prefix, all, now))
}

func lmtpMetrics(s lmtp.Stats) []program.Metric {
	return []program.Metric{
		{Name: "connections", Help: "Mail systems that are connected now.", Value: float64(s.Open)},
		{Name: "connections_total", Help: "Connections since the start.", Value: float64(s.Connections)},
		{Name: "mails_total", Help: "Mails that were stored and acknowledged, since the start.", Value: float64(s.Stored)},
		{Name: "refused_total", Help: "Mails that were not stored, and come again, since the start.", Value: float64(s.Refused)},
		{Name: "last_timestamp_seconds", Help: "When a mail was stored last; 0: never.", Value: program.Timestamp(s.Last)},
	}
}

func imapMetrics(s imap.Stats) []program.Metric {
	return []program.Metric{
		{Name: "connected", Help: "1 while the mailbox is open.", Value: program.Yes(s.Connected)},
		{Name: "connections_total", Help: "Connections on which the mailbox was opened, since the start.", Value: float64(s.Connections)},
		{Name: "failures_total", Help: "Connections that could not be made, or ended, since the start.", Value: float64(s.Failures)},
		{Name: "mails_total", Help: "Mails that were read, since the start.", Value: float64(s.Mails)},
		{Name: "settled_total", Help: "Mails that were marked or moved, since the start.", Value: float64(s.Settled)},
		{Name: "last_timestamp_seconds", Help: "When all mails that were there had been read; 0: never.", Value: program.Timestamp(s.Looked)},
		{Name: "trouble", Help: "1 while the mailbox cannot be read.", Value: program.Yes(s.Sick)},
		{Name: "left", Help: "1 while its mails cannot be marked or moved.", Value: program.Yes(s.Left)},
	}
}

func proofMetrics(s proof.Stats) (list []program.Metric) {
	for _, m := range []struct {
		name, help, label string
		of                map[string]int64
	}{
		{"judged_total", "Mails that had to be proved, by what became of them, since the start.", "became", s.Mails},
		{"evidence_found_total", "Evidence that was looked for and found, since the start.", "evidence", s.Found},
		{"evidence_missing_total", "Evidence that was looked for and not found, since the start.", "evidence", s.Missing},
	} {
		for _, text := range slices.Sorted(maps.Keys(m.of)) {
			list = append(list, program.Metric{Name: m.name, Help: m.help, Value: float64(m.of[text]), Label: m.label, Text: text})
		}
	}
	return list
}
