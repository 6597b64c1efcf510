// Command kubelet prints the flags, the gates and the configuration type of the kubelet it is linked with.
package main

import (
	"encoding/json"
	"io"
	// Its flags are added where the format is registered, as the program itself does.
	_ "k8s.io/component-base/logs/json/register"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/kubelet/config/v1beta1"
	kubeletapis "k8s.io/kubelet/pkg/apis"
	_ "k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	internal "k8s.io/kubernetes/pkg/kubelet/apis/config"
	conversion "k8s.io/kubernetes/pkg/kubelet/apis/config/v1beta1"

	"kubelet-trust/facts/programs/dump"
)

func main() {
	flags := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	options.NewKubeletFlags().AddFlags(flags)
	configuration, err := options.NewKubeletConfiguration()
	if err != nil {
		panic(err)
	}
	options.AddKubeletConfigFlags(flags, configuration)
	options.AddGlobalFlags(flags)
	flags.BoolP("help", "h", false, "")

	defaults := &v1beta1.KubeletConfiguration{}
	conversion.SetDefaults_KubeletConfiguration(defaults)
	types := map[string]map[string]string{}
	describe(reflect.TypeOf(*defaults), types)
	dump.Write(map[string]any{
		"flags":    dump.Flags(flags),
		"gates":    dump.Gates(utilfeature.DefaultMutableFeatureGate),
		"types":    types,
		"defaults": asMap(defaults),
		"legacy":   legacyDefaults(),
		"paths":    pathFields(),
		"fields":   flagFields(),
		"tls": map[string][]string{
			"cipherSuites": cliflag.TLSCipherPossibleValues(),
			"versions":     cliflag.TLSPossibleVersions(),
		},
		"labels": map[string][]string{
			"names":      kubeletapis.KubeletLabels(),
			"namespaces": kubeletapis.KubeletLabelNamespaces(),
		},
	})
}

// legacyDefaults is what the kubelet runs with when it is given no --config.
func legacyDefaults() map[string]any {
	return external(newConfiguration())
}

func newConfiguration() *internal.KubeletConfiguration {
	configuration, err := options.NewKubeletConfiguration()
	if err != nil {
		panic(err)
	}
	return configuration
}

func external(configuration *internal.KubeletConfiguration) map[string]any {
	result := &v1beta1.KubeletConfiguration{}
	if err := conversion.Convert_config_KubeletConfiguration_To_v1beta1_KubeletConfiguration(configuration, result, nil); err != nil {
		panic(err)
	}
	return asMap(result)
}

// flagFields finds the configuration field behind each flag, by setting the flag and looking what changed.
func flagFields() map[string]string {
	fields := map[string]string{}
	names := []string{}
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	options.AddKubeletConfigFlags(all, newConfiguration())
	all.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	for _, name := range names {
		for _, probe := range []string{"true", "false", "7777", "77s", "probe", "10.7.7.7", "probe=7", "probe=true", "probe<7%", "0:memory=7Mi", "probe=v:NoSchedule"} {
			configuration := newConfiguration()
			before := external(configuration)
			set := pflag.NewFlagSet("", pflag.ContinueOnError)
			set.SetOutput(io.Discard)
			options.AddKubeletConfigFlags(set, configuration)
			if set.Set(name, probe) != nil {
				continue
			}
			changed := []string{}
			differences(before, external(configuration), "", &changed)
			if len(changed) > 0 {
				slices.Sort(changed)
				fields[name] = changed[0]
				break
			}
		}
	}
	return fields
}

func differences(before, after any, path string, changed *[]string) {
	oldMap, oldIsMap := before.(map[string]any)
	newMap, newIsMap := after.(map[string]any)
	if oldIsMap && newIsMap {
		for name, value := range newMap {
			inner := strings.TrimPrefix(path+"."+name, ".")
			if previous, there := oldMap[name]; there {
				differences(previous, value, inner, changed)
			} else {
				*changed = append(*changed, leaf(inner, value))
			}
		}
		for name := range oldMap {
			if _, there := newMap[name]; !there {
				*changed = append(*changed, strings.TrimPrefix(path+"."+name, "."))
			}
		}
		return
	}
	if !reflect.DeepEqual(before, after) {
		*changed = append(*changed, path)
	}
}

// leaf goes down through maps of one entry that is no probe: the field is what holds the value.
func leaf(path string, value any) string {
	inner, isMap := value.(map[string]any)
	if !isMap || len(inner) != 1 {
		return path
	}
	for name, value := range inner {
		if name == "probe" {
			return path
		}
		return leaf(path+"."+name, value)
	}
	return path
}

// pathFields finds the fields that the kubelet resolves against the folder of its file, by pointing at them.
func pathFields() []string {
	configuration := &internal.KubeletConfiguration{}
	for index, reference := range internal.KubeletConfigurationPathRefs(configuration) {
		*reference = "mark" + string(rune('A'+index))
	}
	found := []string{}
	collect(external(configuration), "", &found)
	slices.Sort(found)
	return found
}

func collect(value any, path string, found *[]string) {
	switch typed := value.(type) {
	case map[string]any:
		for name, inner := range typed {
			collect(inner, strings.TrimPrefix(path+"."+name, "."), found)
		}
	case string:
		if strings.HasPrefix(typed, "mark") {
			*found = append(*found, path)
		}
	}
}

func asMap(value any) map[string]any {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	result := map[string]any{}
	if err := json.Unmarshal(text, &result); err != nil {
		panic(err)
	}
	return result
}

// describe writes, for each struct, the Go type of each JSON field.
func describe(kind reflect.Type, types map[string]map[string]string) {
	for kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice || kind.Kind() == reflect.Map {
		kind = kind.Elem()
	}
	if kind.Kind() != reflect.Struct || types[kind.String()] != nil || opaque(kind) {
		return
	}
	fields := map[string]string{}
	types[kind.String()] = fields
	addFields(kind, fields, types)
}

func addFields(kind reflect.Type, fields map[string]string, types map[string]map[string]string) {
	for index := range kind.NumField() {
		field := kind.Field(index)
		name, rest, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" && (field.Anonymous || strings.Contains(rest, "inline")) {
			addFields(field.Type, fields, types)
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		fields[name] = typeName(field.Type)
		describe(field.Type, types)
	}
}

// typeName is the Go type, with named basic types followed by the basic one they are.
func typeName(kind reflect.Type) string {
	if kind.PkgPath() != "" && kind.Kind() != reflect.Struct {
		return kind.String() + "=" + kind.Kind().String()
	}
	return kind.String()
}

// opaque types read themselves from JSON.
func opaque(kind reflect.Type) bool {
	unmarshaler := reflect.TypeFor[json.Unmarshaler]()
	return kind.Implements(unmarshaler) || reflect.PointerTo(kind).Implements(unmarshaler)
}
