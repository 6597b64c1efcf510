package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// loadKubeconfig reads the kubeconfig that settings give, as text or as a path, and sees to it that it names
// a cluster. Errors never repeat what it holds: it holds keys and tokens.
func loadKubeconfig(s settings) (*api.Config, error) {
	given := []byte(s.kubeconfig)
	if isPath(s.kubeconfig) {
		content, err := os.ReadFile(s.kubeconfig)
		if err != nil {
			return nil, fmt.Errorf("is neither the text of a kubeconfig nor the path of a file that can be read: %w", withoutPath(err))
		}
		given = content
	}
	config, err := clientcmd.Load(given)
	if err != nil {
		return nil, fmt.Errorf("is not a kubeconfig%s: give the text of one (YAML or JSON), or the path of a file that holds one", lineOf(err))
	}
	name := s.contextName
	if name == "" {
		name = config.CurrentContext
	}
	context := config.Contexts[name]
	switch {
	case len(config.Clusters) == 0:
		return nil, errors.New("is not a kubeconfig: it lists no clusters")
	case name == "":
		return nil, errors.New("has no current-context: set it, or the provider's context")
	case context == nil:
		return nil, fmt.Errorf("has no context %q: the contexts are %s", name, quoted(config.Contexts))
	}
	cluster := s.clusterName
	if cluster == "" {
		cluster = context.Cluster
	}
	if config.Clusters[cluster] == nil {
		return nil, fmt.Errorf("has no cluster %q: the clusters are %s", cluster, quoted(config.Clusters))
	}
	if config.Clusters[cluster].Server == "" {
		return nil, fmt.Errorf("does not say where kube-apiserver is: clusters[%q].cluster.server is missing", cluster)
	}
	return config, nil
}

// connection returns how to reach the cluster, and the namespace of objects that name none. Without a
// kubeconfig in the settings, the usual places are looked at (KUBECONFIG, ~/.kube/config).
func connection(s settings) (*rest.Config, string, error) {
	overrides := &clientcmd.ConfigOverrides{CurrentContext: s.contextName}
	overrides.Context.Cluster = s.clusterName
	var client clientcmd.ClientConfig
	if s.kubeconfig == "" {
		client = clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), overrides)
	} else {
		config, err := loadKubeconfig(s)
		if err != nil {
			return nil, "", fmt.Errorf("the provider's kubeconfig %w", err)
		}
		client = clientcmd.NewNonInteractiveClientConfig(*config, s.contextName, overrides, nil)
	}
	config, err := client.ClientConfig()
	if err != nil {
		return nil, "", fmt.Errorf("the kubeconfig cannot be used: %w", err)
	}
	namespace, _, err := client.Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("the kubeconfig cannot be used: %w", err)
	}
	return config, namespace, nil
}

// serverOf returns kube-apiserver's address, or nothing if there is none to be read.
func serverOf(s settings) string {
	config, _, err := connection(s)
	if s.renderTo != "" || err != nil {
		return ""
	}
	return config.Host
}

// isPath says whether a kubeconfig setting can only be meant as a path: a kubeconfig's text has several
// lines, or is JSON.
func isPath(kubeconfig string) bool {
	return !strings.Contains(strings.TrimSpace(kubeconfig), "\n") && !strings.HasPrefix(strings.TrimSpace(kubeconfig), "{")
}

// withoutPath drops the path from err, which may be anything the user mistook for one.
func withoutPath(err error) error {
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

var linePattern = regexp.MustCompile(`line \d+`)

// lineOf returns where a parser stopped, and nothing else that it says.
func lineOf(err error) string {
	if line := linePattern.FindString(err.Error()); line != "" {
		return " (" + line + ")"
	}
	return ""
}

// quoted lists the keys of a kubeconfig's map.
func quoted[T any](entries map[string]T) string {
	if len(entries) == 0 {
		return "none"
	}
	var names []string
	for name := range entries {
		names = append(names, fmt.Sprintf("%q", name))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
