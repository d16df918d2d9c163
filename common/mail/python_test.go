package mail

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// pythonMails writes a mail for each text and charset that can have it: with
// its subject, its sender's name and its body in that charset; with raw bytes
// and labels as careless programs have them; and what Python's own reader makes
// of the well-formed ones.
const pythonMails = `
import sys, json, base64, email, email.policy
from email.header import Header, decode_header
from email.utils import formataddr
from email.charset import Charset, QP, BASE64
texts, charsets = json.load(sys.stdin)
out = []
for label in charsets:
    for text in texts:
        if label in ('big5', 'cp950') and text[0] != '水':
            continue # kana and Cyrillic stand at other places than people have them
        try:
            raw = text.encode(label)
        except Exception:
            continue
        for how in (QP, BASE64):
            if how == QP and (b'\x1b' in raw or b'\0' in raw):
                continue
            word = Charset(label)
            word.input_codec = word.output_codec = label
            word.output_charset = word.input_charset = label
            word.header_encoding = how
            head = 'From: ' + Header(text.split()[0], word).encode() + ' <tea@example.org>\n'
            head += 'Subject: ' + Header(text, word, maxlinelen=60).encode() + '\n'
            body = base64.encodebytes(raw).decode()
            mail = (head + 'Content-Type: text/plain; charset=' + label + '\nContent-Transfer-Encoding: base64\n\n' + body).encode('ascii')
            m = email.message_from_bytes(mail)
            subject = ''.join(b.decode(c or 'ascii') if isinstance(b, bytes) else b for b, c in decode_header(m['Subject']))
            read = [subject.replace('\n', ''), m.get_payload(decode=True).decode(m.get_content_charset())]
            out.append(['words', label, text, base64.b64encode(mail).decode(), read])
        if b'\0' in raw or b'\r' in raw or b'\n' in raw:
            continue
        mail = b'From: ' + raw.split(b' ')[0] + b' <tea@example.org>\nSubject: ' + raw + b'\nContent-Type: text/plain; charset=' + label.encode() + b'\n\n' + raw
        if not label.startswith(('utf_16', 'utf_32', 'utf_7', 'hz', 'iso2022_kr')):
            out.append(['raw', label, text, base64.b64encode(mail).decode(), []])
json.dump(out, sys.stdout)
`

// TestPythonReadsTheSame holds headers and texts in all charsets against what
// Python's email writes and reads.
func TestPythonReadsTheSame(t *testing.T) {
	texts := []string{"Grüße aus Köln: süßer Tee, schöne Öfen", "Зелёный чай и четвёртый чайник ещё тёплый", "お茶を飲みましょう、やかんが沸いた", "水壶开了，请喝茶", "水壺開了，請喝茶",
		"주전자가 끓는다 차를 마시자", "Το τσάι είναι ζεστό και ωραίο", "Příliš žluťoučký kůň úpěl", "Çaydanlık kaynıyor, ılık çay içtim", "กาน้ำเดือดแล้ว ชาร้อน", "הקומקום רותח עכשיו", "الإبريق يغلي الآن", "tea 🍵 for two"}
	charsets := strings.Fields(`ascii utf_8 latin_1 iso8859_2 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_15 cp1250 cp1251 cp1252 cp1253 cp1254
		cp1255 cp1256 cp1257 cp874 tis_620 koi8_r koi8_u cp437 cp850 cp852 cp866 cp862 mac_roman mac_cyrillic mac_greek mac_turkish shift_jis cp932 euc_jp iso2022_jp iso2022_jp_2
		iso2022_kr euc_kr cp949 johab gb2312 gbk gb18030 hz big5 cp950 utf_7 utf_16 utf_16_be utf_16_le utf_32`)
	in, err := json.Marshal([]any{texts, charsets})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-I", "-c", pythonMails)
	cmd.Stdin = strings.NewReader(string(in))
	var said strings.Builder
	cmd.Stderr = &said
	answer, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3, which this test needs: %v\n%s", err, said.String())
	}
	var mails []struct {
		how, label, text, mail string
		read                   []string
	}
	var rows [][]json.RawMessage
	if err := json.Unmarshal(answer, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		mails = append(mails, struct {
			how, label, text, mail string
			read                   []string
		}{})
		m := &mails[len(mails)-1]
		var raw []byte
		for i, to := range []any{&m.how, &m.label, &m.text, &raw, &m.read} {
			if err := json.Unmarshal(row[i], to); err != nil {
				t.Fatal(err)
			}
		}
		m.mail = string(raw)
	}
	count := map[string]int{}
	for _, m := range mails {
		count[m.how]++
		got := Parse([]byte(m.mail), Limits{})
		from := got.Header.Addresses("From")
		name, _, _ := strings.Cut(m.text, " ")
		if got.Header.Get("Subject") != m.text || got.Text() != m.text || len(from) != 1 || from[0] != (Address{name, "tea@example.org"}) {
			t.Errorf("%s, %s: %q, %q from %q, want %q", m.how, m.label, got.Header.Get("Subject"), got.Text(), from, m.text)
		}
		if len(m.read) == 2 && (m.read[0] != m.text || m.read[1] != m.text) {
			count["read otherwise by Python"]++
		}
	}
	t.Logf("%d mails: %v", len(mails), count)
	if count["words"] < 200 || count["raw"] < 100 {
		t.Error("Python wrote too few")
	}
}
