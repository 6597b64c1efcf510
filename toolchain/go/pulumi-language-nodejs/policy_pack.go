package main

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// RunPlugin runs a policy pack ("analyzer") to its end. Plugins of other kinds are not supported.
//
// The SDK's runner reads the stack from its environment, while the engine tells it by a call to the
// running plugin: the vendor's proxy takes that call, and Node is started with what it said.
func (h *host) RunPlugin(
	req *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer,
) error {
	if req.Kind != "analyzer" {
		return status.Errorf(codes.Unimplemented,
			"this stand-in of the Node language host runs policy packs, not plugins of kind %q", req.Kind)
	}
	node, err := findNode()
	if err != nil {
		return err
	}
	pack := req.Info.ProgramDirectory
	script, err := findScript(pack, "cmd/run-policy-pack")
	if err != nil {
		return err
	}

	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(server, false)
	if err != nil {
		return err
	}
	defer closer.Close()
	proxy, nodeStdout, err := sdk.NewPolicyProxy(server.Context(), stdout)
	if err != nil {
		return fmt.Errorf("start the policy pack's proxy: %w", err)
	}
	stack, err := proxy.AwaitConfiguration(server.Context())
	if err != nil {
		return fmt.Errorf("wait for the stack's configuration: %w", err)
	}
	env, err := policyEnv(stack)
	if err != nil {
		return err
	}

	args := append(nodeArgs(req.Info), script)
	args = append(args, req.Args...)
	cmd := h.command(server.Context(), node, append(args, pack)...)
	cmd.Dir = pack
	cmd.Env = append(req.Env, env...)
	cmd.Stdout, cmd.Stderr = nodeStdout, struct{ io.Writer }{stderr}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run %s: %w", node, err)
	}

	err = proxy.Attach(server.Context(), cmd)
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
