// Package kubernetes holds what the Kubernetes plugin uses of the SDK's package of that name.
package kubernetes

import "reflect"

// UntypedArgs are the inputs of an object whose fields have no Go types.
type UntypedArgs map[string]any

// ElementType is the type that the inputs resolve to: themselves.
func (UntypedArgs) ElementType() reflect.Type {
	return reflect.TypeFor[map[string]any]()
}
