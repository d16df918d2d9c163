package sign

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// A CRLPolicy says what becomes of messages while the revocation list is out
// of date. Either way the condition is an alarm.
type CRLPolicy int

const (
	// CRLWarn goes on with the list as it is.
	CRLWarn CRLPolicy = iota
	// CRLRefuse refuses every message, as fedmsg does.
	CRLRefuse
)

// A revocationList is one issuer's list, its signature checked (RFC 5280 §5).
type revocationList struct {
	issuer  []byte
	from    time.Time
	to      time.Time // zero: it names no end
	serials map[string]bool
}

// parseCRLs reads all lists of a PEM file. Each must be of one of cas.
func parseCRLs(text []byte, cas []*x509.Certificate) ([]revocationList, error) {
	var lists []revocationList
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "X509 CRL" {
			continue
		}
		crl, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, err
		}
		list, err := checkCRL(crl, cas)
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	if lists == nil {
		return nil, errors.New("it holds no PEM revocation list")
	}
	return lists, nil
}

func checkCRL(crl *x509.RevocationList, cas []*x509.Certificate) (revocationList, error) {
	for _, e := range crl.Extensions {
		if e.Critical {
			return revocationList{}, fmt.Errorf("the list has the critical extension %v, so it may not be a whole list", e.Id)
		}
	}
	ours := slices.ContainsFunc(cas, func(ca *x509.Certificate) bool {
		return bytes.Equal(crl.RawIssuer, ca.RawSubject) && crl.CheckSignatureFrom(ca) == nil
	})
	if !ours {
		return revocationList{}, fmt.Errorf("the list of %q was not signed by the configured CA", crl.Issuer)
	}
	list := revocationList{issuer: crl.RawIssuer, from: crl.ThisUpdate, to: crl.NextUpdate, serials: map[string]bool{}}
	for _, e := range crl.RevokedCertificateEntries {
		list.serials[serial(e.SerialNumber)] = true
	}
	return list, nil
}

func serial(n *big.Int) string { return n.Text(16) }

// Revoked tells whether an authority in caFile has issued the certificate and
// lists it as revoked in crlFile. What cannot be read revokes nothing; a list that
// is out of date does.
func Revoked(cert *x509.Certificate, caFile, crlFile string) bool {
	f := files{caFile: caFile, crlFile: crlFile}
	if f.open() != nil {
		return false
	}
	id, err := f.trust.issued(cert)
	if err != nil {
		return false
	}
	for _, l := range f.trust.crls {
		if bytes.Equal(l.issuer, id.ca.RawSubject) && l.serials[serial(cert.SerialNumber)] {
			return true
		}
	}
	return false
}

// stale says why the list is not in date, or empty.
func (l revocationList) stale(now time.Time) string {
	switch {
	case now.Before(l.from):
		return fmt.Sprintf("the revocation list is not valid before %s", day(l.from))
	case !l.to.IsZero() && now.After(l.to):
		return fmt.Sprintf("the revocation list ended on %s", day(l.to))
	}
	return ""
}
