/** Rows of the serving side: a kubelet called for logs by one apiserver. */

import { stringify } from "yaml";
import { type KubeletSetUp, startOf } from "../../../lab/conformance/facts.ts";
import { judge } from "../../../trust/judge/judge.ts";
import type { FileContent, NodeAddress, ServingRequest } from "../../../trust/words/facts.ts";
import { masterClient } from "../../support/certificates.ts";
import {
  type Authorities,
  need,
  observedAt,
  type Pair,
  selfSignedPair,
  servedPair,
} from "./authorities.ts";
import {
  apiServer,
  hostOf,
  observed,
  pairOf,
  type Said,
  said,
  startSaid,
  textFile,
} from "./harness.ts";
import type { ServedCertificate, ServingKubelet, ServingRow } from "./rows.ts";

type Prepared = {
  readonly row: ServingKubelet;
  readonly kubelet: KubeletSetUp;
  /** kubelet.crt, and its parts, of a kubelet that signed itself. */
  readonly selfSigned?: Pair & { readonly issuerPem: string };
  readonly ownPem?: string;
};

/** Judges rows one by one. */
export type ServingCase = (row: ServingRow) => Said;

/** Prepares every kubelet once. */
export async function servingCases(
  kubelets: readonly ServingKubelet[],
  authorities: Authorities,
): Promise<ServingCase> {
  const prepared = new Map<string, Prepared>();
  for (const kubelet of kubelets) {
    prepared.set(kubelet.node, await prepare(kubelet, authorities));
  }
  const client = await masterClient(authorities.cluster);
  const bundles = new Map<string, string>();
  const controllerManager = signer(authorities);
  return (row) => {
    const { kubelet } = need(prepared.get(row.kubelet), row.kubelet);
    if (row.probe === "start") {
      const apiServers = [apiServer([], new Map())];
      return startSaid(startOf("kubelet", { ...observed, kubelet, apiServers }));
    }
    const words = row.kubeletCertificateAuthority;
    const bundle = bundles.get(words) ?? bundleOf(words, [...prepared.values()], authorities);
    bundles.set(words, bundle);
    const contents = new Map([
      ["/lab/pki/client.crt", textFile(client.certPem)],
      ["/lab/pki/client.key", textFile(client.keyPem)],
      ["/lab/pki/bundle.crt", textFile(bundle)],
    ]);
    const types = row.kubeletPreferredAddressTypes;
    const caller = apiServer(
      [
        "--kubelet-client-certificate=/lab/pki/client.crt",
        "--kubelet-client-key=/lab/pki/client.key",
        ...(words === "flag absent" ? [] : ["--kubelet-certificate-authority=/lab/pki/bundle.crt"]),
        ...(types === "flag absent" ? [] : [`--kubelet-preferred-address-types=${types}`]),
      ],
      contents,
    );
    const sides = pairOf({ ...observed, kubelet, apiServers: [caller], controllerManager });
    const pod = { namespace: "default", name: `hello-${row.kubelet}`, container: "hello" };
    const { requests } = judge(sides.kubelet, sides.apiServer, { at: observedAt, pod });
    return said(row.probe === "log" ? requests.logs : requests.healthz);
  };
}

/** What signs the requests that are approved. */
function signer({ cluster }: Authorities) {
  const ca = "/lab/pki/ca";
  const contents = new Map([
    [`${ca}.crt`, textFile(cluster.certPem)],
    [`${ca}.key`, textFile(cluster.keyPem)],
  ]);
  return {
    host: hostOf("signer", contents),
    args: [`--cluster-signing-cert-file=${ca}.crt`, `--cluster-signing-key-file=${ca}.key`],
  };
}

async function prepare(row: ServingKubelet, authorities: Authorities): Promise<Prepared> {
  const folder = `/lab/k/${row.node}`;
  const contents = new Map<string, FileContent>([
    ["/lab/pki/ca.crt", textFile(authorities.cluster.certPem)],
    ["/lab/kubeconfig", textFile("")],
  ]);
  const served = typeof row.served === "string" ? undefined : row.served;
  const isSelf = /self-signed/.test(row.mode) && !("tlsCertFile" in row.config);
  const made = served && isSelf ? await selfSignedPair(served, authorities) : undefined;
  const pair = made ?? (await filePair(row, served, authorities));
  lay(contents, folder, row, pair, made !== undefined);
  contents.set(`${folder}/config.yaml`, textFile(configuration(row)));
  const kubelet: KubeletSetUp = {
    host: hostOf("node", contents),
    args: [
      `--config=${folder}/config.yaml`,
      "--kubeconfig=/lab/kubeconfig",
      `--cert-dir=${folder}/pki`,
      ...row.flags,
    ],
    hostName: row.host_name,
    addresses: row.node_addresses.map(address),
    unresolvable: /not resolvable/.test(row.mode) ? [row.node] : [],
    request: requestOf(row, served),
  };
  return {
    row,
    kubelet,
    ...(made && { selfSigned: { ...made, issuerPem: made.issuer.certPem } }),
    ...(/own self-signed/.test(row.mode) && { ownPem: pair.leaf.certPem }),
  };
}

function address(text: string): NodeAddress {
  const [type, value = ""] = text.split("=");
  return { type: type as NodeAddress["type"], address: value };
}

/** The pair in the files that the configuration names; where nothing was served, a plain good one. */
async function filePair(
  row: ServingKubelet,
  served: ServedCertificate | undefined,
  authorities: Authorities,
): Promise<Pair> {
  const expired = /expired/.test(row.mode) ? "2026-11-21T00:00:00Z" : "2027-11-24T00:00:00Z";
  const plain: ServedCertificate = {
    subject: `CN=system:node:${row.node},O=system:nodes`,
    issuer: /intermediate/.test(row.mode) ? "CN=kubelet-intermediate" : "CN=kubernetes",
    san: [`DNS:${row.node}`, `IP:${row.ip}`],
    notAfter: expired,
    key: "RSAPublicKey2048",
  };
  const pair = await servedPair(row, served ?? plain, authorities);
  return /key does not match|mismatch/.test(row.mode)
    ? { ...pair, keyFile: authorities.cluster.keyPem }
    : pair;
}

/** Lays a kubelet's files out as the words say. */
function lay(
  contents: Map<string, FileContent>,
  folder: string,
  row: ServingKubelet,
  pair: Pair,
  isSelf: boolean,
): void {
  const put = (path: string, text: string, name: string) => {
    if (
      new RegExp(`${name} points to a missing file|no ${path.split("/").at(-1)}`).test(row.mode)
    ) {
      return;
    }
    const empty = new RegExp(`${name} is an empty file`).test(row.mode);
    contents.set(path, textFile(empty ? "" : text));
  };
  const { tlsCertFile, tlsPrivateKeyFile } = row.config;
  if (typeof tlsCertFile === "string") {
    put(absolute(tlsCertFile), pair.certificateFile, "tlsCertFile");
  }
  if (typeof tlsPrivateKeyFile === "string") {
    put(absolute(tlsPrivateKeyFile), pair.keyFile, "tlsPrivateKeyFile");
  }
  if (isSelf || /cert-dir holds/.test(row.mode)) {
    put(`${folder}/pki/kubelet.crt`, pair.certificateFile, "kubelet.crt");
    put(`${folder}/pki/kubelet.key`, pair.keyFile, "kubelet.key");
  }
}

function absolute(path: string): string {
  return path.startsWith("/") ? path : `/lab/k/${path}`;
}

function configuration(row: ServingKubelet): string {
  const paths = Object.fromEntries(
    ["tlsCertFile", "tlsPrivateKeyFile"].flatMap((field) => {
      const path = row.config[field];
      return typeof path === "string" ? [[field, absolute(path)]] : [];
    }),
  );
  return stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    failCgroupV1: false,
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    authentication: { x509: { clientCAFile: "/lab/pki/ca.crt" } },
    ...row.config,
    ...paths,
  });
}

function requestOf(
  { mode }: ServingKubelet,
  served: ServedCertificate | undefined,
): ServingRequest["state"] {
  if (/denied/.test(mode)) return "denied";
  if (/no signer|never issued/.test(mode)) return "neverIssued";
  return served && /CSR approved/.test(mode) ? "issued" : "pending";
}

/** The bundle of `--kubelet-certificate-authority`, put together by its words. */
function bundleOf(words: string, kubelets: readonly Prepared[], authorities: Authorities): string {
  const collected = kubelets.filter(
    ({ row, selfSigned }) => selfSigned && !/NOT in the bundles/.test(row.mode),
  );
  const whole = collected.map(({ selfSigned }) => selfSigned?.certificateFile ?? "").join("");
  const parts: Readonly<Record<string, () => string>> = {
    "flag absent": () => "",
    "empty file": () => "",
    "cluster CA": () => authorities.cluster.certPem,
    "unrelated CA": () => authorities.unrelated.certPem,
    "intermediate only": () => authorities.intermediate.certPem,
    "the two other CAs": () => authorities.other.certPem + authorities.sameName.certPem,
    "the own self-signed certificates": () => kubelets.map(({ ownPem }) => ownPem ?? "").join(""),
    "kubelets' kubelet.crt as written (leaf + -ca issuer)": () => whole,
    "only the '-ca' issuer part of each kubelet.crt": () =>
      collected.map(({ selfSigned }) => selfSigned?.issuerPem ?? "").join(""),
    "only the leaf part of each kubelet.crt": () =>
      collected.map(({ selfSigned }) => selfSigned?.leaf.certPem ?? "").join(""),
    "only the leaf of each kubelet.crt": () =>
      collected.map(({ selfSigned }) => selfSigned?.leaf.certPem ?? "").join(""),
    "kubelet.crt files": () => whole,
    "other CA": () => authorities.other.certPem,
    "another CA of the same subject": () => authorities.sameName.certPem,
    "the two other CAs and the cluster CA": () =>
      authorities.other.certPem + authorities.sameName.certPem + authorities.cluster.certPem,
  };
  const exact = parts[words];
  if (exact) {
    return exact();
  }
  // "A + B" holds both.
  const pieces = words.split(" + ");
  if (pieces.length > 1) {
    return pieces.map((piece) => bundleOf(piece, kubelets, authorities)).join("");
  }
  throw new Error(`nothing is known by the words ${JSON.stringify(words)}`);
}
