package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Create makes an object that does not exist, or previews it.
func (p *standIn) Create(call context.Context, request *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	ctx, done := p.bounded(call, request.GetTimeout())
	defer done()
	inputs, err := decode(request.GetProperties())
	if err != nil {
		return nil, err
	}
	manager, err := newManager()
	if err != nil {
		return nil, err
	}
	// What kube-apiserver gives to each new object.
	givenAnew := p.givenAnew("uid", "resourceVersion", "creationTimestamp")
	if request.GetPreview() && inputs.ContainsUnknowns() {
		return created("", unpreviewedState(inputs, givenAnew...))
	}
	object, err := toObject(inputs)
	if err != nil {
		return nil, err
	}
	live, err := p.target.create(ctx, object, applyOptions{
		urn: request.GetUrn(), manager: manager, preview: request.GetPreview(), secret: inputs.ContainsSecrets(),
	})
	switch {
	case err != nil:
		return nil, err
	case live == nil:
		return created("", unpreviewedState(inputs, givenAnew...))
	case request.GetPreview():
		return created("", previewState(live, inputs, manager, givenAnew...))
	default:
		return created(idOf(live), newState(live, inputs, manager))
	}
}

func created(id string, state resource.PropertyMap) (*pulumirpc.CreateResponse, error) {
	properties, err := encode(state)
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, err
}

// Update brings an object to its new inputs, or previews that.
func (p *standIn) Update(call context.Context, request *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	ctx, done := p.bounded(call, request.GetTimeout())
	defer done()
	olds, err := decode(request.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, err := decode(request.GetNews())
	if err != nil {
		return nil, err
	}
	manager, ok := text(olds, fieldManagerKey)
	if !ok {
		if manager, err = newManager(); err != nil {
			return nil, err
		}
	}
	// What kube-apiserver changes at each update.
	givenAnew := p.givenAnew("resourceVersion", "generation")
	if request.GetPreview() && inputs.ContainsUnknowns() {
		return updated(unpreviewedState(inputs, givenAnew...))
	}
	object, err := toObject(inputs)
	if err != nil {
		return nil, err
	}
	live, err := p.target.update(ctx, object, applyOptions{
		urn: request.GetUrn(), manager: manager, preview: request.GetPreview(), secret: inputs.ContainsSecrets(),
	})
	switch {
	case err != nil:
		return nil, err
	case live == nil:
		return updated(unpreviewedState(inputs, givenAnew...))
	case request.GetPreview():
		return updated(previewState(live, inputs, manager, givenAnew...))
	default:
		return updated(newState(live, inputs, manager))
	}
}

func updated(state resource.PropertyMap) (*pulumirpc.UpdateResponse, error) {
	properties, err := encode(state)
	return &pulumirpc.UpdateResponse{Properties: properties}, err
}

// Delete removes an object and waits until it is gone, so that one of the same name can follow.
func (p *standIn) Delete(call context.Context, request *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	ctx, done := p.bounded(call, request.GetTimeout())
	defer done()
	state, err := decode(request.GetProperties())
	if err != nil {
		return nil, err
	}
	object, err := liveOf(state)
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, p.target.delete(ctx, object, applyOptions{urn: request.GetUrn(), secret: state.ContainsSecrets()})
}

// newManager makes the name under which server-side apply records the fields of one object, so that two
// stacks that claim one field come to know of it.
func newManager() (string, error) {
	return resource.NewUniqueHex("pulumi-kubernetes-", 8, -1)
}

// givenAnew returns keys where others complete an object, and none where it stays as given.
func (p *standIn) givenAnew(keys ...resource.PropertyKey) []resource.PropertyKey {
	if p.target.completes() {
		return keys
	}
	return nil
}

// bounded is context with the resource's own time limit, in seconds; 10 minutes if it has none.
func (p *standIn) bounded(call context.Context, seconds float64) (context.Context, context.CancelFunc) {
	limit := 10 * time.Minute
	if seconds > 0 {
		limit = time.Duration(seconds * float64(time.Second))
	}
	ctx, done := p.context(call)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("gave up after %s", limit))
	return ctx, func() { cancel(); done() }
}
