// pulumi-resource-kubernetes is a small stand-in for the Kubernetes resource plugin, for machines that
// reach no server the vendor's own plugin can be downloaded from. It speaks the published protocol
// (pulumirpc.ResourceProvider) and covers what this project's stacks use, and nothing more: objects
// rendered as YAML files into a folder, or applied to a cluster. What it does not cover, it refuses by
// name. The state it leaves has the shape that the vendor's plugin reads.
package main

import (
	"fmt"
	"os"

	"github.com/go-logr/logr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/klog/v2"
)

// version is the version of @pulumi/kubernetes that this plugin stands in for.
const version = "4.34.2"

func main() {
	// client-go would write to standard error what the errors it returns say anyway.
	klog.SetLogger(logr.Discard())
	err := provider.Main("kubernetes", func(host *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
		return newStandIn(host), nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-kubernetes:", err)
		os.Exit(1)
	}
}
