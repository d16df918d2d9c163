package tail

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/godbus/dbus/v5"
)

// desk is `desk COUNT`: a program that shows notifications in the session of
// DBUS_SESSION_BUS_ADDRESS, as a desktop has one. It prints so many, and ends.
func desk(args []string) error {
	conn, err := dbus.Connect(os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	for end := time.Now().Add(3 * time.Minute); err != nil && time.Now().Before(end); time.Sleep(20 * time.Millisecond) { // the session begins
		conn, err = dbus.Connect(os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	count := 0
	if _, err := fmt.Sscan(args[0], &count); err != nil {
		return err
	}
	shown := make(shower, count)
	if err := conn.Export(shown, "/org/freedesktop/Notifications", "org.freedesktop.Notifications"); err != nil {
		return err
	}
	if _, err := conn.RequestName("org.freedesktop.Notifications", dbus.NameFlagDoNotQueue); err != nil {
		return err
	}
	if err := os.WriteFile("ready", nil, 0o600); err != nil {
		return err
	}
	for range count {
		select {
		case text := <-shown:
			fmt.Println(text)
		case <-time.After(3 * time.Minute):
			return errors.New("nothing more is shown")
		}
	}
	return nil
}

type shower chan string

func (s shower) GetCapabilities() ([]string, *dbus.Error) { return []string{"body"}, nil }

func (s shower) Notify(_ string, _ uint32, _, title, body string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	s <- title + "|" + body
	return 1, nil
}
