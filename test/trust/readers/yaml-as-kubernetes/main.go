// Prints what Kubernetes makes of YAML: reads a list of answers from standard input, and writes it with what
// sigs.k8s.io/yaml makes of each text, or its complaint.
//
//	go run . < recorded.json > again.json && mv again.json recorded.json
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

type answer struct {
	YAML  string `json:"yaml"`
	JSON  string `json:"json,omitempty"`
	Error string `json:"error,omitempty"`
}

func main() {
	var given []answer
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := []answer{}
	for _, text := range given {
		made, err := yaml.YAMLToJSON([]byte(text.YAML))
		one := answer{YAML: text.YAML, JSON: string(made)}
		if err != nil {
			one.Error = err.Error()
		}
		answers = append(answers, one)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	if err := out.Encode(answers); err != nil {
		os.Exit(1)
	}
}
