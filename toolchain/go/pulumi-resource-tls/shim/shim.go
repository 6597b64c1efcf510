// Package shim hands out HashiCorp's TLS provider, which its own module keeps internal.
package shim

import (
	framework "github.com/hashicorp/terraform-plugin-framework/provider"

	"github.com/hashicorp/terraform-provider-tls/internal/provider"
)

// NewProvider returns the provider, version 4.0.4.
func NewProvider() framework.Provider {
	return provider.New()
}
