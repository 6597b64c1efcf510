package main

import (
	"context"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// settings are the provider's arguments that this plugin heeds, as @pulumi/kubernetes names them.
type settings struct {
	renderTo          string // renderYamlToDirectory
	kubeconfig        string // kubeconfig: its text, or the path of a file
	contextName       string // context: which of the kubeconfig's; default: its current one
	clusterName       string // cluster: which of the kubeconfig's; default: the context's
	mutableConfigMaps bool   // enableConfigMapMutable; default: false, changed data replaces
	mutableSecrets    bool   // enableSecretMutable; default: false, changed data replaces
}

// heeded are the arguments behind settings. The other two lists change nothing here: what the first asks for
// is the case anyway, and the warnings that the second suppresses are never given.
var (
	heeded      = []resource.PropertyKey{"renderYamlToDirectory", "kubeconfig", "context", "cluster", "enableConfigMapMutable", "enableSecretMutable"}
	alwaysOn    = []resource.PropertyKey{"enableServerSideApply"}
	indifferent = []resource.PropertyKey{"version", "pluginDownloadURL", "suppressDeprecationWarnings", "suppressHelmHookWarnings"}
)

// CheckConfig refuses arguments that contradict each other, that do not parse, or that are not covered.
func (p *standIn) CheckConfig(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, err := decode(request.GetNews())
	if err != nil {
		return nil, err
	}
	failures := checkConfig(news)
	return &pulumirpc.CheckResponse{Inputs: request.GetNews(), Failures: failures}, nil
}

func checkConfig(news resource.PropertyMap) []*pulumirpc.CheckFailure {
	var failures []*pulumirpc.CheckFailure
	refuse := func(key resource.PropertyKey, reason string, values ...any) {
		failures = append(failures, failure(string(key), reason, values...))
	}
	for _, key := range news.StableKeys() {
		value := member(news, key)
		set := value.IsComputed() || !isUnset(value)
		switch {
		case slices.Contains(heeded, key) || slices.Contains(indifferent, key):
		case slices.Contains(alwaysOn, key):
			if !value.IsNull() && !isTrue(value) {
				refuse(key, "cannot be switched off in the stand-in for the Kubernetes plugin: leave it out")
			}
		case set:
			refuse(key, "is not covered by the stand-in for the Kubernetes plugin: leave it out, or run where the vendor's plugin can be had")
		}
	}
	if renderTo, ok := text(news, "renderYamlToDirectory"); ok && renderTo != "" {
		for _, key := range []resource.PropertyKey{"kubeconfig", "context", "cluster"} {
			if value := member(news, key); value.IsComputed() || !isUnset(value) {
				refuse(key, "cannot be given together with renderYamlToDirectory: objects go to a folder or to a cluster")
			}
		}
		if err := checkWritable(renderTo); err != nil {
			refuse("renderYamlToDirectory", "%v", err)
		}
		return failures
	}
	if member(news, "kubeconfig").IsComputed() {
		return failures
	}
	if given := settingsOf(news); given.kubeconfig != "" {
		if _, err := loadKubeconfig(given); err != nil {
			refuse("kubeconfig", "%v", err)
		}
	}
	return failures
}

// DiffConfig says when all the provider's objects live elsewhere and must be made anew: another folder,
// a folder instead of a cluster or the reverse, or a kube-apiserver at another address. New credentials or a
// new certificate authority for the same address change nothing about them, nor does a kubeconfig that is not
// known yet.
func (p *standIn) DiffConfig(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := decode(request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := decode(request.GetNews())
	if err != nil {
		return nil, err
	}
	olds, news = plainMap(olds), plainMap(news)
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	diff := olds.Diff(news)
	if diff == nil {
		return response, nil
	}
	response.Changes = pulumirpc.DiffResponse_DIFF_SOME
	for _, key := range diff.Keys() {
		response.Diffs = append(response.Diffs, string(key))
	}
	was, is := settingsOf(olds), settingsOf(news)
	switch {
	case diff.Changed("renderYamlToDirectory"):
		response.Replaces = []string{"renderYamlToDirectory"}
	case member(news, "kubeconfig").IsComputed(), member(olds, "kubeconfig").IsComputed():
	case was.renderTo == "" && serverOf(was) != serverOf(is):
		response.Replaces = response.Diffs
	}
	slices.Sort(response.Diffs)
	return response, nil
}

// Configure decides where objects go. A cluster is not asked anything yet: it may come up later.
func (p *standIn) Configure(_ context.Context, request *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	args, err := decode(request.GetArgs())
	if err != nil {
		return nil, err
	}
	p.settings = settingsOf(args)
	if p.settings.renderTo != "" {
		p.target = newDirectory(p.settings.renderTo)
	} else {
		p.target = newCluster(p.settings, p.warn)
	}
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets:                   true,
		SupportsPreview:                 true,
		SupportsAutonamingConfiguration: true,
	}, nil
}

// settingsOf reads the provider's arguments. The SDK writes booleans as JSON strings.
func settingsOf(args resource.PropertyMap) settings {
	given := func(key resource.PropertyKey) string {
		value, _ := text(args, key)
		return value
	}
	return settings{
		renderTo:          given("renderYamlToDirectory"),
		kubeconfig:        given("kubeconfig"),
		contextName:       given("context"),
		clusterName:       given("cluster"),
		mutableConfigMaps: isTrue(member(args, "enableConfigMapMutable")),
		mutableSecrets:    isTrue(member(args, "enableSecretMutable")),
	}
}

func isTrue(value resource.PropertyValue) bool {
	return (value.IsBool() && value.BoolValue()) || (value.IsString() && value.StringValue() == "true")
}

// isUnset says whether an argument was left out, or says no more than leaving it out does.
func isUnset(value resource.PropertyValue) bool {
	switch {
	case value.IsBool():
		return !value.BoolValue()
	case value.IsString():
		return slices.Contains([]string{"", "false", "null", "{}"}, value.StringValue())
	default:
		return value.IsNull()
	}
}
