/**
 * The certificates that kubelets signed for themselves outlive a restart of the lab, as they do on a machine with a
 * disk: otherwise nobody could collect them for stance `trustSelfSigned`. A kubelet reuses what it finds.
 * Source: kubernetes `cmd/kubelet/app/server.go` (InitializeTLS).
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Lab } from "./identity.ts";
import type { MachineFile } from "./machine.ts";

const folder = "/var/lib/kubelet/pki";
const names = ["kubelet.crt", "kubelet.key"];

/** By machine. */
export type KeptCertificates = ReadonlyMap<string, readonly MachineFile[]>;

/** Where the kubelet of a machine keeps the certificate that it signed for itself, on the host. */
export function selfSignedCertificatePath(lab: Lab, machine: string): string {
  return path.join(lab.folder, "machines", machine, folder, "kubelet.crt");
}

/** What the kubelets of a lab have signed; to be read before the lab is removed. */
export function readCertificates(lab: Lab): KeptCertificates {
  const machines = path.join(lab.folder, "machines");
  if (!fs.existsSync(machines)) return keptIn(path.join(lab.folder, "kept"), "");
  return keptIn(machines, folder);
}

/** Puts them into a new lab's folder, from where {@link keptFiles} finds them. */
export function keepCertificates(lab: Lab, certificates: KeptCertificates): void {
  for (const [machine, files] of certificates) {
    const target = path.join(lab.folder, "kept", machine);
    fs.mkdirSync(target, { recursive: true, mode: 0o700 });
    for (const { path: file, content } of files) {
      fs.writeFileSync(path.join(target, path.basename(file)), content, { mode: 0o600 });
    }
  }
}

/** The files that a machine of a new lab begins with; none unless the pair is whole. */
export function keptFiles(lab: Lab, machine: string): readonly MachineFile[] {
  return keptIn(path.join(lab.folder, "kept"), "").get(machine) ?? [];
}

function keptIn(root: string, below: string): KeptCertificates {
  if (!fs.existsSync(root)) return new Map();
  const pairs = fs.readdirSync(root).map((machine) => {
    const files = names
      .map((name) => path.join(root, machine, below, name))
      .filter((file) => fs.existsSync(file))
      .map((file) => ({
        path: path.posix.join(folder, path.basename(file)),
        mode: file.endsWith(".key") ? 0o600 : 0o644,
        content: fs.readFileSync(file),
      }));
    return [machine, files.length === names.length ? files : []] as const;
  });
  return new Map(pairs);
}
