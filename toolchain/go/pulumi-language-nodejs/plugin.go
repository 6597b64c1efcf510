package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// RunPlugin runs a plugin that is written for Node to its end: a policy pack ("analyzer"), or a provider of
// components ("resource").
func (h *host) RunPlugin(
	req *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer,
) error {
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(server, false)
	if err != nil {
		return err
	}
	defer closer.Close()
	run := h.runComponents
	if req.Kind == "analyzer" {
		run = h.runPolicyPack
	}
	// Given files, Node would share them with this process; wrapped, it gets pipes.
	err = run(server.Context(), req, stdout, struct{ io.Writer }{stderr})
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		return err
	}
	if err := closer.Close(); err != nil {
		return err
	}
	return server.Send(&pulumirpc.RunPluginResponse{
		Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(code)},
	})
}

// runComponents runs a provider of components, which serves the engine itself. Its folder is the first argument.
func (h *host) runComponents(
	ctx context.Context, req *pulumirpc.RunPluginRequest, stdout, stderr io.Writer,
) error {
	folder := req.Info.ProgramDirectory
	args := append([]string{folder}, req.Args...)
	cmd, err := h.nodeCommand(ctx, req, "cmd/run-plugin", args)
	if err != nil {
		return err
	}
	cmd.Dir = req.Pwd
	cmd.Env = append(req.Env, typescriptEnv(req.Info))
	cmd.Stdout, cmd.Stderr = struct{ io.Writer }{stdout}, stderr
	return cmd.Run()
}

// runPolicyPack runs a policy pack. Its folder is the last argument.
//
// The SDK's runner reads the stack from its environment, while the engine tells it by a call to the
// running plugin: the vendor's proxy takes that call, and Node is started with what it said.
func (h *host) runPolicyPack(
	ctx context.Context, req *pulumirpc.RunPluginRequest, stdout, stderr io.Writer,
) error {
	pack := req.Info.ProgramDirectory
	cmd, err := h.nodeCommand(ctx, req, "cmd/run-policy-pack", append(req.Args, pack))
	if err != nil {
		return err
	}
	proxy, nodeStdout, err := sdk.NewPolicyProxy(ctx, stdout)
	if err != nil {
		return fmt.Errorf("start the policy pack's proxy: %w", err)
	}
	stack, err := proxy.AwaitConfiguration(ctx)
	if err != nil {
		return fmt.Errorf("wait for the stack's configuration: %w", err)
	}
	env, err := policyEnv(stack)
	if err != nil {
		return err
	}
	cmd.Dir = pack
	cmd.Env = append(req.Env, env...)
	cmd.Stdout, cmd.Stderr = nodeStdout, stderr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run %s: %w", cmd.Path, err)
	}
	return proxy.Attach(ctx, cmd)
}

// nodeCommand prepares Node with one of the SDK's runners, which the plugin's folder can import.
func (h *host) nodeCommand(
	ctx context.Context, req *pulumirpc.RunPluginRequest, runner string, args []string,
) (*exec.Cmd, error) {
	node, err := findNode()
	if err != nil {
		return nil, err
	}
	script, err := findScript(req.Info.ProgramDirectory, runner)
	if err != nil {
		return nil, err
	}
	return h.command(ctx, node, append(append(nodeArgs(req.Info), script), args...)...), nil
}

// policyEnv tells a policy pack which stack it looks at. There is none for `pulumi policy publish`.
func policyEnv(stack *pulumirpc.AnalyzerStackConfigureRequest) ([]string, error) {
	if stack == nil {
		return nil, nil
	}
	config, err := configEnv(stack.Config, stack.ConfigSecretKeys)
	if err != nil {
		return nil, err
	}
	return append(config,
		"PULUMI_NODEJS_ORGANIZATION="+stack.Organization,
		"PULUMI_NODEJS_PROJECT="+stack.Project,
		"PULUMI_NODEJS_STACK="+stack.Stack,
		"PULUMI_NODEJS_DRY_RUN="+strconv.FormatBool(stack.DryRun),
	), nil
}
