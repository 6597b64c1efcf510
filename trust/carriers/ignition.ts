/**
 * A machine's files as an Ignition configuration.
 * Source: coreos/ignition `docs/configuration-v3_4.md`.
 */
import { paths } from "../contract.ts";
import { type CarriedFile, services } from "./machine.ts";

/** An Ignition configuration of specification 3.4.0, JSON: writes every file and enables the services. */
export function ignitionConfig(files: readonly CarriedFile[]): string {
  const isUnit = ({ path }: CarriedFile) => path === paths.kubeletUnit;
  const unit = files.find(isUnit);
  const config = {
    ignition: { version: "3.4.0" },
    storage: {
      files: files
        .filter((file) => !isUnit(file))
        .map(({ path, mode, owner, content }) => {
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
    systemd: {
      units: services.map((name) => ({
        name,
        enabled: true,
        ...(unit !== undefined && paths.kubeletUnit.endsWith(`/${name}`)
          ? { contents: unit.content }
          : {}),
      })),
    },
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
