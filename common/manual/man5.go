package manual

import (
	"strings"

	"busbar/common/config"
)

// writeConfiguration writes the page of the program's configuration.
func (m *Manual) writeConfiguration(d *mdoc) {
	name := m.Program()
	d.begin(name+".toml", "5", m.Version, "configuration of "+name, m.Date)
	d.line("Sh", "DESCRIPTION")
	d.text("What " + name + " does is configured in TOML.")
	d.text(m.places())
	d.text("The environment overrides the files, and the flag `--set` overrides both.")
	d.text("An unknown key is an error that names the nearest known one.")
	d.line("Pp")
	d.text("Everything has a default, which is given here, but for what only you can know. `" + name + " config show` says what holds now, and where each value comes from; `" +
		name + " config example` prints a file with all keys; `" + name + " check` says what cannot work.")
	d.line("Pp")
	d.text(`A duration is a number with a unit: "30s", "10m", "720h". A size is a whole number of bytes, or one with KiB, MiB or GiB.`)
	table := ""
	for _, k := range m.Keys {
		section, key, _ := strings.Cut(k.Path, ".")
		if section != table {
			if table != "" {
				d.line("El")
			}
			table = section
			title := "[" + section + "]"
			if k.Many {
				title = "[" + title + "]"
			}
			d.line("Ss", word(title))
			if k.Many {
				d.text("Such a table may be there several times.")
			}
			d.line("Bl", "-tag", "-width", "Ds")
		}
		d.line("It", "Ic", word(key), "= Li", word(k.TOML()))
		d.text(k.Doc)
	}
	d.line("El")
	m.writeEnvironment(d)
	m.writeFiles(d, false)
	see := []string{name + " 1"}
	if name != "bus" {
		see = append(see, "bus.toml 5")
	}
	references(d, see)
}

func (m *Manual) places() string {
	if m.Program() == "bus" {
		return "It is read from " + config.Dir + "/bus.toml, or from the file that `--config` names."
	}
	return "It is read from " + config.Dir + "/bus.toml and over that from " + config.Dir + "/" + m.Program() + ".toml, or from the file that `--config` names, alone."
}

func (m *Manual) writeEnvironment(d *mdoc) {
	d.line("Sh", "ENVIRONMENT")
	d.line("Bl", "-tag", "-width", "Ds")
	d.line("It", "Ev", "BUSBAR_TABLE_KEY")
	d.text("Sets the key of that table, over the files: `BUSBAR_BUS_PREFIX` is `prefix` in `[bus]`. Lists are separated by commas. Tables that may be there several times, and keys that are tables themselves, can only be set in a file.")
	d.line("It", "Ev", config.EtcVariable)
	d.text("Another folder than " + config.Dir + ".")
	d.line("El")
}

// writeFiles writes where the files are: the configuration, and those that the
// program itself writes.
func (m *Manual) writeFiles(d *mdoc, all bool) {
	name := m.Program()
	d.line("Sh", "FILES")
	d.line("Bl", "-tag", "-width", "Ds")
	d.line("It", "Pa", word(config.Dir+"/bus.toml"))
	d.text("What all programs of a machine share.")
	if name != "bus" {
		d.line("It", "Pa", word(config.Dir+"/"+name+".toml"))
		d.text("What is this program's own. What stands here goes before bus.toml.")
	}
	if all && name != "bus" {
		d.line("It", "Pa", word(config.StateDir+"/"+name+"/journal.db"))
		d.text("The journal: messages, positions, and what could not be read. `sqlite3` reads it while the program runs.")
	}
	d.line("El")
}
