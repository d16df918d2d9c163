package mail

import (
	"strings"
	"time"
)

// zones are the names found in real Date fields, in minutes east of UTC. Where
// a name means several zones, the one that mail is mostly written in stands:
// RFC 5322 §4.3 for North America, India for IST, Britain for BST. A name that
// is not here says nothing, and UTC is assumed.
var zones = map[string]int{
	"UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0,
	"BST": 60, "WEST": 60, "CET": 60, "MET": 60, "MEZ": 60, "WAT": 60,
	"CEST": 120, "MEST": 120, "MESZ": 120, "EET": 120, "CAT": 120, "SAST": 120,
	"EEST": 180, "MSK": 180, "EAT": 180, "TRT": 180, "MSD": 240,
	"PKT": 300, "IST": 330, "WIB": 420, "ICT": 420,
	"HKT": 480, "SGT": 480, "MYT": 480, "PHT": 480, "AWST": 480,
	"JST": 540, "KST": 540, "ACST": 570, "AEST": 600, "ACDT": 630, "AEDT": 660,
	"NZST": 720, "NZDT": 780,
	"NDT": -150, "NST": -210, "BRST": -120, "BRT": -180, "ART": -180, "ADT": -180, "CLST": -180,
	"AST": -240, "CLT": -240, "EDT": -240, "EST": -300, "CDT": -300,
	"CST": -360, "MDT": -360, "MST": -420, "PDT": -420, "PST": -480, "AKDT": -480, "AKST": -540, "HST": -600,
}

// zone takes a zone: "+0100", "+01:00", "CET", "GMT+2", or the "DST" that
// some systems wrote as a second word ("MET DST").
func (d *date) zone(w string) {
	w = strings.ToUpper(strings.Trim(w, " .()"))
	if w == "DST" && d.zoned {
		d.offset += time.Hour
	}
	if w == "" || d.zoned {
		return
	}
	name := w
	i := strings.IndexAny(w, "+-")
	if i >= 0 {
		name = w[:i]
	}
	if minutes, known := zones[name]; known {
		d.offset, d.zoned = time.Duration(minutes)*time.Minute, true
	} else if name != "" {
		return
	}
	if i >= 0 {
		if offset, ok := numericZone(w[i:]); ok {
			d.offset, d.zoned = d.offset+offset, true
		} else if d.note == "" {
			d.note = "its zone is impossible, taken as UTC"
		}
	}
}

// numericZone reads "+hhmm", "+hh:mm" and "+h", up to a day.
func numericZone(w string) (time.Duration, bool) {
	digits := strings.Replace(w[1:], ":", "", 1)
	if digits == "" || len(digits) > 4 || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	if len(digits) <= 2 {
		digits += "00"
	}
	n := 0
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	if n/100 >= 24 || n%100 >= 60 {
		return 0, false
	}
	offset := time.Duration(n/100)*time.Hour + time.Duration(n%100)*time.Minute
	if w[0] == '-' {
		offset = -offset
	}
	return offset, true
}
