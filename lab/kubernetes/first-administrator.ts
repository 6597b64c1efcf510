/**
 * Who may apply the first manifests of a new cluster: the rights of `admin.conf` come from a binding that is one of
 * them, so that it takes somebody of group `system:masters`, whom no RBAC limits.
 * Source: kubernetes `cmd/kubeadm/app/phases/kubeconfig` (EnsureAdminClusterRoleBinding).
 */
import { X509Certificate } from "node:crypto";
import { parse, stringify } from "yaml";
import { Failure } from "../../toolchain/fail.mjs";
import { paths } from "../../trust/contract.ts";
import { labFolderOnMachine, type MachineFile } from "../host/machine.ts";
import { authorityOf } from "../x509/authority.ts";
import { issue } from "../x509/issue.ts";
import { readKubeconfig } from "./api.ts";
import { fileText, type Machine, type RenderedStack } from "./rendered.ts";

const masters = "system:masters";

/** A file of the machine's own, or what makes the lab's. */
type Administrator =
  | { readonly kubeconfig: string }
  | {
      readonly model: string;
      readonly caPem: string;
      readonly chainPem: string;
      readonly key: string;
    };

/**
 * Refuses a stack whose manifests nobody could apply to a new cluster, as each of the lab's is.
 *
 * @throws {Failure} in one line with the remedy.
 */
export function refuseWithoutAdministrator({ machines }: RenderedStack): void {
  const [first] = machines;
  if (first !== undefined) administratorOf(first);
}

/**
 * A kubeconfig on a control plane that may apply the first manifests. Where the stack has none left, the lab issues one
 * for an hour with the control plane's CA, since its etcd is new with each boot, and a cluster's is not.
 *
 * @returns its path on the machine, and the file where it is the lab's own
 * @throws {Failure} where there is neither.
 */
export async function firstAdministrator(
  machine: Machine,
): Promise<{ readonly path: string; readonly file?: MachineFile }> {
  const administrator = administratorOf(machine);
  if ("kubeconfig" in administrator) return { path: administrator.kubeconfig };
  const { model, caPem, chainPem, key } = administrator;
  const client = await issue({
    subject: `CN=kubelet-trust-lab, O=${masters}`,
    issuer: await authorityOf(caPem, key),
    usages: ["clientAuth"],
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
  });
  const path = `${labFolderOnMachine}/administrator.conf`;
  const content = Buffer.from(kubeconfigLike(model, `${client.certPem}${chainPem}`, client.keyPem));
  return { path, file: { path, mode: 0o600, content } };
}

function administratorOf(machine: Machine): Administrator {
  if (fileText(machine, paths.superAdminConf) !== undefined) {
    return { kubeconfig: paths.superAdminConf };
  }
  const model = fileText(machine, paths.adminConf);
  if (model !== undefined && isMaster(model)) return { kubeconfig: paths.adminConf };
  const key = fileText(machine, paths.caKey);
  const issuing = fileText(machine, paths.issuingCa);
  const caPem = issuing ?? fileText(machine, paths.ca);
  if (model !== undefined && key !== undefined && caPem !== undefined) {
    return { model, caPem, chainPem: issuing ?? "", key };
  }
  throw new Failure(
    `${machine.name} has neither ${paths.superAdminConf} nor ${paths.caKey}, and nobody else may apply the first ` +
      "manifests of a new cluster: set kubelet-trust:superAdminHours to 1 or more, run `npm start`, and boot again.",
  );
}

function isMaster(kubeconfig: string): boolean {
  const { cert } = readKubeconfig(kubeconfig);
  if (!cert) return false;
  return new X509Certificate(cert).subject.split("\n").includes(`O=${masters}`);
}

function kubeconfigLike(model: string, certPem: string, keyPem: string): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const config = parse(model) as { users: { user: Record<string, string> }[] };
  for (const one of config.users) {
    one.user = {
      "client-certificate-data": base64(certPem),
      "client-key-data": base64(keyPem),
    };
  }
  return stringify(config);
}
