// Command pulumi-resource-kubernetes is the vendor's Kubernetes plugin: its own code, its own schema.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

// The two files lie in the vendor's module, beside its own main package. The build lays them here.
var (
	//go:embed schema.json
	schema []byte
	//go:embed terraform-mapping.json
	terraformMapping []byte
)

func main() {
	// The vendor's release writes its version into the schema as well.
	versioned := append([]byte(`{"version":"`+version.Version+`",`), schema[1:]...)
	provider.Serve("kubernetes", version.Version, versioned, terraformMapping)
}
