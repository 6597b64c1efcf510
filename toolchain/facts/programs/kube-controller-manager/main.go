// Command kube-controller-manager prints the flags and the gates of the one it is linked with.
package main

import (
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	// Its flags are added where the format is registered, as the program itself does.
	_ "k8s.io/component-base/logs/json/register"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app"

	"kubelet-trust/facts/programs/dump"
)

func main() {
	command := app.NewControllerManagerCommand()
	command.InitDefaultHelpFlag()
	command.InitDefaultVersionFlag()
	dump.Write(map[string]any{
		"flags": dump.Flags(command.Flags()),
		"gates": dump.Gates(utilfeature.DefaultMutableFeatureGate),
	})
}
