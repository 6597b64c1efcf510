package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// refusing is a kube-apiserver in as far as it knows ConfigMaps and Secrets, and answers patch to every change.
func refusing(t *testing.T, patch metav1.Status) *standIn {
	t.Helper()
	patch.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, code := any(metav1.Status{TypeMeta: patch.TypeMeta, Status: "Failure", Reason: metav1.StatusReasonNotFound, Code: 404}), 404
		switch {
		case r.URL.Path == "/api":
			answer, code = metav1.APIVersions{Versions: []string{"v1"}}, 200
		case r.URL.Path == "/apis":
			answer, code = metav1.APIGroupList{}, 200
		case r.URL.Path == "/api/v1":
			answer, code = metav1.APIResourceList{GroupVersion: "v1", APIResources: []metav1.APIResource{
				{Name: "configmaps", Kind: "ConfigMap", Namespaced: true}, {Name: "secrets", Kind: "Secret", Namespaced: true},
			}}, 200
		case r.Method == http.MethodPatch:
			answer, code = patch, int(patch.Code)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return configured(t, values{"kubeconfig": kubeconfig(server.URL)})
}

func TestErrorsDoNotRepeatSecrets(t *testing.T) {
	p := refusing(t, metav1.Status{
		Status: "Failure", Code: 422, Reason: metav1.StatusReasonInvalid, Message: `Secret "x" is invalid: data[pin]: Invalid value: "hunter2"`,
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: metav1.CauseTypeFieldValueInvalid, Field: "data[pin]", Message: "hunter2"}}},
	})
	_, err := create(t, p, "urn", properties(values{"apiVersion": "v1", "kind": "Secret", "metadata": values{"name": "x"}, "data": values{"pin": secretText("hunter2")}}), false)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("got %v", err)
	}
	mustContain(t, err.Error(), `Secret "x": kube-apiserver refused it (Invalid; data[pin]: FieldValueInvalid)`)
}

func TestErrorsOfOpenObjectsAreWhole(t *testing.T) {
	p := refusing(t, metav1.Status{Status: "Failure", Code: 422, Reason: metav1.StatusReasonInvalid, Message: "data[a b]: Invalid value"})
	_, err := create(t, p, "urn", properties(configMap("x", values{"a b": "c"})), false)
	if err == nil {
		t.Fatal("no error")
	}
	mustContain(t, err.Error(), `ConfigMap "kube-system/x": data[a b]: Invalid value`)
}

func TestAPreviewToleratesWhatComesLater(t *testing.T) {
	inputs := properties(configMap("x", values{"a": "1"}))
	crd := properties(values{"apiVersion": "example.com/v1", "kind": "Thing", "metadata": values{"name": "x"}})
	for name, c := range map[string]struct {
		p       *standIn
		preview *pulumirpc.CreateRequest
	}{
		"a namespace":  {refusing(t, metav1.Status{Status: "Failure", Code: 404, Reason: metav1.StatusReasonNotFound, Message: `namespaces "kube-system" not found`}), &pulumirpc.CreateRequest{Properties: wire(t, inputs)}},
		"a permission": {refusing(t, metav1.Status{Status: "Failure", Code: 403, Reason: metav1.StatusReasonForbidden}), &pulumirpc.CreateRequest{Properties: wire(t, inputs)}},
		"a definition": {refusing(t, metav1.Status{}), &pulumirpc.CreateRequest{Properties: wire(t, crd)}},
		"a cluster":    {configured(t, values{"kubeconfig": kubeconfig("https://127.0.0.1:1")}), &pulumirpc.CreateRequest{Properties: wire(t, inputs)}},
	} {
		t.Run(name, func(t *testing.T) {
			c.preview.Preview = true
			response, err := c.p.Create(context.Background(), c.preview)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"uid", "resourceVersion", "creationTimestamp"} {
				if !member(unwire(t, response.GetProperties()), "metadata", resource.PropertyKey(key)).IsComputed() {
					t.Errorf("%s is not unknown", key)
				}
			}
			c.preview.Preview = false
			if _, err := c.p.Create(context.Background(), c.preview); err == nil {
				t.Error("the update is no error")
			} else if strings.Contains(err.Error(), "hunter2") {
				t.Error("the error repeats a secret")
			}
		})
	}
}

func TestAnUpdateSaysWhatItCannotReach(t *testing.T) {
	_, err := create(t, configured(t, values{"kubeconfig": kubeconfig("https://127.0.0.1:1")}), "urn", properties(configMap("x", nil)), false)
	if err == nil {
		t.Fatal("no error")
	}
	mustContain(t, err.Error(), "kube-apiserver at https://127.0.0.1:1 cannot be reached")
}
