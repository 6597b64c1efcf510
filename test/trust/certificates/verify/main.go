// Command verify asks Go's own crypto/x509 about chains, and prints its answers as a JSON list.
package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"time"
)

type question struct {
	Chain, Roots, Host, Usage string
}

func main() {
	var asked struct {
		At        time.Time
		Questions []question
	}
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := []string{}
	for _, one := range asked.Questions {
		answers = append(answers, answer(one, asked.At))
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answer(one question, at time.Time) string {
	chain := []*x509.Certificate{}
	for block, rest := pem.Decode([]byte(one.Chain)); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return err.Error()
		}
		chain = append(chain, certificate)
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(one.Roots))
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	usage := x509.ExtKeyUsageServerAuth
	if one.Usage == "clientAuth" {
		usage = x509.ExtKeyUsageClientAuth
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		DNSName:       one.Host,
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   at,
		KeyUsages:     []x509.ExtKeyUsage{usage},
	})
	if err != nil {
		return err.Error()
	}
	return "ok"
}
