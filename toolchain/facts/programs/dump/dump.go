// Package dump writes what a Kubernetes program knows about its own flags and feature gates as JSON.
package dump

import (
	"encoding/json"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/component-base/featuregate"
)

// Flag is one command line flag.
type Flag struct {
	Name string `json:"name"`
	// Type as pflag calls it, e.g. "bool", "stringSlice", "duration".
	Type string `json:"type"`
	// Default as the flag prints it.
	Default string `json:"default,omitempty"`
	// NoOptDefault is the value that the bare flag stands for; without one it needs an argument.
	NoOptDefault string `json:"noOptDefault,omitempty"`
	Shorthand    string `json:"shorthand,omitempty"`
	Deprecated   string `json:"deprecated,omitempty"`
}

// Gate is one feature gate at the version that the program was built as.
type Gate struct {
	Name    string `json:"name"`
	Default bool   `json:"default"`
	Locked  bool   `json:"locked,omitempty"`
	// Stage is ALPHA, BETA, DEPRECATED or empty for GA.
	Stage string `json:"stage,omitempty"`
	// DependsOn names the gates that must be on while this one is.
	DependsOn []string `json:"dependsOn,omitempty"`
}

// Flags lists a flag set in lexical order.
func Flags(set *pflag.FlagSet) []Flag {
	flags := []Flag{}
	set.VisitAll(func(f *pflag.Flag) {
		value := f.DefValue
		if f.Value.Type() == "mapStringBool" || strings.Contains(value, os.Getenv("HOME")) {
			value = ""
		}
		flags = append(flags, Flag{f.Name, f.Value.Type(), value, f.NoOptDefVal, f.Shorthand, f.Deprecated})
	})
	return flags
}

// Gates lists the feature gates of a program.
func Gates(gate featuregate.MutableFeatureGate) map[string]Gate {
	gates := map[string]Gate{}
	for name, spec := range gate.GetAll() {
		gates[string(name)] = Gate{Name: string(name), Default: spec.Default, Locked: spec.LockToDefault, Stage: string(spec.PreRelease), DependsOn: dependencies(gate, name)}
	}
	return gates
}

func dependencies(gate featuregate.MutableFeatureGate, name featuregate.Feature) []string {
	withDependencies, ok := gate.(interface {
		Dependencies() map[featuregate.Feature][]featuregate.Feature
	})
	if !ok {
		return nil
	}
	names := []string{}
	for _, dependency := range withDependencies.Dependencies()[name] {
		names = append(names, string(dependency))
	}
	return names
}

// Write prints a value as JSON.
func Write(value any) {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
}
