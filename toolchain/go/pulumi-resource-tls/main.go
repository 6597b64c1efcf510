// Command pulumi-resource-tls is Pulumi's TLS plugin: Pulumi's own bridge over HashiCorp's own
// provider. This file only says which Pulumi names the provider's resources have.
package main

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-provider-tls/shim"
	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// version is the version of the npm package @pulumi/tls whose plugin this is; set at link time.
var version = "0.0.0"

func main() {
	ctx := context.Background()
	info := tfbridge.ProviderInfo{
		Name:    "tls",
		Version: version,
		P:       pf.ShimProviderWithContext(ctx, shim.NewProvider()),
		Resources: map[string]*tfbridge.ResourceInfo{
			"tls_private_key":         {Tok: resource("privateKey", "PrivateKey")},
			"tls_self_signed_cert":    {Tok: resource("selfSignedCert", "SelfSignedCert")},
			"tls_cert_request":        {Tok: resource("certRequest", "CertRequest")},
			"tls_locally_signed_cert": {Tok: resource("locallySignedCert", "LocallySignedCert")},
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"tls_certificate": {Tok: function("getCertificate")},
			"tls_public_key":  {Tok: function("getPublicKey")},
		},
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
	}
	pf.Main(ctx, "tls", info, pf.ProviderMetadata{XGetSchema: noSchema})
}

// resource is the token of a resource type in its file, as the npm package spells it.
func resource(file, name string) tokens.Type {
	return tokens.Type("tls:index/" + file + ":" + name)
}

// function is the token of a function, as the npm package spells it.
func function(name string) tokens.ModuleMember {
	return tokens.ModuleMember("tls:index/" + name + ":" + name)
}

// noSchema answers requests for the package's schema, which only code generators make.
func noSchema(context.Context, plugin.GetSchemaRequest) ([]byte, error) {
	return nil, errors.New("this build of the TLS plugin carries no schema: use the npm package @pulumi/tls")
}
