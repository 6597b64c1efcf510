package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// exitReported is the SDK's exit code for a program that failed and has told the user why.
const exitReported = 32

// Run runs a Pulumi program to its end.
func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	node, err := findNode()
	if err != nil {
		return nil, err
	}
	script, err := findScript(req.Info.ProgramDirectory, "cmd/run")
	if err != nil {
		return nil, err
	}
	env, err := programEnv(req)
	if err != nil {
		return nil, err
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(h.running, stop)()
	cmd := h.command(ctx, node, append(nodeArgs(req.Info), h.runArgs(script, req)...)...)
	cmd.Dir = req.Pwd
	cmd.Env = append(os.Environ(), env...)
	// Given files, Node would share them with this process; wrapped, it gets pipes, whose end Go
	// waits for: no output is lost.
	cmd.Stdout, cmd.Stderr = struct{ io.Writer }{os.Stdout}, struct{ io.Writer }{os.Stderr}

	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == exitReported:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case errors.As(err, &exit):
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program ended with %s", exit)}, nil
	default:
		return nil, fmt.Errorf("run %s: %w", node, err)
	}
}

// runArgs are the arguments of Node for a program: the SDK's runner and what it is to run.
func (h *host) runArgs(script string, req *pulumirpc.RunRequest) []string {
	args := []string{
		script,
		"--monitor", req.MonitorAddress,
		"--engine", h.engine,
		"--organization", req.Organization,
		"--project", req.Project,
		"--root-directory", req.Info.RootDirectory,
		"--stack", req.Stack,
		"--pwd", req.Info.ProgramDirectory,
		"--parallel", strconv.Itoa(int(req.Parallel)),
	}
	if req.DryRun {
		args = append(args, "--dry-run")
	}
	args = append(args, req.Info.EntryPoint)
	return append(args, req.Args...)
}

// nodeArgs are the arguments for Node itself that the project's `runtime.options.nodeargs` asks for.
func nodeArgs(info *pulumirpc.ProgramInfo) []string {
	return strings.Fields(info.Options.GetFields()["nodeargs"].GetStringValue())
}

// programEnv is what the SDK reads from its environment.
func programEnv(req *pulumirpc.RunRequest) ([]string, error) {
	config, err := configEnv(req.Config, req.ConfigSecretKeys)
	if err != nil {
		return nil, err
	}
	return append(config, typescriptEnv(req.Info)), nil
}

// typescriptEnv tells the SDK whether it is to compile TypeScript itself: yes, unless the project says
// `typescript: false`.
func typescriptEnv(info *pulumirpc.ProgramInfo) string {
	typescript := true
	if option, ok := info.Options.GetFields()["typescript"]; ok {
		typescript = option.GetBoolValue()
	}
	return "PULUMI_NODEJS_TYPESCRIPT=" + strconv.FormatBool(typescript)
}

// configEnv passes configuration on as the SDK expects it: JSON, and `{}` or `[]` when empty.
func configEnv(config map[string]string, secretKeys []string) ([]string, error) {
	if config == nil {
		config = map[string]string{}
	}
	if secretKeys == nil {
		secretKeys = []string{}
	}
	values, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	keys, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, fmt.Errorf("encode the configuration's secret keys: %w", err)
	}
	return []string{"PULUMI_CONFIG=" + string(values), "PULUMI_CONFIG_SECRET_KEYS=" + string(keys)}, nil
}
