package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// manifest is what matters here of a package.json.
type manifest struct {
	Name            string            `json:"name"`
	Version         string            `json:"version"`
	Dependencies    map[string]string `json:"dependencies"`
	DevDependencies map[string]string `json:"devDependencies"`
	Pulumi          struct {
		Resource bool   `json:"resource"`
		Name     string `json:"name"`
		Version  string `json:"version"`
		Server   string `json:"server"`
	} `json:"pulumi"`
}

// GetRequiredPackages lists the resource plugins that the program's npm packages say they need.
func (h *host) GetRequiredPackages(
	_ context.Context, req *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	manifests, err := installedPackages(req.Info.ProgramDirectory)
	if err != nil {
		return nil, err
	}
	res := &pulumirpc.GetRequiredPackagesResponse{}
	for _, m := range manifests {
		if m.Pulumi.Resource {
			res.Packages = append(res.Packages, requiredPackage(m))
		}
	}
	return res, nil
}

// requiredPackage names the plugin of an SDK package. Its name and version default to the package's.
func requiredPackage(m manifest) *pulumirpc.PackageDependency {
	name, ver := m.Pulumi.Name, m.Pulumi.Version
	if name == "" {
		name = strings.TrimPrefix(m.Name, "@pulumi/")
	}
	if ver == "" {
		ver = m.Version
	}
	return &pulumirpc.PackageDependency{
		Name: name, Kind: "resource", Version: "v" + strings.TrimPrefix(ver, "v"), Server: m.Pulumi.Server,
	}
}

// GetProgramDependencies lists the npm packages that the program's package.json names, for
// `pulumi about`; with TransitiveDependencies, all that are installed.
func (h *host) GetProgramDependencies(
	_ context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	installed, err := installedPackages(req.Info.ProgramDirectory)
	if err != nil {
		return nil, err
	}
	program, err := readManifest(filepath.Join(req.Info.ProgramDirectory, "package.json"))
	if err != nil {
		return nil, err
	}
	res := &pulumirpc.GetProgramDependenciesResponse{}
	for _, m := range installed {
		_, direct := program.Dependencies[m.Name]
		_, directDev := program.DevDependencies[m.Name]
		if direct || directDev || req.TransitiveDependencies {
			res.Dependencies = append(res.Dependencies,
				&pulumirpc.DependencyInfo{Name: m.Name, Version: m.Version})
		}
	}
	return res, nil
}

// installedPackages reads the packages that a program in a folder can import: those of every
// node_modules on the way up, the nearest of each name. Sorted by name.
func installedPackages(folder string) ([]manifest, error) {
	byName := map[string]manifest{}
	for at := folder; ; at = filepath.Dir(at) {
		for _, pattern := range []string{"*", filepath.Join("@*", "*")} {
			files, err := filepath.Glob(filepath.Join(escapeGlob(at), "node_modules", pattern, "package.json"))
			if err != nil {
				return nil, fmt.Errorf("list the packages of %s: %w", at, err)
			}
			for _, file := range files {
				m, err := readManifest(file)
				if err != nil {
					return nil, err
				}
				if _, nearer := byName[m.Name]; !nearer {
					byName[m.Name] = m
				}
			}
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	manifests := make([]manifest, 0, len(byName))
	for _, m := range byName {
		manifests = append(manifests, m)
	}
	sort.Slice(manifests, func(i, j int) bool { return manifests[i].Name < manifests[j].Name })
	return manifests, nil
}

// escapeGlob keeps characters of a folder's name from being taken for a pattern.
func escapeGlob(folder string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(folder)
}

// readManifest reads a package.json. A missing one is empty.
func readManifest(file string) (manifest, error) {
	var m manifest
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("read %s: %w", file, err)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("read %s: %w", file, err)
	}
	return m, nil
}
