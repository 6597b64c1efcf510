package main

import (
	"context"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// standIn serves one configured provider: the engine starts a process for each.
type standIn struct {
	pulumirpc.UnimplementedResourceProviderServer

	mu   sync.Mutex
	host *provider.HostClient // nil until the engine's address is known

	target   target
	settings settings

	// running ends when the engine cancels the operation.
	running context.Context
	cancel  context.CancelFunc
}

// target is where objects go: a folder of YAML files, or a cluster.
type target interface {
	// create makes object and returns it as it now is. For a preview nothing is made, and nil says that
	// the result cannot be known yet.
	create(ctx context.Context, object *unstructured.Unstructured, options applyOptions) (*unstructured.Unstructured, error)
	// update brings an object that exists to what object says; otherwise as create.
	update(ctx context.Context, object *unstructured.Unstructured, options applyOptions) (*unstructured.Unstructured, error)
	// read returns the object of that identity as it is now, or nil if there is none.
	read(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error)
	// delete removes the object of that identity; that it is already gone is no error.
	delete(ctx context.Context, object *unstructured.Unstructured, options applyOptions) error
	// completes says whether others (kube-apiserver, controllers) add fields to objects.
	completes() bool
}

// applyOptions say how an object is to be applied.
type applyOptions struct {
	urn     string // the resource, for messages and to tell two of them apart
	manager string // the field manager of server-side apply
	preview bool
	secret  bool // the object holds secrets: errors must not repeat its values
}

func newStandIn(host *provider.HostClient) *standIn {
	running, cancel := context.WithCancel(context.Background())
	return &standIn{host: host, running: running, cancel: cancel}
}

// GetPluginInfo tells the engine the version that the SDK asks for.
func (p *standIn) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// Attach gives the engine's address to a plugin that was started without one.
func (p *standIn) Attach(_ context.Context, request *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	host, err := provider.NewHostClient(request.GetAddress())
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.host = host
	return &emptypb.Empty{}, nil
}

// Cancel ends what is under way.
func (p *standIn) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	p.cancel()
	return &emptypb.Empty{}, nil
}

// Construct refuses components that the vendor's plugin builds itself (kubernetes:yaml/v2, helm, kustomize/v2).
func (p *standIn) Construct(_ context.Context, request *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return nil, status.Errorf(codes.Unimplemented, "%s is not covered by the stand-in for the Kubernetes plugin: "+
		"use kubernetes:yaml:ConfigFile or ConfigGroup, or run where the vendor's plugin can be had", request.GetType())
}

// context returns one that ends with the call or with Cancel, whichever is first.
func (p *standIn) context(call context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(call)
	stop := context.AfterFunc(p.running, cancel)
	return ctx, func() { stop(); cancel() }
}

// warn shows message to the user, beside the resource.
func (p *standIn) warn(ctx context.Context, urn, message string) {
	p.mu.Lock()
	host := p.host
	p.mu.Unlock()
	if host != nil {
		_ = host.Log(ctx, diag.Warning, resource.URN(urn), message)
	}
}
