package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func create(t *testing.T, p *standIn, urn string, inputs resource.PropertyMap, preview bool) (*pulumirpc.CreateResponse, error) {
	t.Helper()
	return p.Create(context.Background(), &pulumirpc.CreateRequest{Urn: urn, Properties: wire(t, inputs), Preview: preview})
}

func mustCreate(t *testing.T, p *standIn, urn string, inputs resource.PropertyMap) *pulumirpc.CreateResponse {
	t.Helper()
	response, err := create(t, p, urn, inputs, false)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// tree lists everything under root, with modes.
func tree(t *testing.T, root string) string {
	t.Helper()
	var lines []string
	_ = filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			relative, _ := filepath.Rel(root, path)
			lines = append(lines, relative+" "+info.Mode().String())
		}
		return nil
	})
	return strings.Join(lines, "\n")
}

func TestRenderedFilesAndFolders(t *testing.T) {
	root := filepath.Join(t.TempDir(), "rendered")
	p := configured(t, values{"renderYamlToDirectory": root})
	for i, object := range []values{
		configMap("kubelet-config", values{"kubelet": "kind: KubeletConfiguration\n"}),
		{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": values{"name": "kubeadm:get-nodes"}},
		{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": values{"name": "things.example.com"}},
	} {
		mustCreate(t, p, "urn"+string(rune('0'+i)), properties(object))
	}
	want := strings.Join([]string{
		". drwx------",
		"0-crd drwx------",
		"0-crd/apiextensions.k8s.io_v1-customresourcedefinition-default-things.example.com.yaml -rw-------",
		"1-manifest drwx------",
		"1-manifest/rbac.authorization.k8s.io_v1-clusterrole-default-kubeadm:get-nodes.yaml -rw-------",
		"1-manifest/v1-configmap-kube-system-kubelet-config.yaml -rw-------",
	}, "\n")
	if got := tree(t, root); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	content, _ := os.ReadFile(filepath.Join(root, "1-manifest/v1-configmap-kube-system-kubelet-config.yaml"))
	wantContent := "apiVersion: v1\ndata:\n  kubelet: |\n    kind: KubeletConfiguration\nkind: ConfigMap\nmetadata:\n  name: kubelet-config\n  namespace: kube-system\n"
	if string(content) != wantContent {
		t.Errorf("got\n%s", content)
	}
}

func TestAPreviewRendersNothing(t *testing.T) {
	root := filepath.Join(t.TempDir(), "rendered")
	p := configured(t, values{"renderYamlToDirectory": root})
	inputs := properties(configMap("x", values{"a": unknown(), "b": secretText("c")}))
	response, err := create(t, p, "urn", inputs, true)
	if err != nil {
		t.Fatal(err)
	}
	if state := unwire(t, response.GetProperties()); !state.DeepEquals(inputs) {
		t.Errorf("state %v", state)
	}
	if _, err := os.Stat(root); !os.IsNotExist(err) {
		t.Errorf("%s was made", root)
	}
}

func TestTheStateKeepsSecretsAndWhatTheVendorsPluginReads(t *testing.T) {
	p := configured(t, values{"renderYamlToDirectory": t.TempDir()})
	inputs := properties(configMap("x", values{"open": "1", "hidden": secretText("2")}))
	response := mustCreate(t, p, "urn", inputs)
	state := unwire(t, response.GetProperties())
	if response.GetId() != "kube-system/x" {
		t.Errorf("ID %q", response.GetId())
	}
	data := state["data"].ObjectValue()
	if data["open"].IsSecret() || !data["hidden"].IsSecret() {
		t.Errorf("data %v", data)
	}
	if !state[inputsKey].ObjectValue().DeepEquals(inputs) || state[initialAPIVersionKey].StringValue() != "v1" || state[fieldManagerKey].StringValue() == "" {
		t.Error("the state lacks inputs, API version or field manager")
	}
}

func TestDeleteRemovesTheFileAndEmptyFolders(t *testing.T) {
	root := filepath.Join(t.TempDir(), "rendered")
	first := configured(t, values{"renderYamlToDirectory": root})
	one, two := mustCreate(t, first, "one", properties(configMap("one", nil))), mustCreate(t, first, "two", properties(configMap("two", nil)))

	later := configured(t, values{"renderYamlToDirectory": root})
	for _, response := range []*pulumirpc.CreateResponse{one, two, two} { // the last is gone already: no error
		if !slices.Contains([]string{one.GetId(), two.GetId()}, response.GetId()) {
			t.Fatal("no ID")
		}
		if _, err := later.Delete(context.Background(), &pulumirpc.DeleteRequest{Properties: response.GetProperties()}); err != nil {
			t.Fatal(err)
		}
		if response == one {
			if got := tree(t, root); !strings.HasSuffix(got, "v1-configmap-kube-system-two.yaml -rw-------") {
				t.Errorf("after the first: %s", got)
			}
		}
	}
	if _, err := os.Stat(root); !os.IsNotExist(err) {
		t.Errorf("left: %s", tree(t, root))
	}
}

func TestDeleteLeavesWhatIsNotItsOwn(t *testing.T) {
	root := t.TempDir()
	p := configured(t, values{"renderYamlToDirectory": root})
	response := mustCreate(t, p, "urn", properties(configMap("x", nil)))
	if err := os.WriteFile(filepath.Join(root, "README"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := configured(t, values{"renderYamlToDirectory": root}).Delete(context.Background(), &pulumirpc.DeleteRequest{Properties: response.GetProperties()}); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, root); !strings.Contains(got, "README") || strings.Contains(got, "1-manifest") {
		t.Errorf("left: %s", got)
	}
}

func TestAResourceThatIsRenamedKeepsItsFile(t *testing.T) {
	root := t.TempDir()
	old := mustCreate(t, configured(t, values{"renderYamlToDirectory": root}), "old", properties(configMap("x", nil)))
	p := configured(t, values{"renderYamlToDirectory": root})
	mustCreate(t, p, "new", properties(configMap("x", nil)))
	if _, err := p.Delete(context.Background(), &pulumirpc.DeleteRequest{Urn: "old", Properties: old.GetProperties()}); err != nil {
		t.Fatal(err)
	}
	mustContain(t, tree(t, root), "v1-configmap-kube-system-x.yaml")
}

func TestTwoResourcesCannotBeOneFile(t *testing.T) {
	p := configured(t, values{"renderYamlToDirectory": t.TempDir()})
	mustCreate(t, p, "first", properties(configMap("x", nil)))
	if _, err := create(t, p, "second", properties(configMap("x", nil)), false); err == nil {
		t.Error("no error")
	} else {
		mustContain(t, err.Error(), "is already rendered for first")
	}
}

func TestAnInterruptedWriteLeavesTheOldFile(t *testing.T) {
	root := t.TempDir()
	p := configured(t, values{"renderYamlToDirectory": root})
	mustCreate(t, p, "urn", properties(configMap("x", values{"a": "1"})))
	path := filepath.Join(root, "1-manifest", "v1-configmap-kube-system-x.yaml")
	// A folder in the draft's place stands for whatever keeps it from being written.
	if err := os.MkdirAll(filepath.Join(root, "1-manifest", ".v1-configmap-kube-system-x.yaml.part", "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := create(t, p, "urn", properties(configMap("x", values{"a": "2"})), false); err == nil {
		t.Error("no error")
	}
	content, _ := os.ReadFile(path)
	mustContain(t, string(content), `a: "1"`)
}

func read(t *testing.T, p *standIn, state *pulumirpc.CreateResponse, inputs resource.PropertyMap) (*pulumirpc.ReadResponse, error) {
	t.Helper()
	return p.Read(context.Background(), &pulumirpc.ReadRequest{
		Id: state.GetId(), Type: configMapToken, Properties: state.GetProperties(), Inputs: wire(t, inputs),
	})
}

func TestReadShowsWhatBecameOfAFile(t *testing.T) {
	root := t.TempDir()
	p := configured(t, values{"renderYamlToDirectory": root})
	inputs := properties(configMap("x", values{"a": "1", "b": secretText("2")}))
	state := mustCreate(t, p, "urn", inputs)
	path := filepath.Join(root, "1-manifest", "v1-configmap-kube-system-x.yaml")

	response, err := read(t, p, state, inputs)
	if err != nil || !unwire(t, response.GetInputs()).DeepEquals(inputs) || !unwire(t, response.GetProperties()).DeepEquals(unwire(t, state.GetProperties())) {
		t.Errorf("untouched: error %v, inputs %v", err, unwire(t, response.GetInputs()))
	}

	edited := strings.NewReplacer(`a: "1"`, `a: "changed"`, `b: "2"`, "b: other\n  c: new").Replace(readFile(t, path))
	writeFile(t, path, edited)
	response, err = read(t, p, state, inputs)
	if err != nil {
		t.Fatal(err)
	}
	data := unwire(t, response.GetInputs())["data"].ObjectValue()
	if data["a"].StringValue() != "changed" || !data["b"].IsSecret() || plain(data["b"]).StringValue() != "other" || data["c"].StringValue() != "new" {
		t.Errorf("edited: %v", data)
	}

	writeFile(t, path, "data: [\nb: hunter2")
	if _, err = read(t, p, state, inputs); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("broken: %v", err)
	} else {
		mustContain(t, err.Error(), "is no longer the YAML of one object")
	}

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if response, err = read(t, p, state, inputs); err != nil || response.GetId() != "" {
		t.Errorf("removed: error %v, ID %q", err, response.GetId())
	}
}

func TestReadTakesInAFileByItsID(t *testing.T) {
	p := configured(t, values{"renderYamlToDirectory": t.TempDir()})
	inputs := properties(configMap("x", values{"a": "1"}))
	mustCreate(t, p, "urn", inputs)
	response, err := p.Read(context.Background(), &pulumirpc.ReadRequest{Id: "kube-system/x", Type: configMapToken})
	if err != nil || !unwire(t, response.GetInputs()).DeepEquals(inputs) {
		t.Errorf("error %v, inputs %v", err, response)
	}
}

func TestUpdateRewritesTheFile(t *testing.T) {
	root := t.TempDir()
	p := configured(t, values{"renderYamlToDirectory": root})
	state := mustCreate(t, p, "urn", properties(configMap("x", values{"a": "1"})))
	response, err := p.Update(context.Background(), &pulumirpc.UpdateRequest{
		Urn: "urn", Olds: state.GetProperties(), News: wire(t, properties(configMap("x", values{"a": "2"}))),
	})
	if err != nil {
		t.Fatal(err)
	}
	mustContain(t, readFile(t, filepath.Join(root, "1-manifest", "v1-configmap-kube-system-x.yaml")), `a: "2"`)
	was, is := unwire(t, state.GetProperties()), unwire(t, response.GetProperties())
	if !was[fieldManagerKey].DeepEquals(is[fieldManagerKey]) {
		t.Error("the field manager changed")
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
