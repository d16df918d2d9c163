package mail

import (
	"strings"
	"sync"
)

// months are the names of months in the languages that mailers wrote into dates
// (en, de, fr, es, it, pt, nl, sv, da, nb, pl, ru, hu, tr, ro, ca), in lower case and
// without accents. Each may be shortened to three letters or more where that
// means one month in all of them.
var months = [12]string{
	"january januar jaenner janner janvier enero ene gennaio janeiro januari styczen stycznia januarie ianuarie gener yanvar январь января ocak",
	"february februar feber fevrier febrero febbraio fevereiro februari luty lutego februarie febrer февраль февраля subat",
	"march marz maerz mrz mars marzo marco maart mrt marzec marca marcius martie март марта mart",
	"april avril abril aprile kwiecien kwietnia aprilis aprilie апрель апреля nisan",
	"may mai mayo maggio maio mei maj maja majus май мая mayis",
	"june juni juin junio giugno junho czerwiec czerwca junius iunie juny июнь июня haziran",
	"july juli juillet julio luglio julho lipiec lipca julius iulie juliol июль июля temmuz",
	"august aout agosto augustus augusti sierpien sierpnia augusztus agost август августа agustos",
	"september septembre septiembre settembre setembro sept szeptember wrzesien wrzesnia septembrie setembre сентябрь сентября eylul",
	"october oktober octobre octubre ottobre outubro pazdziernik pazdziernika octombrie октябрь октября ekim",
	"november novembre noviembre novembro noiembrie ноябрь ноября kasim",
	"december dezember decembre diciembre dicembre dezembro desember grudzien grudnia decembrie desembre декабрь декабря aralik",
}

// weekdays are those that look like a month when shortened.
var weekdays = []string{"mardi", "martes", "martedi", "marti", "mar", "mart"}

// isWeekday reports whether a name may be that of a day.
func isWeekday(l string) bool {
	l = plainLetters.Replace(l)
	for _, name := range weekdays {
		if name == l {
			return true
		}
	}
	return false
}

// monthNamed is the month, 1 to 12, that a name in lower case means; 0 for none,
// or where languages differ.
func monthNamed(l string) int { return monthNames()[plainLetters.Replace(l)] }

// monthNames are all names and beginnings of names, with the months that they mean.
var monthNames = sync.OnceValue(func() map[string]int {
	all := map[string]int{}
	for _, names := range months {
		for name := range strings.FieldsSeq(names) {
			for n := 3; n <= len(name); n++ {
				all[name[:n]] = meaning(name[:n])
			}
		}
	}
	return all
})

// meaning looks through all names for one that is, or begins with, a text.
func meaning(l string) int {
	found := 0
	for i, names := range months {
		for name := range strings.FieldsSeq(names) {
			if name == l {
				return i + 1
			}
			if !strings.HasPrefix(name, l) || len(l) < 6 && l[0] >= 0x80 { // Cyrillic: two bytes a letter
				continue
			}
			if found != 0 && found != i+1 {
				return 0
			}
			found = i + 1
		}
	}
	return found
}

// plainLetters takes accents off, as they may be written or not.
var plainLetters = strings.NewReplacer(
	"ä", "a", "á", "a", "à", "a", "â", "a", "ã", "a", "å", "a", "ă", "a", "é", "e", "è", "e", "ê", "e", "ę", "e", "í", "i", "ì", "i", "î", "i", "ı", "i",
	"ó", "o", "ö", "o", "ô", "o", "ò", "o", "ú", "u", "ü", "u", "û", "u", "ù", "u", "ç", "c", "ć", "c", "č", "c", "ğ", "g", "ł", "l", "ń", "n", "ñ", "n",
	"ś", "s", "š", "s", "ş", "s", "ș", "s", "ţ", "t", "ț", "t", "ź", "z", "ż", "z", "ž", "z",
)
