package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// explain turns what went wrong with object into an error for the user, or into none: a preview tolerates what
// the update may bring first (a namespace, a CustomResourceDefinition, a permission, the cluster itself).
func (c *cluster) explain(ctx context.Context, err error, object *unstructured.Unstructured, options applyOptions) error {
	if !isAnswer(err) {
		return c.explainUnreachable(ctx, err, options)
	}
	if options.preview && (isGone(err) || apierrors.IsForbidden(err)) {
		return nil
	}
	switch {
	case meta.IsNoMatchError(err):
		return fmt.Errorf("%s: kube-apiserver knows no %s in %s: create its CustomResourceDefinition first, and let this resource depend on it",
			describe(object), object.GetKind(), object.GetAPIVersion())
	case apierrors.IsConflict(err):
		return fmt.Errorf("%s: other programs manage some of its fields: %w; leave those fields out of the stack, or let the others give them up",
			describe(object), err)
	case options.secret && !isHarmless(apierrors.ReasonForError(err)):
		return fmt.Errorf("%s: kube-apiserver refused it (%s); its words are left out, for they may repeat a secret",
			describe(object), withoutValues(err))
	default:
		return fmt.Errorf("%s: %w", describe(object), err)
	}
}

// explainUnreachable tells, once a preview or each time in an update, that there was no answer.
func (c *cluster) explainUnreachable(ctx context.Context, err error, options applyOptions) error {
	if c.unusable == nil {
		err = fmt.Errorf("kube-apiserver at %s cannot be reached: %w; see that it runs and that the kubeconfig is right", c.server, err)
	}
	if !options.preview {
		return err
	}
	c.unreachable.Do(func() {
		c.warn(ctx, options.urn, fmt.Sprintf("%v. This preview goes on without it, so nothing is checked by kube-apiserver yet", err))
	})
	return nil
}

// isHarmless says whether errors of this reason speak of names only, never of values.
func isHarmless(reason metav1.StatusReason) bool {
	return slices.Contains([]metav1.StatusReason{
		metav1.StatusReasonAlreadyExists, metav1.StatusReasonForbidden, metav1.StatusReasonNotFound,
		metav1.StatusReasonServerTimeout, metav1.StatusReasonTimeout, metav1.StatusReasonTooManyRequests,
		metav1.StatusReasonUnauthorized,
	}, reason)
}

// withoutValues says what kind of error it is, and which fields it is about.
func withoutValues(err error) string {
	reason := string(apierrors.ReasonForError(err))
	if reason == "" {
		reason = "no reason given"
	}
	var fields []string
	if status := apierrors.APIStatus(nil); errors.As(err, &status) && status.Status().Details != nil {
		for _, cause := range status.Status().Details.Causes {
			fields = append(fields, fmt.Sprintf("%s: %s", cause.Field, cause.Type))
		}
	}
	return strings.Join(append([]string{reason}, fields...), "; ")
}
