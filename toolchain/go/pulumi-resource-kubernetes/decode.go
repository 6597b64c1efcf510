package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// decodeToken is the function behind the SDK's kubernetes.yaml.ConfigFile and ConfigGroup.
const decodeToken = "kubernetes:yaml:decode"

// Invoke answers kubernetes:yaml:decode: the objects in a text of YAML documents. They are secret if the
// text is.
func (p *standIn) Invoke(_ context.Context, request *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	if request.GetTok() != decodeToken {
		return nil, fmt.Errorf("%s is not covered by the stand-in for the Kubernetes plugin", request.GetTok())
	}
	args, err := decode(request.GetArgs())
	if err != nil {
		return nil, err
	}
	if namespace := member(args, "defaultNamespace"); !isUnset(namespace) {
		return nil, fmt.Errorf("%s: defaultNamespace is not covered by the stand-in for the Kubernetes plugin", decodeToken)
	}
	given, ok := text(args, "text")
	if !ok {
		return nil, fmt.Errorf("%s: text must be a string", decodeToken)
	}
	objects, err := decodeYAML(given)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", decodeToken, err)
	}
	result := resource.NewPropertyValue(objects)
	if args.ContainsSecrets() {
		result = secret(result)
	}
	reply, err := encode(resource.PropertyMap{"result": result})
	return &pulumirpc.InvokeResponse{Return: reply}, err
}

// decodeYAML returns the objects of all documents, with those in a List one by one. Errors never quote the
// text: there may be secrets in it.
func decodeYAML(given string) ([]any, error) {
	objects := []any{}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader([]byte(given))))
	for number := 1; ; number++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("document %d cannot be read", number)
		}
		data, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			return nil, fmt.Errorf("document %d is not YAML%s", number, lineOf(err))
		}
		var object map[string]any
		if err := json.Unmarshal(data, &object); err != nil {
			return nil, fmt.Errorf("document %d is not an object", number)
		}
		if len(object) == 0 {
			continue
		}
		for _, key := range []string{"apiVersion", "kind"} {
			if value, ok := object[key].(string); !ok || value == "" {
				return nil, fmt.Errorf("document %d is not a Kubernetes object: it has no %s", number, key)
			}
		}
		if items, ok := object["items"].([]any); ok && object["kind"] == "List" {
			objects = append(objects, items...)
			continue
		}
		objects = append(objects, object)
	}
}
