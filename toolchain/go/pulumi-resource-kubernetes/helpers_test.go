package main

import (
	"context"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

type values = map[string]any

// properties makes property values of plain ones; property values inside stay as they are.
func properties(v values) resource.PropertyMap { return resource.NewPropertyMapFromMap(v) }

func secretText(s string) resource.PropertyValue {
	return resource.MakeSecret(resource.NewStringProperty(s))
}

// wire encodes properties, as the engine would send them.
func wire(t *testing.T, p resource.PropertyMap) *structpb.Struct {
	t.Helper()
	encoded, err := encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// unwire decodes properties, as the engine would take them.
func unwire(t *testing.T, s *structpb.Struct) resource.PropertyMap {
	t.Helper()
	decoded, err := decode(s)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// configured returns a plugin with these provider arguments.
func configured(t *testing.T, args values) *standIn {
	t.Helper()
	p := newStandIn(nil)
	if _, err := p.Configure(context.Background(), &pulumirpc.ConfigureRequest{Args: wire(t, properties(args))}); err != nil {
		t.Fatal(err)
	}
	return p
}

func configMap(name string, data values) values {
	return values{"apiVersion": "v1", "kind": "ConfigMap", "metadata": values{"name": name, "namespace": "kube-system"}, "data": data}
}

func secretObject(name string, data values) values {
	return values{"apiVersion": "v1", "kind": "Secret", "metadata": values{"name": name}, "data": data}
}

const (
	configMapToken = "kubernetes:core/v1:ConfigMap"
	secretToken    = "kubernetes:core/v1:Secret"
)

// check runs Check and returns the inputs and the failures, one a line.
func check(t *testing.T, token string, olds, news values) (resource.PropertyMap, string) {
	t.Helper()
	request := &pulumirpc.CheckRequest{Type: token, Name: "thing", News: wire(t, properties(news)), RandomSeed: []byte("0123456789abcdef0123456789abcdef")}
	if olds != nil {
		request.Olds = wire(t, properties(olds))
	}
	response, err := newStandIn(nil).Check(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	return unwire(t, response.GetInputs()), failuresOf(response.GetFailures())
}

func failuresOf(failures []*pulumirpc.CheckFailure) string {
	var lines []string
	for _, failure := range failures {
		// The engine prints the value of a property that is named.
		lines = append(lines, failure.GetProperty()+failure.GetReason())
	}
	return strings.Join(lines, "\n")
}

func mustContain(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("got %q, want it to contain %q", got, want)
	}
}
