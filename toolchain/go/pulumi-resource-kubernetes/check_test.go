package main

import (
	"context"
	"regexp"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestCheckLeavesANamedObjectAsItIs(t *testing.T) {
	given := configMap("one", values{"a": "b"})
	inputs, failures := check(t, configMapToken, nil, given)
	if failures != "" || !inputs.DeepEquals(properties(given)) {
		t.Errorf("failures %q, inputs %v", failures, inputs)
	}
}

func TestCheckMakesUpAName(t *testing.T) {
	inputs, failures := check(t, configMapToken, nil, values{"apiVersion": "v1", "kind": "ConfigMap"})
	name, _ := text(inputs, "metadata", "name")
	if failures != "" || !regexp.MustCompile(`^thing-[a-z0-9]{8}$`).MatchString(name) || !isAutonamed(inputs) {
		t.Errorf("failures %q, inputs %v", failures, inputs)
	}

	again, _ := check(t, configMapToken, inputs.Mappable(), values{"apiVersion": "v1", "kind": "ConfigMap"})
	if !again.DeepEquals(inputs) {
		t.Errorf("with old inputs: %v, want the same name as in %v", again, inputs)
	}
}

func TestCheckDoesNotKeepANameThatTheProgramGave(t *testing.T) {
	inputs, _ := check(t, configMapToken, configMap("given", nil), values{"apiVersion": "v1", "kind": "ConfigMap"})
	if name, _ := text(inputs, "metadata", "name"); name == "given" || name == "" {
		t.Errorf("name %q", name)
	}
}

func TestCheckFollowsTheAutonamingSetting(t *testing.T) {
	for mode, want := range map[pulumirpc.CheckRequest_AutonamingOptions_Mode]string{
		pulumirpc.CheckRequest_AutonamingOptions_ENFORCE: "thing-dev",
		pulumirpc.CheckRequest_AutonamingOptions_PROPOSE: "thing-dev",
		pulumirpc.CheckRequest_AutonamingOptions_DISABLE: "",
	} {
		response, err := newStandIn(nil).Check(context.Background(), &pulumirpc.CheckRequest{
			Type: configMapToken, Name: "thing", News: wire(t, properties(values{"apiVersion": "v1", "kind": "ConfigMap"})),
			Autonaming: &pulumirpc.CheckRequest_AutonamingOptions{Mode: mode, ProposedName: "thing-dev"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if name, _ := text(unwire(t, response.GetInputs()), "metadata", "name"); name != want {
			t.Errorf("%s: name %q, want %q", mode, name, want)
		}
		if refused := len(response.GetFailures()) > 0; refused != (want == "") {
			t.Errorf("%s: failures %q", mode, failuresOf(response.GetFailures()))
		}
	}
}

func TestCheckKeepsUnknownAndSecretNames(t *testing.T) {
	for name, metadata := range map[string]any{
		"unknown metadata": unknown(),
		"unknown name":     values{"name": unknown()},
		"secret metadata":  resource.MakeSecret(resource.NewObjectProperty(properties(values{"name": "x"}))),
		"secret name":      values{"name": secretText("x")},
		"unknown secret":   values{"name": resource.MakeSecret(unknown())},
	} {
		given := values{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
		inputs, failures := check(t, configMapToken, nil, given)
		if failures != "" || !inputs.DeepEquals(properties(given)) {
			t.Errorf("%s: failures %q, inputs %v", name, failures, inputs)
		}
	}
}

func TestCheckNamesAnObjectWhoseMetadataIsSecret(t *testing.T) {
	labels := resource.MakeSecret(resource.NewObjectProperty(properties(values{"labels": values{"a": "b"}})))
	inputs, _ := check(t, configMapToken, nil, values{"apiVersion": "v1", "kind": "ConfigMap", "metadata": labels})
	if name, _ := text(inputs, "metadata", "name"); name == "" || !inputs["metadata"].IsSecret() {
		t.Errorf("name %q, secret %v", name, inputs["metadata"].IsSecret())
	}
}

func TestCheckFoldsStringDataIntoSecretData(t *testing.T) {
	for name, stringData := range map[string]any{
		"secret as a whole": resource.MakeSecret(resource.NewObjectProperty(properties(values{"b": "text"}))),
		"secret by value":   values{"b": secretText("text")},
		"plain":             values{"b": "text"},
	} {
		given := secretObject("one", values{"a": "YQ==", "b": "YQ=="})
		given["stringData"] = stringData
		inputs, failures := check(t, secretToken, nil, given)
		want := properties(values{"a": "YQ==", "b": "dGV4dA=="})
		if failures != "" || !inputs["data"].IsSecret() || !member(inputs, "data").ObjectValue().DeepEquals(want) {
			t.Errorf("%s: failures %q, data %v", name, failures, member(inputs, "data"))
		}
		if _, left := inputs["stringData"]; left {
			t.Errorf("%s: stringData is still there", name)
		}
	}
}

func TestCheckFoldsUnknownStringData(t *testing.T) {
	given := secretObject("one", nil)
	given["stringData"] = values{"known": "a", "unknown": unknown()}
	inputs, _ := check(t, secretToken, nil, given)
	data := member(inputs, "data").ObjectValue()
	if !inputs["data"].IsSecret() || !data["unknown"].IsComputed() || data["known"].StringValue() != "YQ==" {
		t.Errorf("data %v", data)
	}

	given["stringData"] = unknown()
	inputs, _ = check(t, secretToken, nil, given)
	if !inputs["data"].IsSecret() || !member(inputs, "data").IsComputed() {
		t.Errorf("data %v", inputs["data"])
	}
}

func TestCheckRefusesWithTheFieldAndTheRemedy(t *testing.T) {
	for name, c := range map[string]struct {
		token string
		given values
		want  string
	}{
		"a patch":          {"kubernetes:core/v1:ConfigMapPatch", configMap("x", nil), `kind "ConfigMap" in a resource of type kubernetes:core/v1:ConfigMapPatch is not covered`},
		"a list":           {"kubernetes:core/v1:ConfigMapList", values{"apiVersion": "v1", "kind": "ConfigMapList", "items": []any{}}, "items make this a list"},
		"a Helm release":   {"kubernetes:helm.sh/v3:Release", values{"chart": "x"}, "apiVersion must be a string"},
		"generateName":     {configMapToken, values{"apiVersion": "v1", "kind": "ConfigMap", "metadata": values{"generateName": "x-"}}, "metadata.generateName is not covered"},
		"a path as a name": {configMapToken, configMap("../../etc/passwd", nil), `metadata.name "../../etc/passwd" may not contain '/'`},
		"a parent folder":  {configMapToken, configMap("..", nil), `metadata.name ".." may not be '..'`},
		"metadata text":    {configMapToken, values{"apiVersion": "v1", "kind": "ConfigMap", "metadata": "x"}, "metadata must be an object, not a string"},
		"a number":         {secretToken, values{"apiVersion": "v1", "kind": "Secret", "metadata": values{"name": "x"}, "stringData": values{"pin": 7319}}, `stringData["pin"] must be a string, not a number`},
	} {
		_, failures := check(t, c.token, nil, c.given)
		if name == "a number" && regexp.MustCompile("7319").MatchString(failures) {
			t.Error("a failure repeats a secret's value")
		}
		mustContain(t, failures, c.want)
	}
}

func TestCheckGivesSchemaFieldsTheirKubernetesNames(t *testing.T) {
	given := values{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": values{"name": "x"},
		"spec": values{"versions": []any{values{"schema": values{"x_kubernetes_preserve_unknown_fields": true}}}}}
	inputs, _ := check(t, "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", nil, given)
	version := member(inputs, "spec", "versions").ArrayValue()[0].ObjectValue()
	if !member(version, "schema", "x-kubernetes-preserve-unknown-fields").BoolValue() {
		t.Errorf("version %v", version)
	}
}
