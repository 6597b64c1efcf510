package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// directory renders each object as a YAML file: CustomResourceDefinitions in 0-crd, everything else in
// 1-manifest, so that both can be applied in this order. Secrets are plain text there, so only the user who
// runs the stack can read it: folders 0700, files 0600.
type directory struct {
	root string

	mu sync.Mutex
	// written holds the files that this operation wrote, each with its resource.
	written map[string]string
}

func newDirectory(root string) *directory {
	return &directory{root: root, written: map[string]string{}}
}

func (d *directory) completes() bool { return false }

func (d *directory) create(_ context.Context, object *unstructured.Unstructured, options applyOptions) (*unstructured.Unstructured, error) {
	if options.preview {
		return object, nil
	}
	return object, d.write(object, options.urn)
}

func (d *directory) update(ctx context.Context, object *unstructured.Unstructured, options applyOptions) (*unstructured.Unstructured, error) {
	return d.create(ctx, object, options)
}

// write replaces the object's file as a whole: a reader sees the old content or the new.
func (d *directory) write(object *unstructured.Unstructured, urn string) error {
	content, err := yaml.Marshal(object.Object)
	if err != nil {
		return fmt.Errorf("%s %s cannot be written as YAML", object.GetKind(), object.GetName())
	}
	path := d.path(object)
	d.mu.Lock()
	defer d.mu.Unlock()
	if other, taken := d.written[path]; taken && other != urn {
		return fmt.Errorf("%s is already rendered for %s: two resources are one %s to Kubernetes; give one of them another name or namespace",
			path, other, object.GetKind())
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return cannotRender(err)
	}
	// Not *.yaml, so that nobody applies what an interrupted run may leave.
	draft := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".part")
	if err := os.WriteFile(draft, content, 0o600); err != nil {
		_ = os.Remove(draft)
		return cannotRender(err)
	}
	if err := os.Rename(draft, path); err != nil {
		_ = os.Remove(draft)
		return cannotRender(err)
	}
	d.written[path] = urn
	return nil
}

func (d *directory) read(_ context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	path := d.path(object)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read a rendered file: %w", err)
	}
	live := map[string]any{}
	data, err := yaml.YAMLToJSONStrict(content)
	if err == nil {
		err = json.Unmarshal(data, &live)
	}
	if err != nil {
		// The parser quotes what it stumbles over, which may be secret.
		return nil, fmt.Errorf("%s is no longer the YAML of one object%s: remove it, then refresh again and update", path, lineOf(err))
	}
	return &unstructured.Unstructured{Object: live}, nil
}

// delete removes the object's file, and the folders that it leaves empty. A file that this operation wrote
// stays: it is the same object, which another resource has taken over.
func (d *directory) delete(_ context.Context, object *unstructured.Unstructured, _ applyOptions) error {
	path := d.path(object)
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, rewritten := d.written[path]; rewritten {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove a rendered file: %w", err)
	}
	// Fails, as it should, where anything is left.
	if os.Remove(filepath.Dir(path)) == nil {
		_ = os.Remove(d.root)
	}
	return nil
}

// path is the object's file, named as the vendor's plugin names it: apiVersion, kind, namespace (default if
// there is none) and name.
func (d *directory) path(object *unstructured.Unstructured) string {
	folder := "1-manifest"
	if object.GetKind() == "CustomResourceDefinition" {
		folder = "0-crd"
	}
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = "default"
	}
	apiVersion := strings.NewReplacer("/", "_", ":", "_").Replace(object.GetAPIVersion())
	file := fmt.Sprintf("%s-%s-%s-%s.yaml", apiVersion, strings.ToLower(object.GetKind()), namespace, object.GetName())
	return filepath.Join(d.root, folder, file)
}

// checkWritable says why nothing can be rendered to root, if that is so, without making anything.
func checkWritable(root string) error {
	existing, err := filepath.Abs(root)
	if err != nil {
		return cannotRender(err)
	}
	for {
		info, err := os.Stat(existing)
		switch {
		case errors.Is(err, fs.ErrNotExist) && existing != filepath.Dir(existing):
			existing = filepath.Dir(existing)
			continue
		case err != nil:
			return cannotRender(err)
		case !info.IsDir():
			return fmt.Errorf("cannot be rendered to: %s is not a folder", existing)
		}
		if err := unix.Access(existing, unix.W_OK|unix.X_OK); err != nil {
			return fmt.Errorf("cannot be rendered to: %s: %w; make it writable, or choose another folder", existing, err)
		}
		return nil
	}
}

// cannotRender explains an error of the file system, which names the path.
func cannotRender(err error) error {
	return fmt.Errorf("cannot render to the folder: %w; make it writable, or choose another renderYamlToDirectory", err)
}
