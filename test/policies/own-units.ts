/** A control plane, and as many machines as a test wants, each with a unit of its own. */
import { configMap, resource } from "./fake.ts";
import { apiServerPod, kubeletConfiguration } from "./stacks/parts.ts";

/** A machine with its own unit, as a stack that renders each node by itself has it. */
export function node(index: number, flag: string) {
  const name = `worker-${String(index).padStart(5, "0")}`;
  const data = {
    "files.json": JSON.stringify([
      { path: "/etc/systemd/system/kubelet.service", mode: "0644", key: "unit" },
      { path: "/var/lib/kubelet/config.yaml", mode: "0644", key: "config" },
    ]),
    unit: `[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml --hostname-override=${name} --kubeconfig=/etc/kubernetes/kubelet.conf ${flag}\n`,
    config: kubeletConfiguration("bootstrap"),
  };
  return resource("kubernetes:core/v1:Secret", name, {
    metadata: {
      name,
      namespace: "kube-system",
      labels: { "kubelet-trust/machine": name },
      annotations: {
        "kubelet-trust/addresses": `InternalIP=10.${index >> 16}.${(index >> 8) & 255}.${index & 255},Hostname=${name}`,
      },
    },
    type: "kubelet-trust/host-files",
    stringData: data,
  });
}

export const controlPlane = configMap("control-plane", {
  "kube-apiserver.yaml": apiServerPod("verify"),
});
