import type * as pulumi from "@pulumi/pulumi";
import { paths } from "../../trust/contract.ts";
import { type HardeningArgs, hardeningOf } from "../model/hardening.ts";
import { type Machine, nodeIp } from "../model/machines.ts";
import { deriveFromWords, flagWord, type Word } from "./words.ts";

/**
 * The kubelet's flags on a machine: only what a KubeletConfiguration cannot say. All of them exist in every
 * supported version.
 * Source: kubernetes `cmd/kubelet/app/options/options.go`.
 */
export function kubeletFlags(machine: Machine): Word[] {
  const ip = nodeIp(machine);
  return [
    `--config=${paths.kubeletConfiguration}`,
    `--hostname-override=${machine.name}`,
    `--kubeconfig=${paths.kubeletConf}`,
    ...(ip === undefined ? [] : [flagWord("node-ip", ip)]),
  ];
}

/**
 * The systemd unit that runs the kubelet on a machine. With `protectKernelDefaults` it applies the kernel settings
 * first: whoever carried the file there may have done so after systemd read its folder.
 */
export function kubeletUnit(
  machine: Machine,
  hardening: HardeningArgs = {},
): string | pulumi.Output<string> {
  const applied = hardeningOf(hardening).protectKernelDefaults
    ? `ExecStartPre=-/usr/lib/systemd/systemd-sysctl ${paths.kernelSettings}\n`
    : "";
  const unit = (flags: readonly string[]) => `[Unit]
Description=kubelet, the Kubernetes node agent
Documentation=https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/
Wants=network-online.target
After=network-online.target containerd.service

[Service]
${applied}ExecStart=/usr/bin/kubelet ${flags.join(" ")}
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
`;
  return deriveFromWords(kubeletFlags(machine), unit);
}
