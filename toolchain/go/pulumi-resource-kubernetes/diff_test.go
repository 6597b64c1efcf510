package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// difference runs Diff and writes the answer as "path KIND" lines, with a last word on the order of a replacement.
func difference(t *testing.T, p *standIn, olds, news values) string {
	t.Helper()
	response, err := p.Diff(context.Background(), &pulumirpc.DiffRequest{
		OldInputs: wire(t, properties(olds)), News: wire(t, properties(news)),
	})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(response.GetDetailedDiff())) {
		lines = append(lines, path+" "+response.GetDetailedDiff()[path].GetKind().String())
	}
	if (response.GetChanges() == pulumirpc.DiffResponse_DIFF_SOME) != (len(lines) > 0) {
		t.Errorf("changes %s with diff %v", response.GetChanges(), lines)
	}
	if response.GetDeleteBeforeReplace() {
		lines = append(lines, "delete first")
	}
	return strings.Join(lines, ", ")
}

func TestDiff(t *testing.T) {
	autonamed := func(data values) values {
		object := configMap("thing-abcdefgh", data)
		object["metadata"].(values)["annotations"] = values{autonamedAnnotation: "true"}
		return object
	}
	inNamespace := func(namespace any) values {
		object := configMap("x", nil)
		object["metadata"] = values{"name": "x"}
		if namespace != nil {
			object["metadata"].(values)["namespace"] = namespace
		}
		return object
	}
	pod := func(spec values) values {
		return values{"apiVersion": "v1", "kind": "Pod", "metadata": values{"name": "p"}, "spec": spec}
	}
	container := func(image string, args ...any) values {
		return values{"containers": []any{values{"name": "c", "image": image, "args": args}}}
	}
	binding := func(role string) values {
		return values{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": values{"name": "b"}, "roleRef": values{"name": role}}
	}
	plainly, mutable := configured(t, values{"renderYamlToDirectory": t.TempDir()}),
		configured(t, values{"renderYamlToDirectory": t.TempDir(), "enableConfigMapMutable": "true", "enableSecretMutable": "true"})
	immutableMap := configMap("x", values{"a": "2"})
	immutableMap["immutable"] = true

	for name, c := range map[string]struct {
		p          *standIn
		olds, news values
		want       string
	}{
		"nothing changed": {plainly, configMap("x", values{"a": "1"}), configMap("x", values{"a": "1"}), ""},
		"a label": {plainly, binding("r"), func() values {
			b := binding("r")
			b["metadata"] = values{"name": "b", "labels": values{"a.b/c": "d"}}
			return b
		}(), "metadata.labels ADD"},
		"data of a ConfigMap":           {plainly, configMap("x", values{"a": "1"}), configMap("x", values{"a": "2"}), "data.a UPDATE_REPLACE, delete first"},
		"the same, mutable":             {mutable, configMap("x", values{"a": "1"}), configMap("x", values{"a": "2"}), "data.a UPDATE"},
		"the same, immutable":           {mutable, configMap("x", values{"a": "1"}), immutableMap, "data.a UPDATE_REPLACE, immutable ADD, delete first"},
		"data of an autonamed one":      {plainly, autonamed(values{"a": "1"}), autonamed(values{"a": "2"}), "data.a UPDATE_REPLACE"},
		"a key with dots":               {plainly, configMap("x", nil), configMap("x", values{"a.b": "2"}), `data["a.b"] ADD_REPLACE, delete first`},
		"data that becomes unknown":     {plainly, configMap("x", values{"a": "1"}), configMap("x", values{"a": unknown()}), "data.a UPDATE_REPLACE, delete first"},
		"data of a Secret":              {plainly, secretObject("x", values{"a": "YQ=="}), secretObject("x", values{"a": secretText("Yg==")}), "data.a UPDATE_REPLACE, delete first"},
		"the same, mutable Secret":      {mutable, secretObject("x", values{"a": "YQ=="}), secretObject("x", values{"a": "Yg=="}), "data.a UPDATE"},
		"the same value, now secret":    {plainly, secretObject("x", values{"a": "YQ=="}), secretObject("x", values{"a": secretText("YQ==")}), ""},
		"another name":                  {plainly, configMap("x", nil), configMap("y", nil), "metadata.name UPDATE_REPLACE"},
		"a name not known yet":          {plainly, configMap("x", nil), func() values { c := configMap("x", nil); c["metadata"].(values)["name"] = unknown(); return c }(), "metadata.name UPDATE_REPLACE"},
		"metadata not known yet":        {plainly, configMap("x", nil), func() values { c := configMap("x", nil); c["metadata"] = unknown(); return c }(), "metadata UPDATE_REPLACE"},
		"the default namespace, said":   {plainly, inNamespace(nil), inNamespace("default"), ""},
		"the default namespace, unsaid": {plainly, inNamespace("default"), inNamespace(nil), ""},
		"another namespace":             {plainly, inNamespace(nil), inNamespace("other"), "metadata.namespace ADD_REPLACE"},
		"the role of a binding":         {plainly, binding("r"), binding("s"), "roleRef.name UPDATE_REPLACE, delete first"},
		"the image of a pod":            {plainly, pod(container("a:1")), pod(container("a:2")), "spec.containers[0].image UPDATE"},
		"an argument of a pod":          {plainly, pod(container("a:1", "--x")), pod(container("a:1", "--y")), "spec.containers[0].args[0] UPDATE_REPLACE, delete first"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := difference(t, c.p, c.olds, c.news); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
