package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// version is the version of the language host that this one stands in for; set at link time.
var version = "0.0.0"

// killDelay is how long a Node process may take to end after the engine has cancelled it.
const killDelay = 5 * time.Second

// host answers the engine's calls. Calls it does not define are answered as unimplemented.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine  string
	running context.Context
	cancel  context.CancelFunc
}

// newHost makes a host for the engine at an address. Node processes end with the context.
func newHost(ctx context.Context, engine string) *host {
	running, cancel := context.WithCancel(ctx)
	return &host{engine: engine, running: running, cancel: cancel}
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// Cancel ends the Node process that is running, if any.
func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.cancel()
	return &emptypb.Empty{}, nil
}

func (h *host) About(ctx context.Context, _ *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	node, err := findNode()
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, node, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", node, err)
	}
	return &pulumirpc.AboutResponse{
		Executable: node,
		Version:    strings.TrimSpace(string(out)),
		Metadata:   map[string]string{"languageHost": "stand-in of kubelet-trust"},
	}, nil
}

// InstallDependencies runs npm in the program's folder, for `pulumi install` and before a plugin is run from its
// sources. A plugin needs no development dependencies.
func (h *host) InstallDependencies(
	req *pulumirpc.InstallDependenciesRequest, server pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	manager := req.Info.Options.GetFields()["packagemanager"].GetStringValue()
	if manager != "" && manager != "auto" && manager != "npm" {
		return status.Errorf(codes.Unimplemented, "runtime.options.packagemanager is %q: this stand-in of the Node "+
			"language host installs with npm alone; run `%[1]s install` in %s yourself", manager, req.Info.ProgramDirectory)
	}
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(server, req.IsTerminal)
	if err != nil {
		return err
	}
	defer closer.Close()
	args := []string{"install", "--loglevel=error"}
	if req.IsPlugin {
		args = append(args, "--omit=dev")
	}
	cmd := h.command(h.running, "npm", args...)
	cmd.Dir = req.Info.ProgramDirectory
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm %s in %s: %w", strings.Join(args, " "), cmd.Dir, err)
	}
	return closer.Close()
}

// command prepares a process that is asked to end when ctx is done, and is killed if it does not.
func (h *host) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = killDelay
	return cmd
}

// findNode finds the Node on PATH.
func findNode() (string, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return "", errors.New("no `node` on PATH: install Node 22.18 or later")
	}
	return filepath.Abs(node)
}

// findScript finds one of the SDK's entry points, e.g. "cmd/run", as Node would from a folder: in
// the nearest node_modules that has it, on the way up.
func findScript(folder, script string) (string, error) {
	for at := folder; ; at = filepath.Dir(at) {
		candidate := filepath.Join(at, "node_modules", "@pulumi", "pulumi", filepath.FromSlash(script))
		if _, err := os.Stat(filepath.Join(candidate, "index.js")); err == nil {
			return candidate, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no @pulumi/pulumi in node_modules of %s or above it: "+
				"run `npm install` there", folder)
		}
	}
}
