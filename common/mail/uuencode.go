package mail

import "bytes"

// uudecoded returns what stands between "begin MODE NAME" and "end" (POSIX,
// uuencode); ok is false if there is no beginning. A line that lost the blanks
// at its end is filled up, and one that is no such line ends the data. Of a last
// line that nothing follows, the text was cut: what is not there is not made up.
func uudecoded(body []byte) (data []byte, ok bool) {
	rest := body
	for !ok {
		if len(rest) == 0 {
			return nil, false
		}
		var l []byte
		l, rest = cutLine(rest)
		ok = bytes.HasPrefix(l, []byte("begin ")) && len(bytes.Fields(l)) > 1
	}
	data = make([]byte, 0, len(rest)*3/4)
	for len(rest) > 0 {
		var l []byte
		if l, rest = cutLine(rest); len(l) == 0 || l[0] < ' ' || l[0] > '`' {
			break
		}
		n := int(l[0]-' ') & 63
		if n == 0 {
			break
		}
		end := len(data) + n
		for i := 1; len(data) < end; i += 4 {
			var group [4]byte
			for k := range group {
				if i+k < len(l) {
					group[k] = (l[i+k] - ' ') & 63
				}
			}
			data = append(data, group[0]<<2|group[1]>>4, group[1]<<4|group[2]>>2, group[2]<<6|group[3])
		}
		if missing := (n+2)/3*4 - (len(l) - 1); missing > 0 && len(rest) == 0 {
			return data[:end-max(0, n-(len(l)-1)*3/4)], true
		}
		data = data[:end]
	}
	return data, true
}
