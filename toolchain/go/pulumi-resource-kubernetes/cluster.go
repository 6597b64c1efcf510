package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// cluster applies objects through kube-apiserver, by server-side apply.
type cluster struct {
	server    string
	namespace string // of namespaced objects that name none
	objects   dynamic.Interface
	mapper    *restmapper.DeferredDiscoveryRESTMapper

	// unusable says why there is no connection to try.
	unusable error

	warn        func(ctx context.Context, urn, message string)
	unreachable sync.Once
}

func newCluster(s settings, warn func(ctx context.Context, urn, message string)) *cluster {
	c := &cluster{warn: warn}
	config, namespace, err := connection(s)
	if err != nil {
		c.unusable = err
		return c
	}
	config.Timeout = 30 * time.Second
	// kube-apiserver has priority and fairness; client-go's own limit of 5 requests a second is not for us.
	config.QPS = -1
	config.WarningHandler = rest.NoWarnings{}
	config.UserAgent = "pulumi-resource-kubernetes"
	c.server, c.namespace = config.Host, namespace
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err == nil {
		c.objects, err = dynamic.NewForConfig(config)
	}
	if err != nil {
		c.unusable = fmt.Errorf("the kubeconfig cannot be used: %w", err)
		return c
	}
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client))
	return c
}

func (c *cluster) completes() bool { return true }

func (c *cluster) create(ctx context.Context, object *unstructured.Unstructured, options applyOptions) (*unstructured.Unstructured, error) {
	client, err := c.client(object)
	if err == nil {
		// Server-side apply would take an existing object over, and a later delete would remove it.
		_, err = client.Get(ctx, object.GetName(), metav1.GetOptions{})
		switch {
		case err == nil && options.preview:
			return nil, nil // it is to be replaced
		case err == nil:
			return nil, fmt.Errorf("%s already exists in the cluster: remove it, or take it into the stack with pulumi import", describe(object))
		}
	}
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err) {
		return nil, c.explain(ctx, err, object, options)
	}
	return c.update(ctx, object, options)
}

func (c *cluster) update(ctx context.Context, object *unstructured.Unstructured, options applyOptions) (*unstructured.Unstructured, error) {
	apply := metav1.ApplyOptions{FieldManager: options.manager}
	if options.preview {
		apply.DryRun = []string{metav1.DryRunAll}
	}
	client, err := c.client(object)
	if err != nil {
		return nil, c.explain(ctx, err, object, options)
	}
	live, err := client.Apply(ctx, object.GetName(), object, apply)
	if err != nil {
		return nil, c.explain(ctx, err, object, options)
	}
	if isCRD(object) && !options.preview {
		return c.established(ctx, client, object)
	}
	return live, nil
}

func (c *cluster) read(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	client, err := c.client(object)
	var live *unstructured.Unstructured
	if err == nil {
		live, err = client.Get(ctx, object.GetName(), metav1.GetOptions{})
	}
	if isGone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, c.explain(ctx, err, object, applyOptions{})
	}
	return live, nil
}

func (c *cluster) delete(ctx context.Context, object *unstructured.Unstructured, options applyOptions) error {
	client, err := c.client(object)
	if err == nil {
		background := metav1.DeletePropagationBackground
		err = client.Delete(ctx, object.GetName(), metav1.DeleteOptions{PropagationPolicy: &background})
	}
	if isGone(err) {
		return nil
	}
	if err != nil {
		return c.explain(ctx, err, object, options)
	}
	if isCRD(object) {
		defer c.mapper.Reset()
	}
	// Finalizers and grace periods take their time.
	gone := func(ctx context.Context) (bool, error) {
		live, err := client.Get(ctx, object.GetName(), metav1.GetOptions{})
		if isGone(err) {
			return true, nil
		}
		return err == nil && live.GetUID() != object.GetUID() && object.GetUID() != "", err
	}
	if err := wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, gone); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("%s is being deleted, but is not gone yet: %w", describe(object), context.Cause(ctx))
		}
		return c.explain(ctx, err, object, options)
	}
	return nil
}

// client returns the endpoint for objects like object.
func (c *cluster) client(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	if c.unusable != nil {
		return nil, c.unusable
	}
	kind := object.GroupVersionKind()
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		return c.objects.Resource(mapping.Resource), nil
	}
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = c.namespace
	}
	return c.objects.Resource(mapping.Resource).Namespace(namespace), nil
}

// established waits until kube-apiserver serves what a CustomResourceDefinition defines, so that the custom
// resources that depend on it can follow at once.
func (c *cluster) established(ctx context.Context, client dynamic.ResourceInterface, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	var live *unstructured.Unstructured
	served := func(ctx context.Context) (bool, error) {
		var err error
		if live, err = client.Get(ctx, object.GetName(), metav1.GetOptions{}); err != nil {
			return false, err
		}
		if !isEstablished(live) {
			return false, nil
		}
		c.mapper.Reset()
		group, _, _ := unstructured.NestedString(live.Object, "spec", "group")
		kind, _, _ := unstructured.NestedString(live.Object, "spec", "names", "kind")
		_, err = c.mapper.RESTMapping(schema.GroupKind{Group: group, Kind: kind})
		return err == nil, nil
	}
	if err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, served); err != nil {
		return nil, fmt.Errorf("%s was applied, but kube-apiserver does not serve it: %w", describe(object), err)
	}
	return live, nil
}

func isCRD(object *unstructured.Unstructured) bool {
	return object.GroupVersionKind().Group == "apiextensions.k8s.io" && object.GetKind() == "CustomResourceDefinition"
}

func isEstablished(definition *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(definition.Object, "status", "conditions")
	for _, condition := range conditions {
		if fields, ok := condition.(map[string]any); ok && fields["type"] == "Established" && fields["status"] == "True" {
			return true
		}
	}
	return false
}

// isGone says whether err means that the object, or its whole kind, is not there.
func isGone(err error) bool {
	return apierrors.IsNotFound(err) || meta.IsNoMatchError(err)
}

// isAnswer says whether kube-apiserver itself gave the error.
func isAnswer(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) || meta.IsNoMatchError(err)
}

func describe(object *unstructured.Unstructured) string {
	return fmt.Sprintf("%s %q", object.GetKind(), idOf(object))
}
