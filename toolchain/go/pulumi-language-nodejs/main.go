// Command pulumi-language-nodejs stands in for Pulumi's own Node language host: it runs Pulumi
// programs, policy packs and components with Node for the Pulumi engine, speaking the protocol that
// github.com/pulumi/pulumi/sdk/v3 publishes. It does what this project needs of one and no more:
// no code generation, no debugger, no package manager but npm.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// engineCheckInterval is how often the host looks whether the engine that started it still lives.
const engineCheckInterval = 5 * time.Second

func main() {
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-language-nodejs (stand-in): %v\n", err)
		os.Exit(1)
	}
}

// serve answers the engine until it goes away. The engine's address is the last argument; logging
// flags may come before it.
func serve(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("the engine's address is missing: this program is started by the Pulumi engine")
	}
	engine := args[len(args)-1]

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := rpcutil.Healthcheck(ctx, engine, engineCheckInterval, stop); err != nil {
		return fmt.Errorf("reach the engine at %s: %w", engine, err)
	}

	cancel := make(chan bool)
	go func() {
		<-ctx.Done()
		close(cancel)
	}()
	server, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(srv *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(srv, newHost(ctx, engine))
			return nil
		},
		Options: rpcutil.OpenTracingServerInterceptorOptions(nil),
	})
	if err != nil {
		return fmt.Errorf("listen for the engine: %w", err)
	}
	fmt.Printf("%d\n", server.Port)
	return <-server.Done
}
