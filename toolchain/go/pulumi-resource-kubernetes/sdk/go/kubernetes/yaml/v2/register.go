// Package v2 holds what the Kubernetes plugin uses of the SDK's package yaml/v2.
package v2

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RegisterResource registers an object of any kind. The SDK has a Go type for most kinds; the plugin, which
// hands objects on to the engine, needs none of them.
func RegisterResource(
	ctx *pulumi.Context, apiVersion, kind, name string, props pulumi.Input, opts ...pulumi.ResourceOption,
) (pulumi.CustomResource, error) {
	var object pulumi.CustomResourceState
	if err := ctx.RegisterResource(token(apiVersion, kind), name, props, &object, opts...); err != nil {
		return nil, err
	}
	return &object, nil
}

// token names the kind as Pulumi does: the group of an apiVersion without one is "core".
func token(apiVersion, kind string) string {
	if !strings.Contains(apiVersion, "/") {
		apiVersion = "core/" + apiVersion
	}
	return "kubernetes:" + apiVersion + ":" + kind
}
