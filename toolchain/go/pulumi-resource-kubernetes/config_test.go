package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// kubeconfig returns the text of one for kube-apiserver at server, with a token that must not show.
func kubeconfig(server string) string {
	return strings.ReplaceAll(`apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: one, user: me}}]
clusters: [{name: one, cluster: {server: "SERVER"}}]
users: [{name: me, user: {token: hunter2}}]
`, "SERVER", server)
}

func TestCheckConfig(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "kubeconfig")
	writeFile(t, file, kubeconfig("https://127.0.0.1:1"))
	good := kubeconfig("https://127.0.0.1:1")
	for name, c := range map[string]struct {
		given values
		want  string // a part of the failures, or nothing
	}{
		"nothing":                         {values{}, ""},
		"what the SDK sends for nothing":  {values{"version": "4.34.2", "helmReleaseSettings": "null", "deleteUnreachable": "false"}, ""},
		"a folder to be made":             {values{"renderYamlToDirectory": filepath.Join(folder, "a", "b")}, ""},
		"a file for a folder":             {values{"renderYamlToDirectory": filepath.Join(file, "a")}, "renderYamlToDirectory cannot"},
		"a folder and a kubeconfig":       {values{"renderYamlToDirectory": folder, "kubeconfig": good}, "kubeconfig cannot be given together"},
		"a folder, kubeconfig unknown":    {values{"renderYamlToDirectory": folder, "kubeconfig": unknown()}, "kubeconfig cannot be given together"},
		"a kubeconfig":                    {values{"kubeconfig": good}, ""},
		"a secret kubeconfig":             {values{"kubeconfig": secretText(good)}, ""},
		"an unknown kubeconfig":           {values{"kubeconfig": unknown()}, ""},
		"the path of one":                 {values{"kubeconfig": file}, ""},
		"the path of none":                {values{"kubeconfig": "/nowhere"}, "kubeconfig is neither the text of a kubeconfig nor the path of a file"},
		"YAML that does not parse":        {values{"kubeconfig": good + "hunter2: ["}, "kubeconfig is not a kubeconfig (line 7)"},
		"JSON that does not parse":        {values{"kubeconfig": `{"token": "hunter2"`}, "kubeconfig is not a kubeconfig"},
		"something else":                  {values{"kubeconfig": "a: hunter2\nb: c\n"}, "kubeconfig is not a kubeconfig"},
		"a wrong type":                    {values{"kubeconfig": "apiVersion: v1\nkind: Config\nusers: hunter2\n"}, "kubeconfig is not a kubeconfig"},
		"another context":                 {values{"kubeconfig": good, "context": "there"}, `kubeconfig has no context "there": the contexts are "here"`},
		"another cluster":                 {values{"kubeconfig": good, "cluster": "two"}, `kubeconfig has no cluster "two": the clusters are "one"`},
		"no server":                       {values{"kubeconfig": kubeconfig("")}, `kubeconfig does not say where kube-apiserver is: clusters["one"].cluster.server is missing`},
		"an argument that is not covered": {values{"namespace": "x"}, "namespace is not covered"},
		"client-side apply":               {values{"enableServerSideApply": "false"}, "enableServerSideApply cannot be switched off"},
		"server-side apply":               {values{"enableServerSideApply": "true"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := newStandIn(nil).CheckConfig(context.Background(), &pulumirpc.CheckRequest{News: wire(t, properties(c.given))})
			if err != nil {
				t.Fatal(err)
			}
			got := failuresOf(response.GetFailures())
			if strings.Contains(got, "hunter2") {
				t.Error("a failure repeats a secret")
			}
			if (got == "") != (c.want == "") || strings.Count(got, "\n") > 0 {
				t.Errorf("failures %q, want %q", got, c.want)
			}
			mustContain(t, got, c.want)
		})
	}
}

func TestDiffConfig(t *testing.T) {
	here, there := kubeconfig("https://127.0.0.1:1"), kubeconfig("https://127.0.0.1:2")
	for name, c := range map[string]struct {
		olds, news values
		changes    bool
		replaces   string
	}{
		"nothing":                  {values{"kubeconfig": here}, values{"kubeconfig": here}, false, ""},
		"another folder":           {values{"renderYamlToDirectory": "a"}, values{"renderYamlToDirectory": "b"}, true, "renderYamlToDirectory"},
		"a cluster for the folder": {values{"renderYamlToDirectory": "a"}, values{"kubeconfig": here}, true, "renderYamlToDirectory"},
		"another kube-apiserver":   {values{"kubeconfig": here}, values{"kubeconfig": there}, true, "kubeconfig"},
		"another token":            {values{"kubeconfig": here}, values{"kubeconfig": strings.Replace(here, "hunter2", "hunter3", 1)}, true, ""},
		"not known yet":            {values{"kubeconfig": here}, values{"kubeconfig": unknown()}, true, ""},
		"a switch":                 {values{"kubeconfig": here}, values{"kubeconfig": here, "enableConfigMapMutable": "true"}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := newStandIn(nil).DiffConfig(context.Background(), &pulumirpc.DiffRequest{
				OldInputs: wire(t, properties(c.olds)), News: wire(t, properties(c.news)),
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := response.GetChanges() == pulumirpc.DiffResponse_DIFF_SOME; got != c.changes {
				t.Errorf("changes %v", got)
			}
			if got := strings.Join(response.GetReplaces(), " "); got != c.replaces {
				t.Errorf("replaces %q, want %q", got, c.replaces)
			}
		})
	}
}

func TestConfigureAnswersWhatItSupports(t *testing.T) {
	response, err := newStandIn(nil).Configure(context.Background(), &pulumirpc.ConfigureRequest{Args: wire(t, properties(values{"renderYamlToDirectory": t.TempDir()}))})
	if err != nil || !response.GetAcceptSecrets() || !response.GetSupportsPreview() || !response.GetSupportsAutonamingConfiguration() {
		t.Errorf("error %v, response %v", err, response)
	}
}

func TestCheckWritable(t *testing.T) {
	if os.Geteuid() == 0 {
		// Root may write anywhere but where there is nothing to write to.
		if err := checkWritable("/proc/self/status/x"); err == nil {
			t.Error("no error below a file of /proc")
		}
		return
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	if err := checkWritable(filepath.Join(folder, "x")); err == nil {
		t.Error("no error below a folder that cannot be written to")
	}
}
