package config

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// CheckAddress says what is wrong with HOST:PORT to listen on, before anybody tries
// to for ever.
func CheckAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(port); err == nil && (n < 0 || n > 65535) {
		return fmt.Errorf("address %s: the port is a number from 0 to 65535", address)
	}
	return nil
}

// checkEndpoints checks the endpoints of a key of [bus]: their form, and that none
// stands there twice, for the second could never be bound.
func checkEndpoints(key, example string, list []string) error {
	for i, e := range list {
		rest, tcp := strings.CutPrefix(e, "tcp://")
		if !tcp {
			return fmt.Errorf("checking [bus] %s: %q is not an endpoint such as %s", key, e, example)
		}
		if err := CheckAddress(rest); err != nil {
			return fmt.Errorf("checking [bus] %s: %w (want an endpoint such as %s)", key, err, example)
		}
		if slices.Contains(list[:i], e) && !strings.HasSuffix(e, ":0") && !strings.HasSuffix(e, ":*") {
			return fmt.Errorf("checking [bus] %s: %q stands there twice", key, e)
		}
	}
	return nil
}
