package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

// receiver is a server of HTTP in the form of one that takes notes, where the arguments
// ask for it: "receive FORM ADDRESS FILE". It writes a line for each note into the file, and
// then, a moment later, answers, until it is killed.
func receiver(args []string) bool {
	if len(args) != 5 || args[1] != "receive" {
		return false
	}
	f, err := os.OpenFile(args[4], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	form := map[string]func(*http.Request, []byte) (to, id string){"webhook": webhookForm, "ntfy": ntfyForm, "matrix": matrixForm}[args[2]]
	r := &taker{form: form, file: f}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) { // until the killed one's port is free
		if err := http.ListenAndServe(args[3], r); time.Now().After(end) {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// webhookForm knows a note by the header of Standard Webhooks.
func webhookForm(r *http.Request, _ []byte) (to, id string) {
	return r.URL.Path, r.Header.Get("Webhook-Id")
}

// ntfyForm knows one by its sequence.
func ntfyForm(_ *http.Request, body []byte) (to, id string) {
	var m struct {
		Topic    string `json:"topic"`
		Sequence string `json:"sequence_id"`
	}
	_ = json.Unmarshal(body, &m) // what is none has no topic
	return m.Topic, m.Sequence
}

// matrixForm knows one by its transaction.
func matrixForm(r *http.Request, _ []byte) (to, id string) {
	part := strings.Split(r.URL.Path, "/") // /_matrix/client/v3/rooms/ROOM/send/m.room.message/ID
	if len(part) != 9 {
		return "", ""
	}
	return part[5], part[8]
}

// aboutNote is how all forms name the event.
var aboutNote = regexp.MustCompile(`note (\d+)\b`)

type taker struct {
	form func(*http.Request, []byte) (to, id string)
	mu   sync.Mutex
	file *os.File
}

// ServeHTTP takes a note, or lets an account into a room.
func (t *taker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if room, ok := strings.CutPrefix(r.URL.Path, "/_matrix/client/v3/join/"); ok {
		_ = json.NewEncoder(w).Encode(map[string]string{"room_id": room})
		return
	}
	body, err := io.ReadAll(r.Body)
	to, id := t.form(r, body)
	about := aboutNote.FindSubmatch(body)
	if err != nil || to == "" || id == "" || about == nil {
		http.Error(w, "no note", http.StatusBadRequest)
		return
	}
	t.mu.Lock()
	_, err = fmt.Fprintln(t.file, to, id, string(about[1]))
	t.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	time.Sleep(rand.N(3 * time.Millisecond)) // in which it may be killed
	_ = json.NewEncoder(w).Encode(map[string]string{"event_id": "$" + id})
}
