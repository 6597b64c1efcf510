/**
 * What the kube-apiservers of the serving matrix are told about kubelet serving certificates.
 */
import type { Authorities } from "./world.ts";

export type Stance = {
  readonly name: string;
  readonly says: string;
  /** Content of the `--kubelet-certificate-authority` file; undefined leaves the flag out. */
  readonly bundle: ((authorities: Authorities, collected: readonly string[]) => string) | undefined;
};

/** The first certificate of a kubelet.crt, which holds the leaf and then its issuer. */
function leafOf(pem: string): string {
  return `${pem.slice(0, pem.indexOf("-----END CERTIFICATE-----"))}-----END CERTIFICATE-----\n`;
}

export const stances: readonly Stance[] = [
  { name: "skip", says: "flag absent", bundle: undefined },
  { name: "verify", says: "cluster CA", bundle: ({ cluster }) => cluster.certPem },
  {
    name: "collected",
    says: "the kubelets' kubelet.crt as written",
    bundle: (_, collected) => collected.join(""),
  },
  {
    name: "leaves",
    says: "the first certificate of each kubelet.crt",
    bundle: (_, collected) => collected.map(leafOf).join(""),
  },
  {
    name: "verify-and-collected",
    says: "cluster CA and the kubelets' kubelet.crt",
    bundle: ({ cluster }, collected) => cluster.certPem + collected.join(""),
  },
  { name: "other", says: "an unrelated CA", bundle: ({ other }) => other.certPem },
  {
    name: "intermediate",
    says: "the intermediate alone",
    bundle: ({ intermediate }) => intermediate.certPem,
  },
  { name: "empty", says: "an empty file", bundle: () => "" },
];

export type AddressTypes = { readonly name: string; readonly flag: string | undefined };

export const addressTypes: readonly AddressTypes[] = [
  { name: "default", flag: undefined },
  { name: "hostname", flag: "Hostname" },
  { name: "kubeadm", flag: "InternalIP,ExternalIP,Hostname" },
];
