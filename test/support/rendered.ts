/** What a program renders, without an engine: its objects as the Kubernetes provider writes them, one a file. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Issued, issue } from "../../lab/x509/issue.ts";
import {
  certificateOf,
  type HostFilesSecret,
  hostFilesSecretType,
  keyOf,
  paths,
  readHostFilesSecret,
  writeHostFiles,
} from "../../trust/contract.ts";
import { type Registered, register } from "../components/mocks.ts";

/** Objects for a cluster, and machines' files as Secrets. */
export type Rendered = {
  readonly cluster: readonly Registered[];
  readonly machines: readonly Registered[];
};

/**
 * What a program renders, with certificates of a CA in place of the mocks' stand-ins.
 *
 * @param known properties of resources by their type, which something else makes
 */
export async function rendered(
  program: () => unknown,
  ca: Issued,
  known: Parameters<typeof register>[1] = {},
): Promise<Rendered> {
  const registered = await register(program, known);
  const objects = registered.filter(({ type }) => type.startsWith("kubernetes:"));
  const isMachine = ({ inputs }: Registered) => inputs.type === hostFilesSecretType;
  const client = await issue({
    subject: "CN=kube-apiserver-kubelet-client",
    issuer: ca,
    usages: ["clientAuth"],
  });
  const machines: Registered[] = [];
  for (const one of objects.filter(isMachine)) {
    const read = readHostFilesSecret(one.inputs);
    if (typeof read === "string") throw new Error(read);
    const issued = await issuedFor(read, ca, client);
    const files = read.files.map(({ path, mode, content }) => ({
      path,
      mode,
      content: issued[path] ?? content.toString(),
    }));
    const { stringData: _, ...inputs } = one.inputs;
    machines.push({ ...one, inputs: { ...inputs, data: inBase64(writeHostFiles(files)) } });
  }
  return { cluster: objects.filter((one) => !isMachine(one)), machines };
}

async function issuedFor(
  { machine, addresses }: HostFilesSecret,
  ca: Issued,
  client: Issued,
): Promise<Readonly<Record<string, string>>> {
  const serving = await issue({
    subject: `O=system:nodes, CN=system:node:${machine}`,
    issuer: ca,
    dnsNames: [machine],
    ipAddresses: addresses.filter(({ type }) => /IP$/.test(type)).map(({ address }) => address),
    usages: ["serverAuth"],
  });
  return {
    [paths.ca]: ca.certPem,
    [paths.caKey]: ca.keyPem,
    [paths.issuingCa]: ca.certPem,
    [certificateOf(paths.kubeletServing)]: serving.certPem,
    [keyOf(paths.kubeletServing)]: serving.keyPem,
    [certificateOf(paths.apiserverKubeletClient)]: client.certPem,
    [keyOf(paths.apiserverKubeletClient)]: client.keyPem,
  };
}

/** Texts as the data of a Secret has them. */
export function inBase64(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
  );
}

/** An object as a manifest has it. */
export function manifestOf({ type, inputs }: Registered): Record<string, unknown> {
  const [, group = "", kind = ""] = type.split(":");
  return { apiVersion: group.replace(/^core\//, ""), kind, ...inputs };
}

/** Writes the folder as the Kubernetes provider does. */
export function writeRendered(folder: string, stack: Rendered): void {
  for (const [part, objects] of Object.entries(stack)) {
    const below = join(folder, part, "1-manifest");
    mkdirSync(below, { recursive: true });
    for (const object of objects) {
      const { kind, metadata } = manifestOf(object) as { kind: string; metadata: { name: string } };
      const file = join(below, `${kind}-${metadata.name.replace(/\W/g, "-")}.yaml`);
      writeFileSync(file, JSON.stringify(manifestOf(object), undefined, 1));
    }
  }
}
