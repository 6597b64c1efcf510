/**
 * A machine's files as an Ignition configuration.
 * Source: coreos/ignition `docs/configuration-v3_4.md`.
 */
import { type CarriedFile, services } from "./machine.ts";

/**
 * An Ignition configuration of specification 3.4.0, JSON: writes every file and enables the services. The kubelet's unit
 * is a file like the others: Ignition would write one of its own with mode 0644.
 */
export function ignitionConfig(files: readonly CarriedFile[]): string {
  const config = {
    ignition: { version: "3.4.0" },
    storage: {
      files: files.map(({ path, mode, owner, content }) => {
        const [user = "root", group = "root"] = owner.split(":");
        return {
          path,
          mode: Number.parseInt(mode, 8),
          user: { name: user },
          group: { name: group },
          overwrite: true,
          contents: { source: `data:;base64,${Buffer.from(content).toString("base64")}` },
        };
      }),
    },
    systemd: { units: services.map((name) => ({ name, enabled: true })) },
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
