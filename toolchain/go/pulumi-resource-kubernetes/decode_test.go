package main

import (
	"context"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func invoke(t *testing.T, token string, args values) (*pulumirpc.InvokeResponse, error) {
	t.Helper()
	return newStandIn(nil).Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: token, Args: wire(t, properties(args))})
}

const documents = `
# nothing but a comment
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
---
{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "two"}}]}
---
`

func TestDecodeYAML(t *testing.T) {
	response, err := invoke(t, decodeToken, values{"text": documents})
	if err != nil {
		t.Fatal(err)
	}
	result := unwire(t, response.GetReturn())["result"]
	var kinds []string
	for _, object := range result.ArrayValue() {
		kind, _ := text(object.ObjectValue(), "kind")
		kinds = append(kinds, kind)
	}
	if got := strings.Join(kinds, " "); got != "ConfigMap Namespace" {
		t.Errorf("got %s", got)
	}
}

func TestDecodeYAMLKeepsSecrets(t *testing.T) {
	response, err := invoke(t, decodeToken, values{"text": secretText(documents)})
	if err != nil || !unwire(t, response.GetReturn())["result"].IsSecret() {
		t.Errorf("error %v, or not secret", err)
	}
}

func TestDecodeYAMLRefuses(t *testing.T) {
	for given, want := range map[string]string{
		"a: [hunter2":            "document 1 is not YAML",
		"a: 1\n---\n- hunter2\n": "document 1 is not a Kubernetes object: it has no apiVersion",
		"- hunter2\n":            "document 1 is not an object",
		"kind: A\nkind: hunter2": "document 1 is not YAML",
		"apiVersion: v1":         "document 1 is not a Kubernetes object: it has no kind",
	} {
		if _, err := invoke(t, decodeToken, values{"text": given}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", given, err)
		} else {
			mustContain(t, err.Error(), want)
		}
	}
	if _, err := invoke(t, "kubernetes:helm:template", values{}); err == nil {
		t.Error("no error for a function that is not covered")
	}
}
