package main

import (
	"encoding/base64"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// markSecrets makes secret in properties what is secret in like, and all the data of a Secret.
func markSecrets(properties, like resource.PropertyMap) {
	for key, pattern := range like {
		if value, ok := properties[key]; ok {
			properties[key] = markSecret(value, pattern)
		}
	}
	if isSecret(properties) {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if value, ok := properties[key]; ok {
				properties[key] = secret(value)
			}
		}
	}
}

func markSecret(value, pattern resource.PropertyValue) resource.PropertyValue {
	switch {
	case pattern.IsSecret():
		return secret(value)
	case value.IsObject() && pattern.IsObject():
		object := value.ObjectValue().Copy()
		for key, inner := range pattern.ObjectValue() {
			if member, ok := object[key]; ok {
				object[key] = markSecret(member, inner)
			}
		}
		return resource.NewObjectProperty(object)
	case pattern.ContainsSecrets():
		// Elements of a list have no names to go by: all of it is secret.
		return secret(value)
	default:
		return value
	}
}

// secret wraps value, once.
func secret(value resource.PropertyValue) resource.PropertyValue {
	if value.IsSecret() {
		return value
	}
	return resource.MakeSecret(value)
}

// isSecret says whether the properties are those of a Secret.
func isSecret(properties resource.PropertyMap) bool {
	apiVersion, _ := text(properties, "apiVersion")
	kind, _ := text(properties, "kind")
	return apiVersion == "v1" && kind == "Secret"
}

// foldStringData moves a Secret's stringData into data, as kube-apiserver does when it stores one
// (kubernetes pkg/apis/core/v1/conversion.go), so that old and new inputs compare by one field. stringData
// wins where both have a key.
func foldStringData(properties resource.PropertyMap) []*pulumirpc.CheckFailure {
	given, ok := properties["stringData"]
	if !ok {
		return nil
	}
	delete(properties, "stringData")
	stringData, data := plain(given), plain(properties["data"])
	if stringData.IsComputed() || data.IsComputed() {
		properties["data"] = secret(unknown())
		return nil
	}
	if !stringData.IsObject() {
		return []*pulumirpc.CheckFailure{failure("stringData", "must map keys to strings")}
	}
	folded := resource.PropertyMap{}
	if data.IsObject() {
		folded = data.ObjectValue().Copy()
	}
	var failures []*pulumirpc.CheckFailure
	for key, value := range stringData.ObjectValue() {
		switch {
		case value.IsComputed():
			folded[key] = value
		case value.IsString():
			folded[key] = resource.NewStringProperty(base64.StdEncoding.EncodeToString([]byte(value.StringValue())))
		default:
			failures = append(failures, failure(fmt.Sprintf("stringData[%q]", key), "must be a string, not a %s", value.TypeString()))
		}
	}
	properties["data"] = secret(resource.NewObjectProperty(folded))
	return failures
}

// unknown is a value that the preview cannot know.
func unknown() resource.PropertyValue {
	return resource.MakeComputed(resource.NewStringProperty(""))
}
