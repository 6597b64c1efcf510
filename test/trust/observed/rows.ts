/** Rows of recorded observations, as they lie in a folder of JSON lines. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a kubelet presented, or the error of whoever asked. */
export type ServedCertificate = {
  readonly subject: string;
  readonly issuer: string;
  readonly san: readonly string[];
  readonly notAfter: string;
  readonly key: string;
};

export type ServingKubelet = {
  readonly node: string;
  readonly ip: string;
  readonly mode: string;
  readonly host_name: string;
  readonly flags: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
  readonly served: ServedCertificate | string;
  readonly node_addresses: readonly string[];
};

type Answer = {
  readonly id: string;
  readonly probe: string;
  readonly outcome: "works" | "fails";
  readonly httpStatus?: number | null;
  readonly message: string;
  readonly notes: string;
};

export type ServingRow = Answer & {
  readonly kubelet: string;
  readonly kubeletCertificateAuthority: string;
  readonly kubeletPreferredAddressTypes: string;
};

export type ClientKubelet = {
  readonly node: string;
  readonly ip: string;
  readonly clientCAFile: string;
  readonly anonymous: boolean;
  readonly webhook_authn: boolean;
  readonly authorization: string;
};

export type ClientRow = Answer & {
  readonly kubelet: ClientKubelet;
  readonly kubeletClientCertificate: string | null;
};

export type StartupKubelet = {
  readonly flags: readonly string[];
  readonly config: Readonly<Record<string, unknown>> | null;
  readonly config_flag: boolean;
  readonly kubeconfig: boolean;
};

export type StartupRow = Answer & {
  readonly kubelet: StartupKubelet | { readonly node: string; readonly mode: string } | null;
  readonly apiserver: {
    readonly flags: readonly string[];
    readonly client: string | null;
  } | null;
};

/** Reads the rows of one file; a folder may lack a file. */
export function readRows<Row>(folder: string, name: string): Row[] {
  const path = join(folder, `${name}.jsonl`);
  if (!existsSync(path)) {
    return [];
  }
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Row);
}
