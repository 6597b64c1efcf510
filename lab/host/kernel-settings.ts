/** The kernel settings that a kubelet insists on: a machine has copies of them, since the host's are everybody's. */

/**
 * Below `/proc/sys`. Source: kubernetes `pkg/kubelet/cm/container_manager_linux.go` (setupKernelTunables).
 */
export const kernelSettings = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];

/**
 * What a machine's files of sysctl.d say of these settings, as systemd-sysctl would apply them: files by name, the last
 * one wins. Other settings are the host's and stay as they are.
 */
export function settingsIn(
  files: readonly { readonly path: string; readonly content: Buffer }[],
): ReadonlyMap<string, string> {
  const lines = files
    .filter(({ path }) => /^\/etc\/sysctl\.d\/[^/]+\.conf$/.test(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .flatMap(({ content }) => content.toString("utf8").split("\n"));
  const settings = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = /^\s*([^#;=\s]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    const path = name.replaceAll(".", "/");
    if (kernelSettings.includes(path)) settings.set(path, value);
  }
  return settings;
}
